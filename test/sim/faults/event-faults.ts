// Faults that wait for the dangerous moment: right after a vote, at an append, in the middle of a snapshot, a few events after an election was won.

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";
import { drawCrashKind, drawDownMs } from "./process-faults.ts";

/** Points at which a process can be hit, by what is dangerous about them. */
const moments: Readonly<Record<string, readonly string[]>> = {
  "a vote": ["answer.requestVote.granted", "send.requestVote", "role.candidate", "answer.preVote.granted"],
  "an append": ["disk.writeDurable.wal", "disk.writeDurable.wal.done", "answer.appendEntries", "send.appendEntries"],
  "an application": ["store.transaction"],
  "a snapshot": ["snapshot.begin", "disk.write.snapshots", "disk.sync.snapshots", "disk.rename.snapshots", "disk.rename.snapshots.done", "disk.syncDirectory.snapshots", "disk.unlink.snapshots"],
  "an install": ["send.installSnapshot", "answer.installSnapshot", "install.begin"],
  "a rotation": ["disk.open.wal", "disk.allocate.wal", "disk.rename.wal", "disk.syncDirectory.wal", "disk.unlink.wal", "disk.unlink.wal.done"],
  "a membership change": ["event.membershipAppended", "event.membershipCommitted"],
  "a truncation": ["event.logTruncated"],
  "a transfer": ["send.timeoutNow", "answer.timeoutNow"],
  "a start": ["disk.writeDurable.boots", "disk.writeDurable.boots.done", "disk.read.wal", "disk.truncate.wal"],
};

export function drawCrashAtMoment(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const moment = pick(prng, Object.keys(moments));
  const point = pick(prng, moments[moment]!);
  const count = pick(prng, [1, 1, 2, 5, 20]);
  const kind = drawCrashKind(prng);
  const downMs = drawDownMs(prng, electionTimeout);
  return {
    at, kind: "crash at a moment", text: `${kind} at ${moment} (${point}, number ${count}), down for ${downMs.toFixed(0)} ms`,
    strike: (nemesis) => nemesis.arm({ point, count, strike: (node, where) => nemesis.crash(node, kind, downMs, where) }),
  };
}

/** Whoever wins is hit a moment later, as often as told. */
export function drawUnluckyWinner(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const times = prng.integer(1, 4);
  const delayMs = electionTimeout * pick(prng, [0, 0.01, 0.05, 0.2]);
  const fate = pick(prng, ["crash", "isolate", "pause", "mute"] as const);
  const ms = electionTimeout * pick(prng, [0.5, 2, 5]);
  const kind = drawCrashKind(prng);
  const hit = (nemesis: Nemesis, node: SimNode): void => {
    if (fate === "crash") nemesis.crash(node, kind, ms, "it has just won");
    else if (fate === "isolate") nemesis.isolate(node, ms, "it has just won");
    else if (fate === "pause") nemesis.pause(node, ms, "it has just won");
    else nemesis.cut((from) => from !== node, ms, `${node.name} mute: it has just won`);
  };
  const arm = (nemesis: Nemesis, left: number): void => {
    nemesis.arm({
      point: "role.leader", count: 1,
      strike: (node) => {
        // Never inside of the step in which it wins: the step's effects are part of the moment.
        nemesis.after(delayMs, () => hit(nemesis, node));
        if (left > 1) arm(nemesis, left - 1);
      },
    });
  };
  return { at, kind: "unlucky winner", text: `the next ${times} winners: ${fate} ${delayMs.toFixed(1)} ms later, for ${ms.toFixed(0)} ms`, strike: (nemesis) => arm(nemesis, times) };
}

/** The process that reaches the point stops there for a while. */
export function drawPauseAtMoment(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const moment = pick(prng, Object.keys(moments));
  const point = pick(prng, moments[moment]!);
  const count = pick(prng, [1, 3, 10]);
  const ms = electionTimeout * pick(prng, [0.5, 1.5, 4]);
  return {
    at, kind: "pause at a moment", text: `pause of ${ms.toFixed(0)} ms at ${moment} (${point}, number ${count})`,
    strike: (nemesis) => nemesis.arm({ point, count, strike: (node, where) => nemesis.pause(node, ms, where) }),
  };
}
