// Processes that die, and processes that stop for a while and go on as if nothing had happened.

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { CrashKind } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";

export function drawCrash(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const kind = drawCrashKind(prng);
  const downMs = drawDownMs(prng, electionTimeout);
  return {
    at, kind: "crash", text: `${kind} of the leader or anybody, down for ${downMs.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node !== undefined) nemesis.crash(node, kind, downMs, "planned");
    },
  };
}

/** Nobody hears of one node for about as long as its leader waits before it removes it. */
export function drawAbsence(prng: Prng, at: number, reapAfterMs: number): PlannedFault {
  const how = pick(prng, ["down", "down", "paused", "cut off"] as const);
  const ms = reapAfterMs * pick(prng, [0.7, 1.3, 2, 3]);
  return {
    at, kind: "absence", text: `one node is ${how} for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("absence");
      if (how === "down") nemesis.crash(node, "powerLoss", ms, "away for long");
      else if (how === "paused") nemesis.pause(node, ms, "away for long");
      else nemesis.isolate(node, ms, "away for long");
    },
  };
}

/** Everybody at once. */
export function drawBlackout(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const kind = drawCrashKind(prng);
  const longest = drawDownMs(prng, electionTimeout);
  return {
    at, kind: "blackout", text: `${kind} of all nodes, down for up to ${longest.toFixed(0)} ms`,
    strike: (nemesis) => {
      for (const node of nemesis.nodes) if (node.up) nemesis.crash(node, kind, nemesis.prng.next() * longest, "all at once");
    },
  };
}

export function drawPause(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const ms = electionTimeout * pick(prng, [0.3, 1.1, 2, 4, 8]);
  return {
    at, kind: "pause", text: `the leader or anybody pauses for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node !== undefined) nemesis.pause(node, ms, "planned");
    },
  };
}

/** One after the other, again and again: nobody is up for long. */
export function drawRollingRestart(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const rounds = prng.integer(1, 3);
  const everyMs = electionTimeout * pick(prng, [0.2, 1, 3]);
  const kind = drawCrashKind(prng);
  return {
    at, kind: "rolling restart", text: `${kind} of one node after the other, every ${everyMs.toFixed(0)} ms, ${rounds} rounds`,
    strike: (nemesis) => {
      nemesis.nodes.forEach((node, position) => {
        for (let round = 0; round < rounds; round += 1) {
          nemesis.after((round * nemesis.nodes.length + position) * everyMs, () => {
            if (node.up) nemesis.crash(node, kind, everyMs / 2, "one after the other");
          });
        }
      });
    },
  };
}

export function drawCrashKind(prng: Prng): CrashKind {
  return prng.chance(0.5) ? "kill" : "powerLoss";
}

export function drawDownMs(prng: Prng, electionTimeout: number): number {
  return electionTimeout * pick(prng, [0, 0, 0.1, 1, 3, 10]);
}
