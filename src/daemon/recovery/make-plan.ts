// From directories and collected documents to a plan, with the one question that only the network can answer: does anybody of this cluster still run?
// Nobody may: a dead node that answers is not dead, and a survivor that runs is not what was collected.

import { randomBytes } from "node:crypto";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
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

/** However little time was given: a question to which nobody has time to answer proves nothing, ms. */
const knockMsMin = 300;

/** @throws UNSAFE, LOCKED, NOT_FOUND, CORRUPT */
export async function makeRecoveryPlan({ directories, files, dead, timeoutMs }: PlanSources): Promise<RecoveryPlan> {
  const collected = await Promise.all(files.map(readSurvivors));
  const survivors = [...(await collectSurvivors(directories)), ...collected.flat()];
  const plan = planRecovery({ survivors, dead, planId: randomBytes(8).toString("hex"), madeAt: new Date().toISOString() });
  await refuseWhileSomebodyRuns(plan, timeoutMs);
  return plan;
}

/** Knocks at the address of every member. @throws UNSAFE naming who is there */
export function refuseWhileSomebodyRuns(plan: RecoveryPlan, timeoutMs: number): Promise<void> {
  return withProbe("recover", (probe) => checkNobodyAnswers(plan, probe, Math.max(timeoutMs, knockMsMin)));
}

/** @throws UNSAFE naming who answers, or who is there and cannot answer */
export async function checkNobodyAnswers({ clusterId, dead, survivor, rejoin }: RecoveryPlan, probe: Probe, timeoutMs: number): Promise<void> {
  const everybody: readonly NamedNode[] = [...dead, survivor, ...rejoin];
  const answers = await Promise.all(everybody.map(({ peerAddress }) => knockAt(peerAddress, probe, timeoutMs)));
  for (const [position, answer] of answers.entries()) {
    if (answer instanceof RaftctlError) refuseSilentPresence(everybody[position]!, answer);
    else if (answer.clusterId === clusterId) throw stillRuns(everybody[position]!, answer, dead);
  }
}

/** A second time when nobody answered: a busy machine is not a dead one. */
async function knockAt(peerAddress: string, probe: Probe, timeoutMs: number): Promise<ProbedPeer | RaftctlError> {
  const knock = (): Promise<ProbedPeer | RaftctlError> => probe(peerAddress, { timeoutMs }).catch((error: unknown) => toRaftctlError(error));
  const first = await knock();
  return first instanceof RaftctlError && first.code === "UNREACHABLE" ? knock() : first;
}

/** A process that was stopped by a signal, or hangs in its disk, is not dead; and one that speaks another version is no more so. */
function refuseSilentPresence({ name, peerAddress }: NamedNode, { code, message }: RaftctlError): void {
  const isStalled = code === "UNREACHABLE" && message.includes("accepted but did not answer");
  if (!isStalled && code !== "INCOMPATIBLE") return;
  const what = isStalled ? "accepts connections and answers nothing: a process that stands still is not dead" : `speaks another version: ${message}`;
  throw new RaftctlError("UNSAFE", `whoever is at ${peerAddress}, the address of ${name}, ${what}`, { hint: "end that process, or take its machine off the network", details: { name, peerAddress } });
}

function stillRuns({ peerAddress }: NamedNode, { nodeId, name }: ProbedPeer, dead: readonly NamedNode[]): RaftctlError {
  const isNamedDead = dead.some((node) => node.nodeId === nodeId);
  return new RaftctlError("UNSAFE", `${name} answers at ${peerAddress}: ${isNamedDead ? "it is not dead" : "a node of this cluster still runs"}`, {
    hint: "stop it and collect its directory: it may hold what the others lack", details: { nodeId, name, peerAddress },
  });
}
