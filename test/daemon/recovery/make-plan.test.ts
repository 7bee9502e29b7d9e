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
  return { clusterId, clusterIncarnation: 1, nodeId: idOf(name), incarnation: 1, name, regions: [] };
};

test("a plan is refused while a node that was named dead, or the survivor itself, answers (N3)", async () => {
  const plan = await planned();
  await expect(checkNobodyAnswers(plan, answering("n4", plan.clusterId), 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n4 answers at n4:7001: it is not dead" });
  await expect(checkNobodyAnswers(plan, answering("n1", plan.clusterId), 100)).rejects.toMatchObject({ code: "UNSAFE", message: "n1 answers at n1:7001: a node of this cluster still runs" });
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
