// Clocks that jump and run differently. Nothing that is replicated may depend on them (H25), and no safety property on how fast they run (H24).

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { PlannedFault } from "./fault.ts";

export function drawWallJump(prng: Prng, at: number): PlannedFault {
  const jumpMs = pick(prng, [-300_000, 300_000, -1_000, 86_400_000]);
  return {
    at, kind: "wall clock", text: `the wall clock of one node jumps by ${jumpMs} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("wall clock");
      node.clock.wallOffset += jumpMs;
    },
  };
}

/** Against the time of the world. */
export const fastestClockRate = 2;

/** From its next start on. */
export function drawClockRate(prng: Prng, at: number): PlannedFault {
  const rate = pick(prng, [0.5, 0.9, 1.1, fastestClockRate]);
  return {
    at, kind: "clock rate", text: `the clock of one node runs at ${rate} after a restart`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("clock rate");
      node.clock.rate = rate;
      nemesis.crash(node, "kill", 0, "its clock is changed");
    },
  };
}
