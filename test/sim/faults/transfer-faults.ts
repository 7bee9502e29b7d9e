// Leadership that changes hands because somebody asked for it (diss. §3.10), and targets that fail, hesitate or refuse at that moment (H31).

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

export function drawTransfer(prng: Prng, at: number): PlannedFault {
  const repeats = pick(prng, [1, 1, 4]);
  return {
    at, kind: "transfer", text: `leadership is transferred to anybody, ${repeats} times`,
    strike: (nemesis) => {
      for (let round = 0; round < repeats; round += 1) {
        nemesis.after(round * nemesis.electionTimeout, () => {
          const target = nemesis.prng.chance(0.5) ? nemesis.anybody()?.id : undefined;
          nemesis.world.count("transfer");
          nemesis.world.operator.transfer(nemesis.leader(), target);
        });
      }
    },
  };
}

/** Leadership is handed over, and one of the two fails at that moment. */
export function drawTransferTrouble(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const point = pick(prng, ["send.timeoutNow", "answer.timeoutNow", "role.candidate"]);
  const fate = pick(prng, ["pause the target", "isolate the target", "isolate the leader", "crash the leader"] as const);
  const ms = electionTimeout * pick(prng, [0.3, 1.5, 3]);
  return {
    at, kind: "transfer trouble", text: `a transfer, and at ${point}: ${fate}, for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const pair = handover(nemesis);
      if (pair === undefined) return;
      const { leader, target } = pair;
      nemesis.arm({
        point, count: 1,
        strike: () => {
          if (fate === "pause the target") nemesis.pause(target, ms, "asked to lead");
          else if (fate === "isolate the target") nemesis.isolate(target, ms, "asked to lead");
          else if (fate === "isolate the leader") nemesis.isolate(leader, ms, "hands over");
          else nemesis.crash(leader, "kill", ms, "hands over");
        },
      });
      nemesis.world.operator.transfer(leader, target.id);
    },
  };
}

/** The word to campaign takes longer than an election timeout: the target has begun to ask around by itself when it comes. */
export function drawLateHandover(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "transfer trouble", text: "a transfer whose TimeoutNow comes late",
    strike: (nemesis) => {
      const pair = handover(nemesis);
      if (pair === undefined) return;
      const { leader, target } = pair;
      const { links } = nemesis.world;
      nemesis.arm({
        point: "send.timeoutNow", count: 1,
        strike: () => {
          links.slow(leader.name, target.name, 1.45 * electionTimeout);
          nemesis.after(2 * electionTimeout, () => links.slow(leader.name, target.name, 0));
        },
      });
      nemesis.world.operator.transfer(leader, target.id);
    },
  };
}

/** A node comes back and does not want to lead any more; the leader, which does not know that yet, hands over to it. */
export function drawReluctantTarget(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "reluctant target", text: "one node comes back unwilling to lead, and is asked to",
    strike: (nemesis) => {
      const pair = nemesis.world.mayLoseDisk(nemesis.leader() ?? nemesis.nodes[0]!) ? handover(nemesis) : undefined;
      if (pair === undefined) return;
      const { target } = pair;
      nemesis.crash(target, "kill", 0, "comes back unwilling");
      target.masterEligible = false;
      for (let time = 1; time <= 12; time += 1) nemesis.after((time * electionTimeout) / 12, () => nemesis.world.operator.transfer(nemesis.leader(), target.id));
      nemesis.world.stage.at(3 * electionTimeout, () => {
        target.masterEligible = true;
        if (target.up) nemesis.crash(target, "kill", 0, "comes back willing");
      });
    },
  };
}

function handover(nemesis: Nemesis): { leader: SimNode; target: SimNode } | undefined {
  const leader = nemesis.leader();
  const target = nemesis.nodes.find((node) => node !== leader && node.up);
  if (leader === undefined || target === undefined) return undefined;
  nemesis.world.count("transfer trouble");
  return { leader, target };
}
