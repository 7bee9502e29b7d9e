// Watches over real daemons while leaders die: every watcher is told every change of its keys, in order, none twice and none missing, also one that stands
// still in between. RAFTCTL_WATCH_SCALE=10 makes it 100,000 events, 100 watchers and 20 kills.

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import type { Client } from "../../src/client/client.ts";
import type { Watch } from "../../src/client/watch.ts";
import type { WatchEvent } from "../../src/wire/watch-events.ts";
import type { TestCluster } from "./support/cluster.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

const scale = Number(process.env["RAFTCTL_WATCH_SCALE"] ?? 1);
const eventsWanted = 10_000 * scale;
const watchersWanted = 10 * scale;
const kills = scale > 1 ? 20 : 3;
const groups = 8;
const keysPerGroup = 8;
const writers = 16;

/** Follows one prefix, and says so when what it is told does not continue what it was told before. */
class Follower {
  readonly told: string[] = [];
  readonly faults: string[] = [];
  readonly watch: Watch;
  readonly done: Promise<void>;
  readonly #versions = new Map<string, number>();
  #last = 0;
  #stand: Promise<void> = Promise.resolve();

  constructor(client: Client, prefix: string, fromIndex: number) {
    this.watch = client.watch({ prefix }, { fromIndex, progressMs: 1_000 });
    this.done = this.#run();
  }

  /** Everything below it was told. */
  nextIndex = 0;

  standStillUntil(end: Promise<void>): void {
    this.#stand = end;
  }

  async #run(): Promise<void> {
    for await (const { events, nextIndex } of this.watch.batches()) {
      for (const event of events) this.#take(event);
      this.nextIndex = nextIndex;
      await this.#stand;
    }
  }

  #take({ index, kind, key, value, version }: WatchEvent): void {
    const name = utf8Text(key)!;
    if (index <= this.#last) this.faults.push(`index ${index} behind ${this.#last}`);
    this.#last = index;
    const before = this.#versions.get(name) ?? 0;
    // Versions count the puts of a key since it was created: a change that is missing or told twice breaks the row.
    if (kind === "put" && version !== before + 1) this.faults.push(`${name} at ${index}: version ${version} behind ${before}`);
    if (kind === "delete" && before === 0) this.faults.push(`${name} at ${index}: deleted, and was not there`);
    this.#versions.set(name, kind === "put" ? version : 0);
    this.told.push(`${index} ${kind} ${name} ${utf8Text(value)} ${version}`);
  }
}

class Writers {
  acknowledged = 0;
  /** Index and key of each write that was acknowledged. */
  readonly written: { readonly index: number; readonly key: string }[] = [];
  #goesOn = true;
  readonly #done: Promise<unknown>;

  constructor(cluster: TestCluster) {
    this.#done = Promise.all(Array.from({ length: writers }, (_, number) => this.#write(cluster.client(), number)));
  }

  async end(): Promise<void> {
    this.#goesOn = false;
    await this.#done;
  }

  async #write(client: Client, number: number): Promise<void> {
    for (let round = 0; this.#goesOn && this.acknowledged < eventsWanted; round += 1) {
      const key = `g${(number + round) % groups}/k${(number * 7 + round) % keysPerGroup}`;
      const isDelete = round % 50 === 49;
      const call = isDelete ? client.kv.delete(key) : client.kv.put(key, `${number}:${round}`);
      const receipt = await call.catch(() => undefined);
      if (receipt === undefined || (isDelete && receipt.result!.deleted === 0)) continue;
      this.acknowledged += 1;
      this.written.push({ index: receipt.index, key });
    }
  }
}

async function residentMiB(cluster: TestCluster): Promise<number> {
  const statuses = await Promise.all(cluster.nodes.map((node) => readFile(`/proc/${node.pid}/status`, "utf8")));
  return Math.max(...statuses.map((status) => Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024));
}

test("through kills of the leader every watcher is told every change once and in order, also one that stood still, and none that was not made", {
  timeout: 900_000,
}, async () => {
  const cluster = await startCluster({ settings: fast });
  const start = (await cluster.client().kv.put("begin", "")).index + 1;
  const clients = cluster.nodes.map((_, number) => cluster.client({ endpoints: [...cluster.endpoints.slice(number), ...cluster.endpoints.slice(0, number)] }));
  const followers = Array.from({ length: watchersWanted }, (_, number) => new Follower(clients[number % clients.length]!, number % 5 === 4 ? "g" : `g${number % groups}/`, start));
  const resumed = Promise.withResolvers<void>();
  followers[0]!.standStillUntil(resumed.promise);
  const began = performance.now();
  const traffic = new Writers(cluster);
  let most = 0;
  for (let round = 1; round <= kills; round += 1) {
    await until("writes between kills", () => Promise.resolve(traffic.acknowledged >= (round * eventsWanted) / (kills + 1) ? true : undefined), { timeoutMs: 120_000, everyMs: 10 });
    const leader = await cluster.leader();
    most = Math.max(most, await residentMiB(cluster));
    await leader.kill9();
    await cluster.leader();
    await leader.start();
    await cluster.waitUntilFollowersKeepUp();
  }
  await until("all writes", () => Promise.resolve(traffic.acknowledged >= eventsWanted ? true : undefined), { timeoutMs: 300_000, everyMs: 10 });
  await traffic.end();
  resumed.resolve();
  const end = (await cluster.client().kv.put("end", "")).index;
  await until("watchers that were told everything", () => Promise.resolve(followers.every(({ nextIndex }) => nextIndex > end) ? true : undefined), { timeoutMs: 120_000, everyMs: 20 });
  const seconds = (performance.now() - began) / 1000;
  most = Math.max(most, await residentMiB(cluster));
  for (const { watch } of followers) watch.close();
  await Promise.all(followers.map(({ done }) => done));

  const whole = followers[4]!.told;
  process.stdout.write(`${whole.length} events to ${followers.length} watchers over ${kills} kills of the leader in ${seconds.toFixed(1)} s; a daemon had at most ${most.toFixed(0)} MiB\n`);
  expect(followers.flatMap(({ faults }) => faults)).toEqual([]);
  expect(whole.length).toBeGreaterThanOrEqual(eventsWanted);
  for (const [number, follower] of followers.entries()) {
    const prefix = number % 5 === 4 ? "g" : `g${number % groups}/`;
    expect(follower.told, `watcher ${number}`).toEqual(whole.filter((line) => line.split(" ")[2]!.startsWith(prefix)));
  }
  const told = new Set(whole.map((line) => line.split(" ").slice(0, 3).join(" ")));
  const missing = traffic.written.filter(({ index, key }) => !told.has(`${index} put ${key}`) && !told.has(`${index} delete ${key}`));
  expect(missing).toEqual([]);
});
