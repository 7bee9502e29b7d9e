// What is on the disks is enough: after every process is gone, the same directories give the same cluster.

import { expect, test } from "vitest";
import { History } from "../../src/cli/check/history.ts";
import { expectLinearizable, expectNothingLost } from "./support/proof.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { Traffic } from "./support/traffic.ts";

test("kill -9 of all three at once under writes loses nothing that was acknowledged (S40, S73, S107, S108, S122, H1, H39)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const history = new History(() => performance.now());
  const traffic = new Traffic(cluster, history, { clients: 8, reads: 0.2, callTimeoutMs: 4000 });
  traffic.start();
  for (let round = 1; round <= 5; round += 1) {
    await traffic.more(200);
    const { term } = await (await cluster.leader()).region();
    await Promise.all(cluster.nodes.map((node) => node.kill9()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const leader = await cluster.leader();
    expect((await leader.region()).term).toBeGreaterThan(term);
  }
  await traffic.more(200);
  await traffic.stop();
  await expectNothingLost(cluster, history);
  expectLinearizable(history, 1000);
});

test("after an orderly stop of all three, identity, membership and data are as before, and no operator step is needed (S73, S107, S122)", async () => {
  const cluster = await startCluster({ settings: fast });
  const client = cluster.client();
  await client.kv.put("kept", "yes");
  const digest = await cluster.waitForAgreement();
  const before = await (await cluster.leader()).status();
  const codes = await Promise.all(cluster.nodes.map((node) => node.terminate()));
  expect(codes).toEqual([0, 0, 0]);
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await cluster.leader();
  expect(recordsPart(await cluster.waitForAgreement())).toBe(recordsPart(digest));
  const after = await cluster.node(before.name).status();
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.nodeId).toBe(before.nodeId);
  expect(after.regions[0]?.members.map((member) => `${member.id} ${member.role}`).toSorted())
    .toEqual(before.regions[0]?.members.map((member) => `${member.id} ${member.role}`).toSorted());
});

/** The second half of a digest is of the records alone; the first one also runs over the entries, and a new leader's no-op is one of them. */
function recordsPart(digest: string): string {
  return digest.slice(16);
}
