// A state that is large: a backup of it costs the daemon a few pieces of memory, and who gets it over a bad link gets each part once. RAFTCTL_STATE_MIB
// says how large; what depends on the machine (how long writes wait meanwhile) is asserted only from a gibibyte on, where it can be told from noise.

import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { nodeBehindProxy } from "./support/behind-proxy.ts";
import type { TestCluster } from "./support/cluster.ts";
import type { DaemonProcess } from "./support/daemon-process.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

const mebibyte = 1024 * 1024;
const stateMiB = Number(process.env["RAFTCTL_STATE_MIB"] ?? 64);
const valueBytes = 256 * 1024;
/** As shipped, but for a log that is cut early: a disk that writes hundreds of megabytes may be late. */
const settings = { wal: { segmentBytes: "8MiB" }, compaction: { logBytes: "4MiB", trailingEntries: 10, trailingBytes: "1MiB" } };
const timeout = 240_000 + stateMiB * 1_000;

async function fill(cluster: TestCluster): Promise<void> {
  const client = cluster.client({ timeoutMs: 30_000 });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next * valueBytes < stateMiB * mebibyte) {
      const number = next++;
      await client.kv.put(`large/${number}`, String(number).padEnd(valueBytes, "x"));
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** What the process has allocated, without the files that it has mapped. */
async function anonymousBytes(node: DaemonProcess): Promise<number> {
  const status = await readFile(`/proc/${node.pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** Writes until the work is done; answers the time of each write, ms. */
async function writeWhile(client: Client, work: Promise<unknown>): Promise<number[]> {
  let done = false;
  const ended = work.finally(() => (done = true));
  const times: number[] = [];
  while (!done || times.length < 200) {
    const began = performance.now();
    await client.kv.put(`small/${times.length % 100}`, "v");
    times.push(performance.now() - began);
  }
  await ended;
  return times;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)]!;
}

test(`a backup of ${stateMiB} MiB, written under writes, lets the daemon grow by less than 100 MiB (S114)`, { timeout }, async () => {
  const cluster = await startCluster({ settings });
  await fill(cluster);
  const leader = await cluster.leader();
  const client = cluster.client({ endpoints: [leader.endpoint] });
  const file = join(cluster.home, "large.raftbak");
  const before = await writeWhile(client, Promise.resolve());
  const held = await anonymousBytes(leader);
  let most = 0;
  const began = performance.now();
  let ended = false;
  const backup = cluster.raftctl(["snapshot", "--output", file, "--endpoint", leader.endpoint, "--json"]).then((printed) => {
    ended = true;
    return { printed, ms: performance.now() - began };
  });
  const watching = until("end of the backup", async () => {
    most = Math.max(most, (await anonymousBytes(leader)) - held);
    return ended ? true : undefined;
  }, { timeoutMs: timeout, everyMs: 20 });
  const during = await writeWhile(client, Promise.all([backup, watching]));
  const { printed, ms } = await backup;
  expect(printed.exit, printed.stdout).toBe(0);
  const { size } = await stat(file);
  expect(size).toBeGreaterThan(stateMiB * mebibyte);
  expect(most).toBeLessThan(100 * mebibyte);
  const [p99Before, p99During] = [percentile(before, 0.99), percentile(during, 0.99)];
  console.info(`backup of ${(size / mebibyte).toFixed(0)} MiB: ${(size / mebibyte / (ms / 1_000)).toFixed(0)} MiB/s, ${(most / mebibyte).toFixed(0)} MiB more memory, put p99 ${p99Before.toFixed(1)} ms before and ${p99During.toFixed(1)} ms meanwhile (${during.length} puts)`);
  if (stateMiB >= 1024) expect(p99During / p99Before).toBeLessThan(2);
  await rm(file);
});

test(`a member that is ${stateMiB} MiB behind gets the state over a link that is cut three times, and nothing of it twice (S114, H33)`, { timeout }, async () => {
  const cluster = await startCluster({ nodes: 1, settings });
  await fill(cluster);
  const leader = await cluster.leader();
  const takeSnapshot = async (): Promise<void> => {
    const taken = await cluster.raftctl(["snapshot", "--endpoint", leader.endpoint, "--timeout", "2m", "--json"]);
    expect(taken.exit, taken.stdout).toBe(0);
  };
  await takeSnapshot();
  const { hidden, proxy } = await nodeBehindProxy(cluster);
  proxy.delay(4);
  const joined = cluster.admit(hidden, { timeoutMs: timeout });
  const progress = async () => (await leader.region()).members.find(({ name }) => name === hidden.name)?.stateTransfer ?? undefined;
  const cuts: number[] = [];
  for (const share of [0.2, 0.45, 0.7]) {
    cuts.push(await until(`${share * 100} % of the state`, async () => {
      const transfer = await progress();
      return transfer !== undefined && transfer.sentBytes >= share * transfer.bytes ? transfer.sentBytes : undefined;
    }, { timeoutMs: timeout, everyMs: 5 }));
    proxy.cut();
    // A newer one does not make it begin anew.
    if (cuts.length === 2) await takeSnapshot();
    proxy.mend();
  }
  await joined;
  await cluster.waitForAgreement({ timeoutMs: 60_000 });
  const { completed, aborted } = (await leader.region()).stateTransfers;
  expect(completed).toBe(1);
  expect(Object.values(aborted).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3);
  expect(cuts).toEqual(cuts.toSorted((left, right) => left - right));
  expect(proxy.bytesToTarget).toBeLessThan(1.25 * stateMiB * mebibyte);
});
