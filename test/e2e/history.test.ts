// The history of a key in a real cluster, against what its writers were told when they wrote: of running nodes, of stopped ones, and from backups once the
// logs were compacted.

import { join } from "node:path";
import { expect, test } from "vitest";
import type { HistoryDocument } from "../../src/cli/history/history-view.ts";
import type { TestCluster } from "./support/cluster.ts";
import { fast, smallLog } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

interface Told {
  readonly index: number;
  readonly effect: "written" | "deleted";
  readonly version: number;
  /** undefined: it is gone. */
  readonly value: string | undefined;
}

const key = "app/mode";
const bystander = "app/other";

class Writers {
  readonly told: Told[] = [];
  readonly #cluster: TestCluster;
  #count = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** Each round of ten writes it, compares and sets it, fails to, deletes it and deletes a range over it, among writes of another key. */
  async write(rounds: number): Promise<void> {
    const { kv } = this.#cluster.client();
    for (const end = this.#count + rounds * 10; this.#count < end; this.#count += 1) {
      const value = `value ${this.#count}`;
      await kv.put(bystander, value);
      const last = this.told.at(-1)?.version ?? 0;
      if (this.#count % 10 === 5) await expect(kv.put(key, value, { condition: { kind: "version", version: last + 3 } })).rejects.toMatchObject({ code: "CONFLICT" });
      else if (this.#count % 10 === 7) this.told.push({ ...(await kv.delete(key)), effect: "deleted", version: 0, value: undefined });
      else if (this.#count % 20 === 19) this.told.push({ ...(await kv.deletePrefix("app/")), effect: "deleted", version: 0, value: undefined });
      else this.told.push({ ...(await kv.put(key, value, { condition: { kind: "version", version: last } })), effect: "written", version: last + 1, value });
    }
  }

  upTo(index: number): Told[] {
    return this.told.filter((told) => told.index <= index);
  }

  at(index: number): string | undefined {
    return this.upTo(index).at(-1)?.value;
  }
}

async function history(cluster: TestCluster, words: readonly string[]): Promise<HistoryDocument> {
  const { exit, json, stdout } = await cluster.raftctl(["history", key, "--values", ...words, "--json"]);
  expect(exit, stdout).toBe(0);
  return json!.result as unknown as HistoryDocument;
}

/** What took effect, as the writers were told it. */
function effective({ events }: HistoryDocument): unknown {
  return events.filter(({ effect }) => effect === "written" || effect === "deleted")
    .map(({ index, effect, version, command }) => ({ index: Number(index), effect, version: Number(version), value: effect === "written" ? command.value!.value : undefined }));
}

function plain(told: readonly Told[]): unknown {
  return told.map(({ index, effect, version, value }) => ({ index, effect, version, value }));
}

test("every version of a key is told by any node, running or stopped, and by backups once the logs are compacted (N12)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const writers = new Writers(cluster);
  await writers.write(4);
  await cluster.waitForAgreement();

  for (const node of cluster.nodes) {
    const found = await history(cluster, ["--endpoint", node.endpoint]);
    expect(effective(found), node.name).toEqual(plain(writers.told));
    expect([found.unknown, found.events.filter(({ effect }) => effect === "refused").length]).toEqual([[], 4]);
  }

  // A stopped node knows what it knew; together with one that runs, everything.
  const [first, second, third] = cluster.nodes as [typeof cluster.nodes[0] & object, typeof cluster.nodes[0] & object, typeof cluster.nodes[0] & object];
  await third.kill9();
  await writers.write(2);
  const stopped = await history(cluster, ["--data-dir", third.dataDir]);
  expect(effective(stopped)).toEqual(plain(writers.upTo(Number(stopped.committedTo))));
  expect(Number(stopped.committedTo)).toBeGreaterThan(60);
  const together = await history(cluster, ["--data-dir", third.dataDir, "--node", second.name, "--endpoint", first.endpoint]);
  expect([effective(together), together.unknown]).toEqual([plain(writers.told), []]);

  // Backups between compactions: each log holds only what came later.
  const backups: string[] = [];
  for (const name of ["monday", "tuesday"]) {
    const file = join(cluster.home, `${name}.raftbak`);
    expect((await cluster.raftctl(["snapshot", "--output", file, "--endpoint", first.endpoint])).exit).toBe(0);
    backups.push("--from", file);
    await writers.write(1);
    for (const node of [first, second]) expect((await cluster.raftctl(["snapshot", "--compact", "--endpoint", node.endpoint])).exit).toBe(0);
    await writers.write(1);
  }
  const compacted = await history(cluster, ["--endpoint", first.endpoint]);
  const from = Number(compacted.unknown.at(-1)!.last);
  expect(effective(compacted)).toEqual(plain(writers.told.filter(({ index }) => index > from)));
  const chained = await history(cluster, ["--endpoint", first.endpoint, ...backups]);
  expect(chained.unknown.length).toBeGreaterThan(1);
  const all = plain(writers.told) as unknown[];
  for (const event of effective(chained) as unknown[]) expect(all).toContainEqual(event);
  const whole = await history(cluster, ["--endpoint", first.endpoint, "--data-dir", third.dataDir, "--node", first.name, ...backups]);
  expect((effective(whole) as unknown[]).length).toBeGreaterThan((effective(chained) as unknown[]).length);
  for (const event of effective(whole) as unknown[]) expect(all).toContainEqual(event);

  // One moment of each kind of source, and of none.
  const moments: [number, string[]][] = [[writers.told[5]!.index, ["--data-dir", third.dataDir]], [writers.told.at(-2)!.index, ["--endpoint", first.endpoint]]];
  for (const [index, words] of moments) {
    const { exit, stdout } = await cluster.raftctl(["get", key, "--at", String(index), ...words]);
    const value = writers.at(index);
    expect([exit, stdout]).toEqual(value === undefined ? [4, ""] : [0, value]);
  }
  expect((await cluster.raftctl(["get", key, "--at", "3", "--endpoint", first.endpoint])).exit).toBe(2);
});

test("while logs are written and compacted, what is told is true, of nodes and of directories beside them (N12)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: smallLog });
  const told: Told[] = [];
  let isWriting = true;
  const writing = (async () => {
    const { kv } = cluster.client();
    for (let count = 0; isWriting; count += 1) {
      const { index, result } = await kv.put(key, `value ${count}`);
      told.push({ index, effect: "written", version: result!.version, value: `value ${count}` });
      await Promise.all(Array.from({ length: 4 }, (_, place) => kv.put(`load/${place}`, "x".repeat(8_000))));
    }
  })();
  const found: HistoryDocument[] = [];
  try {
    for (let round = 0; round < 6; round += 1) {
      const node = cluster.nodes[round % 3]!;
      found.push(await history(cluster, round % 2 === 0 ? ["--endpoint", node.endpoint] : ["--data-dir", node.dataDir]));
    }
  } finally {
    isWriting = false;
    await writing;
  }
  const byIndex = new Map(told.map((one) => [one.index, one]));
  const seen = found.map(({ events }) => events.filter(({ effect }) => effect !== "pending"));
  // Right behind a compaction the log may hold nothing but the other keys.
  expect(seen.filter((events) => events.length > 0).length).toBeGreaterThanOrEqual(3);
  for (const events of seen) {
    for (const event of events) {
      const { effect, version, value } = byIndex.get(Number(event.index))!;
      expect([event.effect, event.version, event.command.value!.value]).toEqual([effect, String(version), value]);
    }
  }
  expect(Number(found.at(-1)!.unknown.at(-1)?.last ?? 0)).toBeGreaterThan(1);
});
