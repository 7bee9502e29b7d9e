// The plan of a seed: which faults strike when. A seed prefers some kinds and leaves out others (swarm), so that runs differ in kind and not only in
// number; many keep to one theme.

import type { Prng } from "../../../src/base/prng.ts";
import { pick, type Knobs } from "../world/knobs.ts";
import { drawClockRate, drawWallJump } from "./clock-faults.ts";
import { drawBitFlip, drawFailingWrite, drawFullDisk, drawLostMachine, drawSlowDisk, drawSpaceTaken, drawStall } from "./disk-faults.ts";
import { drawCrashAtMoment, drawPauseAtMoment, drawUnluckyWinner } from "./event-faults.ts";
import type { NumberedFault, PlannedFault } from "./fault.ts";
import { drawDeposedLeader, drawFlapping, drawLateVotes, drawPartition, drawSlowLinks } from "./network-faults.ts";
import { drawInstallTrouble, drawInstallsWithoutSpace, drawNeedlessInstall, drawOvertakenLeader } from "./install-faults.ts";
import { drawMemberVerb } from "./member-verb-faults.ts";
import { drawForbiddenChanges, drawLeaverLeads, drawMembershipChange, drawMoved, drawSnapshots, drawUnluckyNewcomer } from "./operator-faults.ts";
import { drawLateHandover, drawReluctantTarget, drawTransfer, drawTransferTrouble } from "./transfer-faults.ts";
import { drawAbsence, drawBlackout, drawCrash, drawPause, drawRollingRestart } from "./process-faults.ts";
import { drawWrongState } from "./state-faults.ts";

type Draw = (prng: Prng, at: number, electionTimeout: number) => PlannedFault;

const draws: readonly Draw[] = [
  drawCrash, drawCrash, drawBlackout, drawPause, drawRollingRestart,
  drawPartition, drawPartition, drawFlapping, drawSlowLinks, drawDeposedLeader,
  drawSlowDisk, drawStall, drawFailingWrite, drawFullDisk, drawSpaceTaken, drawBitFlip, drawLostMachine,
  drawWallJump, drawClockRate, drawWrongState,
  drawTransfer, drawTransferTrouble, drawSnapshots, drawMembershipChange, drawMembershipChange, drawMemberVerb, drawMemberVerb, drawForbiddenChanges, drawLeaverLeads, drawUnluckyNewcomer, drawUnluckyNewcomer,
  drawInstallTrouble, drawInstallTrouble, drawInstallTrouble, drawInstallsWithoutSpace, drawNeedlessInstall, drawOvertakenLeader, drawOvertakenLeader, drawLateVotes, drawLateHandover, drawReluctantTarget, drawLateVotes, drawMoved,
  drawCrashAtMoment, drawCrashAtMoment, drawCrashAtMoment, drawPauseAtMoment, drawUnluckyWinner, drawUnluckyWinner,
];

/** What becomes dangerous together. */
const themes: readonly (readonly Draw[])[] = [
  [drawInstallTrouble, drawInstallTrouble, drawInstallTrouble, drawInstallsWithoutSpace, drawNeedlessInstall, drawOvertakenLeader, drawUnluckyWinner, drawCrash],
  [drawMembershipChange, drawMemberVerb, drawMemberVerb, drawForbiddenChanges, drawLeaverLeads, drawUnluckyNewcomer, drawUnluckyNewcomer, drawUnluckyNewcomer, drawLostMachine, drawMoved, drawUnluckyWinner],
  [drawSlowDisk, drawStall, drawFailingWrite, drawFullDisk, drawSpaceTaken, drawBitFlip, drawBlackout, drawCrashAtMoment, drawCrashAtMoment],
  [drawUnluckyWinner, drawLateVotes, drawTransfer, drawTransferTrouble, drawLateHandover, drawReluctantTarget, drawDeposedLeader, drawFlapping, drawPause],
];

export function drawPlan(prng: Prng, knobs: Knobs): NumberedFault[] {
  const { faults, chaosElectionTimeouts, electionTimeout, reaping, leaseReads } = knobs;
  const choices = drawChoices(prng);
  const plan: PlannedFault[] = [];
  for (let count = 0; count < faults; count += 1) {
    const at = prng.next() * chaosElectionTimeouts * electionTimeout * 0.9;
    plan.push(choices[prng.integer(0, choices.length - 1)]!(prng, at, electionTimeout));
  }
  if (reaping !== undefined) plan.push(...drawAbsences(prng, reaping.afterElectionTimeouts * electionTimeout, chaosElectionTimeouts * electionTimeout));
  if (leaseReads !== undefined) plan.push(...drawSuccessions(prng, chaosElectionTimeouts * electionTimeout, electionTimeout));
  return plan.filter(({ kind }) => isFair(kind, knobs)).toSorted((left, right) => left.at - right.at).map((fault, number) => ({ ...fault, number }));
}

/** Nothing is promised about what this fault takes away. */
function isFair(kind: string, { leaseReads }: Knobs): boolean {
  return kind !== "clock rate" || leaseReads === undefined;
}

/** Where dead members are removed, some are dead for about as long as that takes. */
function drawAbsences(prng: Prng, reapAfterMs: number, chaosMs: number): readonly PlannedFault[] {
  return Array.from({ length: prng.integer(1, 3) }, () => drawAbsence(prng, (prng.next() * chaosMs) / 2, reapAfterMs));
}

/** Where a leader reads by its lease, there are successors that it does not hear of. */
function drawSuccessions(prng: Prng, chaosMs: number, electionTimeout: number): readonly PlannedFault[] {
  const choices = [drawTransferTrouble, drawTransferTrouble, drawDeposedLeader];
  return Array.from({ length: 3 }, () => pick(prng, choices)(prng, prng.next() * chaosMs * 0.9, electionTimeout));
}

function drawChoices(prng: Prng): readonly Draw[] {
  if (prng.chance(0.4)) return pick(prng, themes);
  const preferred = draws.filter(() => prng.chance(0.5));
  return preferred.length === 0 ? draws : preferred;
}
