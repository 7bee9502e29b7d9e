// A node whose state machine has gone wrong, by a bug or a broken memory: from now on its digests are others than everybody's. The others must find it
// out (S42). What it answers to clients is not spoilt here: that a wrong state is noticed is one thing, that a right one is right another.

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

export function drawWrongState(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const ms = electionTimeout * pick(prng, [2, 5, 10]);
  const whom = pick(prng, ["the leader", "anybody"] as const);
  const witnessAway = prng.chance(0.3);
  return {
    at, kind: "wrong state", text: `the state of ${whom} goes wrong for ${ms.toFixed(0)} ms${witnessAway ? ", while a witness is away" : ""}`,
    strike: (nemesis) => {
      const node = whom === "the leader" ? nemesis.leader() : nemesis.anybody();
      if (node === undefined) return;
      nemesis.world.count("wrong state");
      node.stateIsWrong = true;
      const witness = nemesis.nodes.find((other) => other.up && other !== node && other !== nemesis.leader());
      if (witnessAway && witness !== undefined) nemesis.crash(witness, "kill", 4 * electionTimeout, "who could tell whose state is right");
      nemesis.after(ms, () => repair(nemesis, node));
    },
  };
}

/** Its state is right after all, and it says so from its next start on. */
function repair(nemesis: Nemesis, node: SimNode): void {
  node.stateIsWrong = false;
  if (node.up) nemesis.crash(node, "kill", 0, "its state is right again");
}
