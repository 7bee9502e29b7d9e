// A follower that was away while fifty thousand entries passed comes back: from the log when the leader still has it, from a snapshot when the log has
// been cut. The others do not suffer from it.

import { expect, test } from "vitest";
import type { TestCluster } from "./support/cluster.ts";
import { fast, smallLog } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

const [entries, inFlight] = [50_000, 256];
const value = "x".repeat(200);

async function writeEntries(cluster: TestCluster): Promise<void> {
  const leader = await cluster.leader();
  const client = cluster.client({ endpoints: [leader.endpoint], timeoutMs: 20_000 });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < entries) {
      const number = next++;
      await client.kv.put(`entry/${number % 1000}`, `${number} ${value}`, { session: "none" });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

test("from the log: after 50,000 entries a restarted follower holds the same state (S39, S42, H13, H18)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const follower = await cluster.follower();
  await follower.kill9();
  await writeEntries(cluster);
  const leader = await cluster.leader();
  expect((await leader.region()).snapshotIndex).toBeLessThan(entries);
  await follower.start();
  await cluster.waitForAgreement({ timeoutMs: 60_000 });
  expect((await follower.region()).lastApplied).toBeGreaterThanOrEqual(entries);
});

test("from a snapshot: the log has been cut, and the follower reaches the same state without an election (S114, H14, H33)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: smallLog });
  const follower = await cluster.follower();
  const { lastIndex } = await follower.region();
  await follower.kill9();
  await writeEntries(cluster);
  const leader = await cluster.leader();
  const before = await leader.region();
  expect(before.snapshotIndex, "the leader has cut its log behind the follower").toBeGreaterThan(lastIndex + 1000);
  await follower.start();
  await cluster.waitForAgreement({ timeoutMs: 60_000 });
  expect((await follower.region()).snapshotIndex).toBeGreaterThan(lastIndex + 1000);
  expect((await leader.region()).term).toBe(before.term);
});

test("a node that joins a cluster whose log was cut becomes a voter with the same state (S114, S39, S84)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ nodes: 1, settings: smallLog });
  await writeEntries(cluster);
  expect((await (await cluster.leader()).region()).snapshotIndex).toBeGreaterThan(1000);
  await cluster.addNode();
  await cluster.waitForAgreement({ timeoutMs: 60_000 });
});
