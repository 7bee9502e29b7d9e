// The verbs of operators that go on by themselves or that mislead: a member that is replaced while it lives, one that comes back after it was removed, a
// newcomer that is expected before it exists, and an address that is wrong.

import type { Prng } from "../../../src/base/prng.ts";
import { removalOf } from "../../host/support/removal.ts";
import { pick } from "../world/knobs.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

const verbs = {
  "the leader is replaced": (nemesis: Nemesis) => nemesis.world.operator.replaceAlive(nemesis.leader()),
  "one is replaced": (nemesis: Nemesis) => nemesis.world.operator.replaceAlive(nemesis.victim()),
  "one is removed, and added again while it runs": (nemesis: Nemesis) => nemesis.world.operator.removeAndAddBack(nemesis.victim(), 8 * nemesis.electionTimeout),
  "a newcomer is expected before it exists": (nemesis: Nemesis) => nemesis.world.operator.expectNewcomer(),
  "one is looked for at a wrong address": (nemesis: Nemesis) => {
    const node = nemesis.victim();
    if (node === undefined) return;
    // Of two that look for each other in wrong places neither finds the other.
    const isRight = nemesis.leader()?.process?.raft.core.membership.members.every(({ name, peerAddress }) => peerAddress === `${name}:1`) ?? false;
    if (!isRight || nemesis.world.operator.shrinking > 0) return;
    nemesis.world.operator.attempt(`${node.name} is said to be elsewhere`, (leader) => {
      const update = { node: node.id, name: null, peerAddress: "n996:1", clientAddress: null, masterEligible: null };
      return leader.process!.memberChange.apply({ ...removalOf(node.id, { force: false, dryRun: false }), remove: [], update: [update] });
    });
  },
} as const;

export function drawMemberVerb(prng: Prng, at: number): PlannedFault {
  const verb = pick(prng, Object.keys(verbs) as (keyof typeof verbs)[]);
  return {
    at, kind: "member verb", text: verb,
    strike: (nemesis) => {
      nemesis.world.count(`member verb: ${verb}`);
      verbs[verb](nemesis);
    },
  };
}
