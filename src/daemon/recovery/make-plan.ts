// From directories and collected documents to a plan, with the one question that only the network can answer: does anybody of this cluster still run?
// Nobody may: a dead node that answers is not dead, and a survivor that runs is not what was collected.

import { randomBytes } from "node:crypto";
import { RaftctlError } from "../../base/errors.ts";
import type { ProbedPeer } from "../../host/transport.ts";
import { withProbe, type Probe } from "../probe.ts";
import { collectSurvivors } from "./collect.ts";
import { planRecovery, type NamedNode, type RecoveryPlan } from "./recovery-plan.ts";
import { readSurvivors } from "./survivor-file.ts";

export interface PlanSources {
  readonly directories: readonly string[];
  /** Written by `recover collect`, here or on other machines. */
  readonly files: readonly string[];
  readonly dead: readonly string[];
  /** For the answer of each node that should not answer, ms. */
  readonly timeoutMs: number;
}

/** @throws UNSAFE, LOCKED, NOT_FOUND, CORRUPT */
export async function makeRecoveryPlan({ directories, files, dead, timeoutMs }: PlanSources): Promise<RecoveryPlan> {
  const collected = await Promise.all(files.map(readSurvivors));
  const survivors = [...(await collectSurvivors(directories)), ...collected.flat()];
  const plan = planRecovery({ survivors, dead, planId: randomBytes(8).toString("hex"), madeAt: new Date().toISOString() });
  await withProbe("recover", (probe) => checkNobodyAnswers(plan, probe, timeoutMs));
  return plan;
}

/** @throws UNSAFE naming who answers */
export async function checkNobodyAnswers({ clusterId, dead, survivor, rejoin }: RecoveryPlan, probe: Probe, timeoutMs: number): Promise<void> {
  const everybody: readonly NamedNode[] = [...dead, survivor, ...rejoin];
  const answers = await Promise.all(everybody.map(({ peerAddress }) => probe(peerAddress, { timeoutMs }).catch(() => undefined)));
  for (const [position, answer] of answers.entries()) if (answer?.clusterId === clusterId) throw stillRuns(everybody[position]!, answer, dead);
}

function stillRuns({ peerAddress }: NamedNode, { nodeId, name }: ProbedPeer, dead: readonly NamedNode[]): RaftctlError {
  const isNamedDead = dead.some((node) => node.nodeId === nodeId);
  return new RaftctlError("UNSAFE", `${name} answers at ${peerAddress}: ${isNamedDead ? "it is not dead" : "a node of this cluster still runs"}`, {
    hint: "stop it and collect its directory: it may hold what the others lack", details: { nodeId, name, peerAddress },
  });
}
