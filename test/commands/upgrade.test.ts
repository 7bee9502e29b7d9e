// The upgrade verbs as a shell sees them, against real nodes in the middle of an upgrade: documents, texts and exit codes.

import { expect, onTestFinished, test } from "vitest";
import { clusterVersions, type ClusterVersions } from "../../src/wire/cluster-version.ts";
import { MixedCluster } from "../daemon/support/mixed-cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

const one = clusterVersions;
const two: ClusterVersions = { ...one, newest: 2, commands: { ...one.commands, append: 2 } };
const timeout = 60_000;

async function shell(tables: readonly ClusterVersions[]): Promise<{ cluster: MixedCluster; upgrade: (...words: string[]) => Promise<Outcome> }> {
  const cluster = await MixedCluster.start(tables);
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  return { cluster, upgrade: (...words) => raftctl(["upgrade", ...words], { env: { RAFTCTL_ENDPOINT: cluster.nodes.get("n1")!.clientAddress } }) };
}

test("all at one version: status and finalize end with 0 and say that there is nothing to do", { timeout }, async () => {
  const { upgrade } = await shell([one]);
  const status = await upgrade("status");
  expect([status.code, status.stderr]).toEqual([0, ""]);
  expect(status.stdout).toMatch(/^cluster version 1\nNAME +PROGRAM +KNOWS +PEER ADDRESS\nn1 +\d+\.\d+\.\d+ +1 +127\.0\.0\.1:\d+\nnothing to finalize/);
  const finalized = await upgrade("finalize", "--json");
  expect([finalized.code, finalized.json.schema, finalized.json.result]).toEqual([0, "raftctl.upgrade-finalize/v1", expect.objectContaining({ applied: false, index: null, finalized: 1, target: 1 })]);
});

test("members that stand apart: both verbs end with 15 and name who has to be upgraded, status with its table", { timeout }, async () => {
  const { upgrade } = await shell([two, one]);
  const status = await upgrade("status", "--json");
  expect([status.code, status.json.error?.code, status.json.error?.hint, status.json.result.members.length]).toEqual([15, "INCOMPATIBLE", "upgrade n2 first", 2]);
  expect((await upgrade("status")).stdout).toContain("nothing can be finalized now: the members know no version above 1 in common: n1 knows 1 to 2, n2 knows 1");
  for (const words of [["finalize", "--dry-run", "--json"], ["finalize", "--yes", "--json"]]) {
    const { code, json } = await upgrade(...words);
    expect([code, json.error?.code, json.error?.exit]).toEqual([15, "INCOMPATIBLE", 15]);
  }
});

test("finalize shows what it would change, refuses without --yes, does it once, and has nothing to do afterwards", { timeout }, async () => {
  const { upgrade } = await shell([two]);
  expect((await upgrade("status")).stdout).toContain("raftctl upgrade finalize is possible: the cluster goes from version 1 to 2, and never back. It allows append.");
  const planned = await upgrade("finalize", "--dry-run");
  expect([planned.code, planned.stdout]).toEqual([0, expect.stringContaining("nothing was changed: the cluster goes from version 1 to 2")]);
  const unasked = await upgrade("finalize", "--json");
  expect([unasked.code, unasked.json.error?.code]).toEqual([9, "UNSAFE"]);
  expect((await upgrade("status", "--json")).json.result.finalized).toBe(1);
  const done = await upgrade("finalize", "--yes", "--json");
  expect([done.code, done.json.result]).toEqual([0, expect.objectContaining({ applied: true, finalized: 2, target: 2, index: expect.stringMatching(/^\d+$/) as string })]);
  const again = await upgrade("finalize", "--yes");
  expect([again.code, again.stdout]).toEqual([0, "nothing was changed: cluster version 2 is the newest that the members know\n"]);
});

test("a member that does not answer is a warning for status, and exit 6 for finalize", { timeout }, async () => {
  const { cluster, upgrade } = await shell([two, two, two]);
  await cluster.stop("n3");
  const status = await upgrade("status", "--json");
  expect([status.code, status.json.warnings, status.json.result.obstacles.length]).toEqual([0, [expect.objectContaining({ code: "MEMBER_SILENT", message: expect.stringContaining("n3 at ") as string })], 1]);
  const { code, json } = await upgrade("finalize", "--yes", "--json");
  expect([code, json.error?.code, json.error?.message]).toEqual([6, "CONFLICT", expect.stringContaining("no answer from n3")]);
});
