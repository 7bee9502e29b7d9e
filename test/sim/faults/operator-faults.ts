// What operators do at the worst moment: membership changes, leadership transfers, snapshots.

import type { Prng } from "../../../src/base/prng.ts";
import type { NodeId } from "../../../src/base/ids.ts";
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

/** Refused, all of it: what would leave nobody to vote or to lead, or two members in one place. */
export function drawForbiddenChange(prng: Prng, at: number): PlannedFault {
  const what = pick(prng, ["no voter left", "an address that is taken", "somebody unknown", "the leader, by an operator", "everybody, one by one", "a voter's disk", "on a follower", "during a transfer"] as const);
  return {
    at, kind: "forbidden change", text: `a change that is refused: ${what}`,
    strike: (nemesis) => {
      nemesis.world.count("forbidden change");
      nemesis.world.operator.attempt(`forbidden: ${what}`, (leader) => forbidden(what, leader, nemesis));
    },
  };
}

async function forbidden(what: string, leader: SimNode, nemesis: Nemesis): Promise<unknown> {
  const { raft, memberChange } = leader.process!;
  const { voters, members } = raft.core.membership;
  const other = members.find(({ id }) => id !== leader.id);
  const follower = nemesis.nodes.find((node) => node !== leader && node.process !== undefined)?.process?.raft;
  switch (what) {
    case "no voter left": return raft.changeMembership({ demote: [...voters] });
    case "an address that is taken": return raft.changeMembership({ upsert: [{ ...members[0]!, id: "999" as NodeId }] });
    case "somebody unknown": return raft.changeMembership({ promote: ["998" as NodeId] });
    case "the leader, by an operator": return memberChange.remove(leader.id, { force: false, dryRun: false });
    case "everybody, one by one": return Promise.all(voters.map((id) => memberChange.remove(id, { force: false, dryRun: true })));
    case "a voter's disk": return other === undefined ? undefined : raft.changeMembership({ upsert: [{ ...other, incarnation: other.incarnation + 7 }] });
    case "on a follower": return follower === undefined ? undefined : Promise.all([follower.transferLeadership(undefined), follower.changeMembership({ demote: [leader.id] })]);
    default: {
      const transfer = raft.transferLeadership(undefined);
      return Promise.allSettled([transfer, raft.changeMembership({ demote: other === undefined ? [] : [other.id] })]);
    }
  }
}

/** Leadership changes hands again and again, and the one that is asked to take it fails at that moment. */
export function drawTransferTrouble(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const point = pick(prng, ["send.timeoutNow", "answer.timeoutNow", "role.candidate"]);
  const fate = pick(prng, ["pause the target", "isolate the target", "isolate the leader", "crash the leader"] as const);
  const ms = electionTimeout * pick(prng, [0.3, 1.5, 3]);
  return {
    at, kind: "transfer trouble", text: `a transfer, and at ${point}: ${fate}, for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      nemesis.world.count("transfer trouble");
      const leader = nemesis.leader();
      const target = nemesis.nodes.find((node) => node !== leader && node.up);
      if (leader === undefined || target === undefined) return;
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

/** A newcomer that fails while it is let in: cut off from the leader, gone for good, or back with an empty disk. */
export function drawUnluckyNewcomer(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const fate = pick(prng, ["nobody reaches it", "gone for good", "an empty disk", "crash", "its leader crashes"] as const);
  const afterMs = electionTimeout * pick(prng, [0.2, 0.6, 1.2]);
  return {
    at, kind: "unlucky newcomer", text: `a newcomer asks its way in, and ${afterMs.toFixed(0)} ms later: ${fate}`,
    strike: (nemesis) => {
      const node = nemesis.world.operator.join();
      if (node === undefined) return;
      nemesis.world.count("unlucky newcomer");
      if (fate === "nobody reaches it") return nemesis.cut((_from, to) => to !== node, 4 * electionTimeout, `nobody reaches ${node.name}`);
      nemesis.after(afterMs, () => {
        if (fate === "crash") return nemesis.crash(node, "powerLoss", electionTimeout, "a newcomer");
        if (fate === "its leader crashes") return nemesis.crash(nemesis.leader() ?? node, "kill", electionTimeout, "while a newcomer is let in");
        if (!nemesis.world.mayLoseDisk(node)) return;
        if (fate === "gone for good") return nemesis.world.operator.replace(node);
        // Refused by everybody from then on, it is replaced whatever happens in between.
        nemesis.world.operator.attempt(`a new incarnation of ${node.name}`, (leader) => reincarnation(leader, node));
        nemesis.world.stage.at(electionTimeout, () => nemesis.world.operator.replace(node));
      });
    },
  };
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
