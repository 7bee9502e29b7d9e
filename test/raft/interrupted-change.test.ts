// Membership changes that are interrupted at every step: after each single message, in turn, the leader crashes, is cut off, or everybody crashes.
// Whoever leads next finishes the change or rolls it back, and all servers agree on which it was.

import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { isJoint, isVoter } from "../../src/raft/membership.ts";
import type { Membership, MembershipChange } from "../../src/raft/membership.ts";
import { Cluster } from "./harness/cluster.ts";
import { idOf, member, membershipOf, pristine } from "./harness/members.ts";

const ids = (...names: string[]) => names.map(idOf);

const changes: Record<string, MembershipChange> = {
  "two of three voters are replaced": { promote: ids("n4", "n5"), remove: ids("n2", "n3") },
  "one voter is replaced": { promote: ids("n4"), remove: ids("n3") },
  "the leader removes itself": { remove: ids("n1") },
  "the leader becomes a learner while another votes instead": { demote: ids("n1"), promote: ids("n4") },
  "a learner leaves together with a voter": { promote: ids("n4"), remove: ids("n3", "n5") },
  "a new learner is added": { upsert: [member("n6")] },
};

type Interruption = (cluster: Cluster) => void;
const interruptions: Record<string, Interruption> = {
  "the leader crashes": (cluster) => cluster.crash("n1"),
  "the leader crashes and loses what its disk had not written": (cluster) => cluster.crash("n1"),
  "the leader is cut off": (cluster) => cluster.isolate("n1"),
  "everybody crashes and comes back": (cluster) => {
    for (const name of cluster.servers.keys()) cluster.crash(name);
  },
};

/** Three voters led by n1, two learners that have caught up, and a sixth that nobody knows. */
function founded(): Cluster {
  const cluster = new Cluster(["n1", "n2", "n3"], { options: () => ({ appendBytesMax: 1 }) });
  cluster.elect("n1");
  for (const name of ["n4", "n5"]) {
    cluster.add(name, pristine(membershipOf({})));
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { upsert: [member(name)] } }));
  }
  cluster.add("n6", pristine(membershipOf({})));
  cluster.advance(50);
  return cluster;
}

/** A write is on its way when the change begins, and goes in a request of its own. */
function ask(cluster: Cluster, change: MembershipChange): void {
  cluster.server("n1").stepOnly({ kind: "propose", ticket: 1000, data: utf8("on the way") }, cluster.now);
  cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change }));
  cluster.advance(10);
}

/** What the change comes to, and how many messages it takes, when nothing interrupts it. */
function undisturbed(change: MembershipChange): { readonly after: Membership; readonly steps: number } {
  const cluster = founded();
  const before = cluster.sent.length;
  ask(cluster, change);
  const leader = cluster.leaders[0]!;
  expect(isJoint(cluster.node(leader).membership)).toBe(false);
  return { after: cluster.node(leader).membership, steps: cluster.sent.length - before };
}

/** Asks for the change, and interrupts when `steps` messages were delivered. */
function interruptedAfter(steps: number, change: MembershipChange, how: string): Cluster {
  const cluster = founded();
  cluster.server("n1").diskHeld = how.includes("loses");
  let left = steps;
  cluster.drops = ({ from, to }) => {
    left -= 1;
    if (left === -1) interruptions[how]!(cluster);
    return left < 0 && (from === "n1" || to === "n1");
  };
  ask(cluster, change);
  if (left >= 0) interruptions[how]!(cluster);
  cluster.drops = () => false;
  cluster.server("n1").diskHeld = false;
  return cluster;
}

/** One leader, that has committed the latest membership, which is not joint. */
function settledOn(cluster: Cluster): Membership {
  const leads = (name: string): boolean => {
    const { node } = cluster.server(name);
    return node.termCommitted && !isJoint(node.membership) && JSON.stringify(node.membershipAt(node.commitIndex)) === JSON.stringify(node.membership);
  };
  const newest = (): string | undefined => cluster.leaders.toSorted((left, right) => cluster.node(right).currentTerm - cluster.node(left).currentTerm)[0];
  cluster.advanceUntil(() => {
    const leader = newest();
    return leader !== undefined && leads(leader);
  }, 2000);
  return cluster.node(newest()!).membership;
}

const text = (membership: Membership): string => JSON.stringify(membership);

function runInterrupted(steps: number, change: MembershipChange, how: string): Membership {
  const cluster = interruptedAfter(steps, change, how);
  const restarting = [...cluster.servers.values()].filter((server) => !server.up).map((server) => server.name);
  if (how.startsWith("everybody")) for (const name of restarting) cluster.restart(name);
  const decided = settledOn(cluster);
  for (const name of restarting) if (!cluster.server(name).up) cluster.restart(name);
  cluster.heal();
  cluster.advance(400);
  const final = settledOn(cluster);
  expect(text(final)).toBe(text(decided));
  const leader = cluster.leaders[0]!;
  cluster.propose(leader, "afterwards");
  cluster.advance(100);
  for (const { id } of final.members) {
    const { node } = cluster.server(`n${id}`);
    expect([text(node.membership), node.lastApplied]).toEqual([text(final), cluster.node(leader).lastIndex]);
    expect(node.role === "learner").toBe(!isVoter(final, id));
  }
  cluster.checker.logs();
  return final;
}

describe("a membership change that is interrupted after each of its messages is finished by a successor, or rolled back as a whole (H27, H28)", () => {
  for (const [what, change] of Object.entries(changes)) {
    test.each(Object.keys(interruptions))(`${what}; %s`, (how) => {
      const before = founded().node("n1").membership;
      const { after, steps } = undisturbed(change);
      const outcomes = new Set<string>();
      for (let step = 0; step <= steps; step += 1) outcomes.add(text(runInterrupted(step, change, how)));
      for (const outcome of outcomes) expect([text(before), text(after)]).toContain(outcome);
      // Early enough it is rolled back, late enough it is finished. When all come back, the disk of the leader has it from the beginning.
      expect(outcomes.size).toBe(how.startsWith("everybody") ? 1 : 2);
    });
  }
});
