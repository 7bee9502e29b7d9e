// An upgrade of a whole cluster, node by node: what may be written when, who is asked, and the one step that has no way back (PRODUCT §1 row 5).

import { expect, test } from "vitest";
import { clusterVersions, type ClusterVersions } from "../../../src/wire/cluster-version.ts";
import { codeOf } from "../../host/support/members.ts";
import { MixedCluster } from "../support/mixed-cluster.ts";

const one = clusterVersions;
/** Deleting a range needs level 2 here. */
const two: ClusterVersions = { ...one, newest: 2, commands: { ...one.commands, deleteRange: 2 } };
const timeout = 60_000;

test("a cluster of one version has nothing to finalize; any node says so", { timeout }, async () => {
  await using cluster = await MixedCluster.start([one, one]);
  for (const name of ["n1", "n2"]) {
    const report = await cluster.client(name).admin.call("upgradeStatus", {});
    expect(report).toMatchObject({ finalized: 1, target: 1, allows: [], obstacles: [], members: [{ name: "n1", levels: { min: 1, max: 1 }, error: null }, { name: "n2", levels: { min: 1, max: 1 }, error: null }] });
    expect(await cluster.client(name).admin.call("upgradeFinalize", { dryRun: false })).toMatchObject({ applied: false, index: null, finalized: 1 });
  }
});

test("a rolling upgrade: what the newer program could write is refused until all know it and it is finalized, and then it works through every node", { timeout }, async () => {
  await using cluster = await MixedCluster.start([two, one, one]);
  const { kv, admin } = cluster.client("n1");
  await kv.put("a/1", "v");
  expect(await codeOf(admin.call("upgradeFinalize", { dryRun: false }))).toBe("INCOMPATIBLE");
  expect((await admin.call("upgradeStatus", {})).obstacles).toMatchObject([{ code: "INCOMPATIBLE", hint: "upgrade n2, n3 first" }]);
  for (const name of ["n2", "n3"]) await cluster.upgrade(name, two);
  await cluster.client("n2").kv.put("a/2", "v");
  const refused = await cluster.client("n2").kv.deletePrefix("a/").then(() => undefined, (error: unknown) => error);
  expect(refused).toMatchObject({ code: "INCOMPATIBLE", exit: 15, message: "deleteRange needs cluster version 2, the cluster has finalized 1" });
  const follower = ["n1", "n2", "n3"].find((name) => name !== cluster.leader())!;
  const asked = cluster.client(follower).admin;
  expect(await asked.call("upgradeFinalize", { dryRun: true })).toMatchObject({ finalized: 1, target: 2, allows: ["deleteRange"], applied: false, index: null });
  expect((await asked.call("upgradeStatus", {})).finalized).toBe(1);
  expect(await asked.call("upgradeFinalize", { dryRun: false })).toMatchObject({ finalized: 2, target: 2, applied: true, index: expect.any(Number) as number });
  expect((await asked.call("upgradeStatus", {})).finalized).toBe(2);
  expect(await asked.call("upgradeFinalize", { dryRun: false })).toMatchObject({ finalized: 2, applied: false, index: null });
  await cluster.client(follower).kv.deletePrefix("a/");
  expect((await cluster.client(follower).kv.get("a/1")).record).toBeUndefined();
});

test("every member has to answer: one that is down keeps the version from being finalized, and is named", { timeout }, async () => {
  await using cluster = await MixedCluster.start([two, two, two]);
  await cluster.stop("n3");
  const { admin } = cluster.client("n1");
  const report = await admin.call("upgradeStatus", {});
  expect([report.target, report.members.map(({ name, levels }) => [name, levels?.max ?? null])]).toEqual([2, [["n1", 2], ["n2", 2], ["n3", null]]]);
  await expect(admin.call("upgradeFinalize", { dryRun: true })).rejects.toMatchObject({ code: "CONFLICT", exit: 6, message: expect.stringContaining("n3 at 127.0.0.1:") as string });
  expect((await admin.call("upgradeStatus", {})).finalized).toBe(1);
});

test("a node under a program that does not know the finalized version neither starts nor joins, and the others go on", { timeout }, async () => {
  await using cluster = await MixedCluster.start([two, two, two]);
  expect(await cluster.client("n2").admin.call("upgradeFinalize", { dryRun: false })).toMatchObject({ applied: true });
  const refusal = { code: "INCOMPATIBLE", message: "the cluster has finalized version 2, this program knows 1" };
  await expect(cluster.upgrade("n2", one)).rejects.toMatchObject(refusal);
  await expect(cluster.add("n4", one)).rejects.toMatchObject(refusal);
  await cluster.client("n1").kv.put("k", "v");
  await cluster.upgrade("n2", two);
  // The newcomer may be listed until the leader gives it up.
  const { members } = await cluster.client("n2").admin.call("upgradeStatus", {});
  expect(members.slice(0, 3).map(({ name, levels }) => [name, levels?.max ?? null])).toEqual([["n1", 2], ["n2", 2], ["n3", 2]]);
});
