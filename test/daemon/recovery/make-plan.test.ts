import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { checkNobodyAnswers } from "../../../src/daemon/recovery/make-plan.ts";
import { planRecovery, type RecoveryPlan } from "../../../src/daemon/recovery/recovery-plan.ts";
import { readSurvivor } from "../../../src/daemon/recovery/read-survivor.ts";
import { FenceWatch } from "../../../src/daemon/recovery/fence-watch.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Probe } from "../../../src/daemon/probe.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { idOf } from "../../raft/harness/members.ts";
import { directory, memberDirectory } from "./directories.ts";

async function planned(): Promise<RecoveryPlan> {
  const { survivor } = await readSurvivor(await memberDirectory(), directory, crc32);
  return planRecovery({ survivors: [survivor], dead: ["n2", "n3", "n4", "n5"], planId: "0123456789abcdef", madeAt: "now" });
}

/** Who answers where; everybody else is silent. */
const answering = (name: string, clusterId: string): Probe => async (address) => {
  if (address !== `${name}:7001`) throw new RaftctlError("UNREACHABLE", "nobody");
  return { clusterId, clusterIncarnation: 1, nodeId: idOf(name), incarnation: 1, name, transport: "tcp" as const, regions: [] };
};

test("a plan is refused while a node that was named dead, or the survivor itself, answers (N3)", async () => {
  const plan = await planned();
  await expect(checkNobodyAnswers(plan, answering("n4", plan.clusterId), 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n4 answers at n4:7001: it is not dead" });
  await expect(checkNobodyAnswers(plan, answering("n1", plan.clusterId), 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n1 answers at n1:7001: a node of this cluster still runs" });
});

/** Nobody answers at all; at this node's address they fail in this way. */
const failing = (name: string, error: RaftctlError, knocks: string[] = []): Probe => async (address) => {
  knocks.push(address);
  throw address === `${name}:7001` ? error : new RaftctlError("UNREACHABLE", `cannot connect to ${address}: connect ECONNREFUSED`);
};

test("a survivor that was collected and runs again is not what was collected (N3)", async () => {
  const [one, two] = [await memberDirectory(), await memberDirectory({ nodeId: idOf("n2"), name: "n2" })];
  const survivors = await Promise.all([one, two].map(async (disk) => (await readSurvivor(disk, directory, crc32)).survivor));
  const plan = planRecovery({ survivors, dead: ["n3", "n4", "n5"], planId: "0123456789abcdef", madeAt: "now" });
  expect(plan.rejoin.map(({ name }) => name)).toEqual(["n2"]);
  await expect(checkNobodyAnswers(plan, answering("n2", plan.clusterId), 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n2 answers at n2:7001: a node of this cluster still runs" });
});

test("a process that stands still, or speaks another version, is not dead: the plan is refused (N3)", async () => {
  const plan = await planned();
  const stalled = new RaftctlError("UNREACHABLE", "n4:7001 accepted but did not answer the handshake in time");
  await expect(checkNobodyAnswers(plan, failing("n4", stalled), 100)).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("at n4:7001, the address of n4, accepts connections and answers nothing") });
  await expect(checkNobodyAnswers(plan, failing("n4", new RaftctlError("INCOMPATIBLE", "protocol 2")), 100)).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("speaks another version: protocol 2") });
});

test("a node that is only slow to answer is knocked at a second time, and others that are not there do not count as somebody", async () => {
  const plan = await planned();
  let first = true;
  const slow: Probe = (address, options) => {
    if (address !== "n4:7001" || !first) return answering("n4", plan.clusterId)(address, options);
    first = false;
    return Promise.reject(new RaftctlError("UNREACHABLE", "no answer within 100 ms"));
  };
  await expect(checkNobodyAnswers(plan, slow, 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n4 answers at n4:7001: it is not dead" });
  const knocks: string[] = [];
  await checkNobodyAnswers(plan, failing("n9", new RaftctlError("UNREACHABLE", "nobody"), knocks), 100);
  expect(new Set(knocks)).toEqual(new Set(["n1:7001", "n2:7001", "n3:7001", "n4:7001", "n5:7001"]));
});

test("who belongs to another cluster, or to none, and has only taken a dead node's address over, is no obstacle", async () => {
  const plan = await planned();
  await checkNobodyAnswers(plan, answering("n4", "f".repeat(32)), 100);
  await checkNobodyAnswers(plan, answering("n9", plan.clusterId), 100);
});

test("a node that is shut out says so once in its log and in every status", () => {
  const lines: string[] = [];
  const watch = new FenceWatch({ ...silentLogger, error: (_fields, message) => void lines.push(message) });
  expect(watch.warnings()).toEqual([]);
  const refusal = new RaftctlError("CLUSTER_RECOVERED", "the cluster was recovered", { hint: "join again" });
  watch.onFenced(refusal);
  watch.onFenced(refusal);
  expect(lines).toEqual(["the cluster was recovered"]);
  expect(watch.warnings()).toEqual([{ code: "CLUSTER_RECOVERED", message: "the cluster was recovered" }]);
});
