// The checker that only voters count, once: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import type { Message } from "../../../src/raft/message.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import { idOf, membershipOf } from "../../raft/harness/members.ts";
import { LearnersNeverCount } from "./learners-never-count.ts";
import { elected } from "./support/events.ts";
import { acknowledged, installedUpTo, voteGranted, voteRefused } from "./support/messages.ts";
import { ReplicaDouble, threeVoters } from "./support/replica-double.ts";

const withLearner = membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4"] });
const joint = membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: ["n1", "n2", "n3"] });

/** What others say to n1. */
function hear(property: LearnersNeverCount, names: readonly string[], message: Message): void {
  for (const name of names) property.sending(new ReplicaDouble(name), idOf("n1"), message);
}

function elect(property: LearnersNeverCount, membership: Membership): void {
  const candidate = new ReplicaDouble("n1", [1]);
  candidate.membership = membership;
  candidate.role = "candidate";
  candidate.currentTerm = 2;
  property.stepped(candidate);
  candidate.lead(2);
  property.observed(candidate, elected(2));
}

/** n1 leads term 2 with the log 1 2 2. */
function leading(property: LearnersNeverCount, membership: Membership): ReplicaDouble {
  const leader = new ReplicaDouble("n1", [1, 2, 2]);
  leader.membership = membership;
  leader.lead(2);
  property.stepped(leader);
  return leader;
}

test("a leader with the votes of itself, a learner and a stranger was not elected (§5.2, H29)", () => {
  const property = new LearnersNeverCount();
  hear(property, ["n4", "n9"], voteGranted(2));
  hear(property, ["n2"], voteRefused(2));
  expect(() => elect(property, withLearner)).toThrow("n1 wins term 2 with the votes of itself and of nodes 4, 9, where nodes 1, 2, 3 vote");
});

test("a vote that arrives twice is one vote, and one of another term or for another candidate is none (H2)", () => {
  const five = membershipOf({ voters: ["n1", "n2", "n3", "n4", "n5"] });
  const property = new LearnersNeverCount();
  hear(property, ["n2", "n2", "n2"], voteGranted(2));
  hear(property, ["n3"], voteGranted(1));
  property.sending(new ReplicaDouble("n4"), idOf("n5"), voteGranted(2));
  expect(() => elect(property, five)).toThrow("Learners Never Count");
  hear(property, ["n3"], voteGranted(2));
  elect(property, five);
});

test("an election under a joint membership needs both majorities (§6, H27)", () => {
  const property = new LearnersNeverCount();
  hear(property, ["n4", "n5"], voteGranted(2));
  expect(() => elect(property, joint)).toThrow("where nodes 1, 4, 5 and of nodes 1, 2, 3 vote");
  hear(property, ["n3"], voteGranted(2));
  elect(property, joint);
});

test("a candidate that is no voter any more does not count itself (diss. §4.2.2)", () => {
  const others = membershipOf({ voters: ["n2", "n3"] });
  const property = new LearnersNeverCount();
  hear(property, ["n2"], voteGranted(2));
  expect(() => elect(property, others)).toThrow("Learners Never Count");
  hear(property, ["n3"], voteGranted(2));
  elect(property, others);
});

test("a commit that a learner's acknowledgement made is a violation (H29)", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, withLearner);
  hear(property, ["n4", "n9"], acknowledged(2, 3));
  hear(property, ["n2"], acknowledged(2, 1));
  leader.commitIndex = 3;
  expect(() => property.stepped(leader)).toThrow("n1 leads term 2 and commits index 3, where nodes 1, 2, 3 vote and have acknowledged: node 4 index 3, node 9 index 3, node 2 index 1");
});

test("acknowledgements of an older term, or to another leader, do not count", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, threeVoters);
  hear(property, ["n2", "n3"], acknowledged(1, 3));
  property.sending(new ReplicaDouble("n2"), idOf("n3"), acknowledged(2, 3));
  leader.commitIndex = 3;
  expect(() => property.stepped(leader)).toThrow("Learners Never Count");
});

test("late acknowledgements of an older term do not displace those of the new one", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, threeVoters);
  hear(property, ["n2"], acknowledged(2, 3));
  hear(property, ["n3"], acknowledged(1, 9));
  leader.commitIndex = 3;
  property.stepped(leader);
});

test("a deposed leader that slept reads what was said in its own term, although later terms have answered it by now", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, threeVoters);
  hear(property, ["n2"], acknowledged(2, 3));
  hear(property, ["n3"], acknowledged(5, 1));
  leader.commitIndex = 3;
  property.stepped(leader);
});

test("a commit under a joint membership needs both majorities, and the end of it as well (§6, H27)", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, joint);
  hear(property, ["n4", "n5"], acknowledged(2, 3));
  leader.commitIndex = 2;
  leader.writeMembership(2, membershipOf({ voters: ["n1", "n4", "n5"] }));
  expect(() => property.stepped(leader)).toThrow("where nodes 1, 4, 5 and of nodes 1, 2, 3 vote and have acknowledged: node 4 index 3, node 5 index 3");
  const legal = new LearnersNeverCount();
  const other = leading(legal, joint);
  hear(legal, ["n2", "n4"], acknowledged(2, 3));
  other.commitIndex = 3;
  other.writeMembership(2, membershipOf({ voters: ["n1", "n4", "n5"] }));
  legal.stepped(other);
});

test("a voter that took a snapshot has acknowledged all that is in it (§7)", () => {
  const property = new LearnersNeverCount();
  const leader = leading(property, threeVoters);
  hear(property, ["n3"], installedUpTo(2, 3));
  leader.commitIndex = 3;
  property.stepped(leader);
});

test("a node that has just been elected knows of commits that others counted", () => {
  const property = new LearnersNeverCount();
  const replica = new ReplicaDouble("n1", [1, 1]);
  replica.commitIndex = 2;
  property.stepped(replica);
  replica.lead(2);
  replica.write(2);
  property.stepped(replica);
});
