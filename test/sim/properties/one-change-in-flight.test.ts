// The checker that membership changes come one at a time: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { leaveJoint } from "../../../src/raft/membership.ts";
import { membershipOf } from "../../raft/harness/members.ts";
import { OneChangeInFlight } from "./one-change-in-flight.ts";
import { ReplicaDouble, threeVoters } from "./support/replica-double.ts";

const withLearner = membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4"] });
const joint = membershipOf({ voters: ["n1", "n2", "n3", "n4"], votersOutgoing: ["n1", "n2", "n3"] });

/** n1 leads term 2 and has committed its no-op at index 2. */
function leading(property: OneChangeInFlight): ReplicaDouble {
  const leader = new ReplicaDouble("n1", [1, 2]);
  leader.lead(2);
  leader.commitIndex = 2;
  property.stepped(leader);
  return leader;
}

test("a second change before the first one is committed is a violation (§6, H26)", () => {
  const property = new OneChangeInFlight();
  const leader = leading(property);
  leader.writeMembership(2, withLearner);
  property.stepped(leader);
  leader.writeMembership(2, threeVoters);
  expect(() => property.stepped(leader)).toThrow("n1 appends a membership at index 4 in term 2 while the one at index 3 is not committed");
});

test("two changes in one event are two changes (H26)", () => {
  const property = new OneChangeInFlight();
  const leader = leading(property);
  leader.writeMembership(2, withLearner);
  leader.writeMembership(2, { ...threeVoters });
  expect(() => property.stepped(leader)).toThrow("index 4 in term 2 while the one at index 3 is not committed");
});

test("a change on top of an uncommitted one of the leader before is a violation (H26)", () => {
  const property = new OneChangeInFlight();
  const leader = new ReplicaDouble("n1", [1]);
  leader.writeMembership(1, withLearner);
  leader.write(2);
  leader.lead(2);
  leader.commitIndex = 1;
  property.stepped(leader);
  leader.writeMembership(2, threeVoters);
  expect(() => property.stepped(leader)).toThrow("while the one at index 2 is not committed");
});

test("a change before an entry of the leader's own term is committed is a violation (the bug of 2015, H26)", () => {
  const property = new OneChangeInFlight();
  const leader = leading(property);
  leader.commitIndex = 1;
  leader.writeMembership(2, withLearner);
  expect(() => property.stepped(leader)).toThrow("before an entry of that term is committed");
});

test("voters that change without a joint membership, and a joint one that is left to something else, are violations (§6, H27)", () => {
  const direct = new OneChangeInFlight();
  const leader = leading(direct);
  leader.writeMembership(2, membershipOf({ voters: ["n1", "n2"] }));
  expect(() => direct.stepped(leader)).toThrow("that is not one step from the one before it");
  const wrong = new OneChangeInFlight();
  const other = leading(wrong);
  other.writeMembership(2, joint);
  wrong.stepped(other);
  other.commitIndex = 3;
  other.writeMembership(2, threeVoters);
  expect(() => wrong.stepped(other)).toThrow("that is not one step");
});

test("a joint membership that is left before it is committed is a violation (§6, H27)", () => {
  const property = new OneChangeInFlight();
  const leader = leading(property);
  leader.writeMembership(2, joint);
  property.stepped(leader);
  leader.writeMembership(2, leaveJoint(joint));
  expect(() => property.stepped(leader)).toThrow("index 4 in term 2 while the one at index 3 is not committed");
});

test("a joint membership that is left in the event that commits it is legal (§6)", () => {
  const property = new OneChangeInFlight();
  const leader = leading(property);
  leader.writeMembership(2, joint);
  property.stepped(leader);
  leader.commitIndex = 3;
  leader.writeMembership(2, leaveJoint(joint));
  property.stepped(leader);
});

test("a new leader may have two memberships beyond its commitIndex: its predecessor had committed the first one", () => {
  const property = new OneChangeInFlight();
  const follower = new ReplicaDouble("n2", [1, 2]);
  property.stepped(follower);
  follower.writeMembership(2, joint);
  follower.writeMembership(2, leaveJoint(joint));
  property.stepped(follower);
  follower.lead(3);
  follower.write(3);
  property.stepped(follower);
  follower.commitIndex = 5;
  property.stepped(follower);
  follower.writeMembership(3, { ...leaveJoint(joint) });
  property.stepped(follower);
});

test("a membership that was truncated counts no more, and one in the snapshot is committed", () => {
  const property = new OneChangeInFlight();
  const replica = new ReplicaDouble("n1", [1]);
  property.stepped(replica);
  replica.writeMembership(1, withLearner);
  property.stepped(replica);
  replica.truncateFrom(2);
  replica.membership = threeVoters;
  replica.write(2);
  replica.lead(2);
  replica.commitIndex = 2;
  property.stepped(replica);
  replica.writeMembership(2, withLearner);
  property.stepped(replica);
  replica.commitIndex = 3;
  replica.compact(3);
  property.stepped(replica);
  replica.writeMembership(2, threeVoters);
  property.stepped(replica);
});
