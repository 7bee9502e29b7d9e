// What operators do at the worst moment: membership changes, newcomers, snapshots, and what they ask for and do not get.

import type { Prng } from "../../../src/base/prng.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { removalOf } from "../../host/support/removal.ts";
import { pick } from "../world/knobs.ts";
import type { Process } from "../world/process.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

export function drawSnapshots(_prng: Prng, at: number): PlannedFault {
  return {
    at, kind: "snapshot", text: "every node takes a snapshot and forgets its log",
    strike: (nemesis) => {
      nemesis.world.count("snapshot");
      for (const node of nemesis.nodes) void node.process?.raft.takeSnapshot().catch(() => undefined);
    },
  };
}

export function drawMembershipChange(prng: Prng, at: number): PlannedFault {
  const change = pick(prng, ["join", "remove", "demote and promote", "swap", "remove the leader", "concurrent"] as const);
  return {
    at, kind: "membership", text: `membership: ${change}`,
    strike: (nemesis) => {
      const { operator } = nemesis.world;
      nemesis.world.count(`membership: ${change}`);
      switch (change) {
        case "join": return void operator.join();
        case "remove": return operator.remove(nemesis.anybody());
        case "remove the leader": return operator.remove(nemesis.leader());
        case "demote and promote": return operator.demoteAndPromote(nemesis.victim());
        case "swap": return operator.swap(nemesis.victim());
        case "concurrent":
          operator.demoteAndPromote(nemesis.victim());
          operator.demoteAndPromote(nemesis.anybody());
          return void operator.join();
      }
    },
  };
}

/** One that is on its way out is the only one that hears everybody: until the end of the change is committed, it may lead (§6). */
export function drawLeaverLeads(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const step = pick(prng, ["beginning", "end", "end"] as const);
  return {
    at, kind: "membership", text: `one voter is ${step === "end" ? "demoted" : "removed"}, and as soon as it knows of the ${step}, the leader sleeps and the others hear nobody but it`,
    strike: (nemesis) => {
      const leader = nemesis.leader();
      const leaver = nemesis.nodes.find((node) => node !== leader && node.up);
      if (leader === undefined || leaver === undefined) return;
      nemesis.world.count("membership: leaver leads");
      const hit = (): void => {
        nemesis.pause(leader, 4 * electionTimeout, "removes another one");
        nemesis.cut((from, to) => from === leaver || to === leaver, 3 * electionTimeout, `nobody but ${leaver.name} is heard`);
      };
      const appended = "event.membershipAppended";
      nemesis.armAt(leaver, appended, step === "beginning" ? hit : () => nemesis.armAt(leaver, appended, hit));
      // Who is removed is not told of the end by its leader; who becomes a learner is.
      if (step === "beginning") nemesis.world.operator.remove(leaver);
      else nemesis.world.operator.demoteAndPromote(leaver);
    },
  };
}

/** Refused, all of it: what would leave nobody to vote or to lead, or two members in one place. */
const forbidden: Readonly<Record<string, (leader: Process, nemesis: Nemesis) => Promise<unknown>>> = {
  "no voter left": ({ raft }) => raft.changeMembership({ demote: [...raft.core.membership.voters] }),
  "nobody left to lead": ({ raft }) => raft.changeMembership({ demote: raft.core.membership.members.filter(({ masterEligible }) => masterEligible).map(({ id }) => id) }),
  "an address that is taken": ({ raft }) => raft.changeMembership({ upsert: [{ ...raft.core.membership.members[0]!, id: "999" as NodeId }] }),
  "somebody unknown": ({ raft }) => raft.changeMembership({ promote: ["998" as NodeId] }),
  "the leader, by an operator": ({ raft, memberChange }) => memberChange.apply(removalOf(raft.id, { force: false, dryRun: false })),
  "everybody, one by one": ({ raft, memberChange }) => Promise.allSettled(raft.core.membership.voters.map((id) => memberChange.apply(removalOf(id, { force: false, dryRun: true })))),
  "a voter's disk": ({ raft }) => {
    const { members, voters } = raft.core.membership;
    const other = members.find(({ id }) => id !== raft.id && voters.includes(id));
    return raft.changeMembership({ upsert: other === undefined ? [] : [{ ...other, incarnation: other.incarnation + 7 }] });
  },
  "an address where nobody is": ({ memberChange }) => memberChange.add({ peerAddress: "n995:1", name: null, unreachableOk: false, dryRun: false }),
  "the end of a replacement that is none": ({ raft }) => raft.changeMembership({ cancelReplacement: "none" }),
  "a transfer, on a follower": async ({ raft }, nemesis) => nemesis.nodes.find(({ id }) => id !== raft.id)?.process?.raft.transferLeadership(undefined),
  "a change, during a transfer": ({ raft }) => Promise.allSettled([raft.transferLeadership(undefined), raft.changeMembership({ promote: ["997" as NodeId] })]),
};

export function drawForbiddenChanges(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "forbidden changes", text: "an operator asks for everything that is refused",
    strike: (nemesis) => {
      Object.entries(forbidden).forEach(([what, ask], position) => {
        nemesis.after((position * electionTimeout) / 4, () => {
          nemesis.world.count("forbidden change");
          nemesis.world.operator.attempt(`forbidden: ${what}`, (leader) => ask(leader.process!, nemesis));
        });
      });
    },
  };
}

/** A newcomer that fails while it is let in: cut off from the leader, gone for good, or back with an empty disk. */
export function drawUnluckyNewcomer(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const fate = pick(prng, ["nobody reaches it", "gone for good", "vanishes", "vanishes", "an empty disk", "an empty disk", "crash", "its leader crashes", "misses its promotion", "misses its promotion"] as const);
  const afterMs = electionTimeout * pick(prng, [0.2, 0.6, 1.2]);
  return {
    // What the leader notices by itself takes it a long time.
    at: fate === "vanishes" ? at / 8 : at,
    kind: "unlucky newcomer", text: `a newcomer asks its way in, and ${afterMs.toFixed(0)} ms later: ${fate}`,
    strike: (nemesis) => {
      const node = nemesis.world.operator.join();
      if (node === undefined) return;
      nemesis.world.count("unlucky newcomer");
      if (fate === "misses its promotion") return missPromotion(nemesis, node);
      // Nobody tells the leader, which has just let it in: it notices by itself.
      if (fate === "vanishes") return vanishOnceAdmitted(nemesis, node);
      if (fate === "nobody reaches it") return nemesis.cut((_from, to) => to !== node, 4 * electionTimeout, `nobody reaches ${node.name}`);
      nemesis.after(afterMs, () => {
        if (fate === "crash") return nemesis.crash(node, "powerLoss", electionTimeout, "a newcomer");
        if (fate === "its leader crashes") return nemesis.crash(nemesis.leader() ?? node, "kill", electionTimeout, "while a newcomer is let in");
        if (!nemesis.world.mayLoseDisk(node)) return;
        if (fate === "gone for good") return nemesis.world.operator.replace(node);
        // Refused by everybody from then on, it is replaced whatever happens in between.
        node.doomed = true;
        nemesis.world.operator.attempt(`a new incarnation of ${node.name}`, (leader) => reincarnation(leader, node));
        nemesis.world.stage.at(electionTimeout, () => nemesis.world.operator.replace(node));
      });
    },
  };
}

function vanishOnceAdmitted(nemesis: Nemesis, newcomer: SimNode): void {
  const vanish = (): void => {
    if (nemesis.world.mayLoseDisk(newcomer)) newcomer.destroy();
  };
  nemesis.arm({ point: "event.membershipAppended", count: 1, strike: vanish });
}

/** Everybody knows that it votes but itself, and its leader is gone: it must vote all the same (H29). */
function missPromotion(nemesis: Nemesis, newcomer: SimNode): void {
  const { electionTimeout } = nemesis;
  nemesis.arm({
    point: "event.membershipAppended", count: 1,
    strike: () => nemesis.arm({
      point: `role.leader.voter.${newcomer.name}`, count: 1,
      strike: (leader) => {
        nemesis.cut((from, to) => from !== leader || to !== newcomer, 5 * electionTimeout, `${newcomer.name} does not hear ${leader.name}, which makes it a voter`);
        nemesis.after(electionTimeout / 4, () => nemesis.crash(leader, "kill", 3 * electionTimeout, "a newcomer misses its promotion"));
      },
    }),
  });
}

/** The membership learns that the disk of a learner is another one; the machine itself is replaced soon. */
async function reincarnation(leader: SimNode, node: SimNode): Promise<unknown> {
  const { raft } = leader.process!;
  const { learners, members } = raft.core.membership;
  const member = members.find(({ id }) => id === node.id);
  if (member === undefined || !learners.includes(node.id)) return undefined;
  return raft.changeMembership({ upsert: [{ ...member, incarnation: member.incarnation + 1 }] });
}

/** A node comes back at another address, and says so. */
export function drawMoved(_prng: Prng, at: number): PlannedFault {
  return {
    at, kind: "moved", text: "one node comes back at another address for its clients",
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("moved");
      node.clientPort += 1;
      nemesis.crash(node, "kill", 0, "it moves");
    },
  };
}
