// Twice as many writes as the cluster can do, on schedule and without mercy: it does what it can, refuses the rest at once, and goes on being a cluster.

import { expect, onTestFinished, test } from "vitest";
import type { DaemonProcess } from "./support/daemon-process.ts";
import { OpenLoad } from "./support/open-load.ts";
import { shippedElectionTimeoutMs } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

/** Longer with RAFTCTL_OVERLOAD_SECONDS=60. */
const seconds = Number(process.env["RAFTCTL_OVERLOAD_SECONDS"] ?? 10);
const connections = 32;
const mebibyte = 1024 ** 2;

interface Sample {
  readonly second: number;
  /** Of all nodes together. */
  readonly residentBytes: number;
  /** Since the follower that has waited longest heard its leader. */
  readonly contactMs: number;
}

test("at twice the rate that it can do, a cluster answers in bounded time, refuses the rest early, takes no more memory, keeps its leader and loses nothing (S50, H1, H7)", { timeout: 120_000 + seconds * 2000 }, async () => {
  const cluster = await startCluster();
  const leader = await cluster.leader();
  const { term } = await leader.region();
  const load = await OpenLoad.open(leader.place.clientPort, connections);
  onTestFinished(() => load.close());
  const sustainable = await load.closed(1024, 5);
  const samples: Sample[] = [];
  const start = performance.now();
  const watching = new AbortController();
  const watched = watch(cluster.nodes, leader, (sample) => samples.push({ ...sample, second: (performance.now() - start) / 1000 }), watching.signal);
  await load.open(sustainable * 2, seconds);
  watching.abort();
  await watched;

  const [answered, refused] = [load.answered, load.refused];
  const contactMsMax = Math.max(...samples.map(({ contactMs }) => contactMs));
  const [early, late] = [highest(samples, seconds / 3, (seconds * 2) / 3), highest(samples, (seconds * 2) / 3, seconds)];
  process.stdout.write(`${Math.round(sustainable)} writes/s sustainable; ${load.sent} sent, ${answered.count} answered (p50 ${Math.round(answered.percentile(50))} ms, p99 ${Math.round(answered.percentile(99))} ms), ` +
    `${refused.count} BUSY (p50 ${Math.round(refused.percentile(50))} ms, p99 ${Math.round(refused.percentile(99))} ms); memory ${Math.round(early / mebibyte)} MiB, then ${Math.round(late / mebibyte)} MiB; followers heard the leader at least every ${Math.round(contactMsMax)} ms\n`);
  expect(Object.fromEntries(load.errors)).toEqual({});
  expect(refused.count).toBeGreaterThan(0);
  expect(answered.percentile(99)).toBeLessThan(1500);
  expect(refused.percentile(50)).toBeLessThan(answered.percentile(50) * 2);
  expect(late).toBeLessThan(early * 1.25 + 64 * mebibyte);
  expect(contactMsMax).toBeLessThan(shippedElectionTimeoutMs);
  expect(await leader.region()).toMatchObject({ role: "leader", term });
  await expectKept(leader, load);
});

function highest(samples: readonly Sample[], from: number, to: number): number {
  const inTime = samples.filter(({ second }) => second >= from && second < to).map(({ residentBytes }) => residentBytes);
  expect(inTime.length).toBeGreaterThan(0);
  return Math.max(...inTime);
}

/** The admin sockets answer throughout: what is sampled is asked there. */
async function watch(nodes: readonly DaemonProcess[], leader: DaemonProcess, note: (sample: Omit<Sample, "second">) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const residents = await Promise.all(nodes.map((node) => node.residentBytes()));
    const contacts = await Promise.all(nodes.filter((node) => node !== leader).map(async (node) => (await node.client.kv.get("nothing", { consistency: "stale" })).staleMs ?? Number.POSITIVE_INFINITY));
    note({ residentBytes: residents.reduce((sum, bytes) => sum + bytes, 0), contactMs: Math.max(...contacts) });
  }
}

async function expectKept(leader: DaemonProcess, { acknowledged }: OpenLoad): Promise<void> {
  const held = new Map<string, number>();
  for await (const { records } of leader.client.kv.pages({})) for (const { key, modIndex } of records) held.set(Buffer.from(key).toString(), modIndex);
  const lost = [...acknowledged].filter(([key, index]) => !((held.get(key) ?? 0) >= index));
  expect(lost).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(1000);
}
