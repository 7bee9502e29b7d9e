// The rule by which commits are recounted: which memberships a leader may have counted under.

import { expect, test } from "vitest";
import { leaveJoint } from "../../../src/raft/membership.ts";
import { membershipOf } from "../../raft/harness/members.ts";
import { ledBefore, ledNow, requirementsOf } from "./commit-rule.ts";
import { ReplicaDouble, threeVoters } from "./support/replica-double.ts";

const joint = membershipOf({ voters: ["n1", "n2", "n4"], votersOutgoing: ["n1", "n2", "n3"] });
const withLearner = membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4"] });

function leaderWith(commitIndex: number): ReplicaDouble {
  const leader = new ReplicaDouble("n1", [1, 2]);
  leader.lead(2);
  leader.commitIndex = commitIndex;
  return leader;
}

test("a membership that was appended in the event did not count yet (§6)", () => {
  const leader = leaderWith(2);
  leader.writeMembership(2, withLearner);
  expect(requirementsOf(leader, threeVoters, 1)).toEqual([{ membership: threeVoters, upTo: 2 }]);
  leader.membership = joint;
  expect(requirementsOf(leader, threeVoters, 1)).toEqual([{ membership: threeVoters, upTo: 2 }]);
});

test("the joint membership itself, and all before it, need both majorities; what follows needs C_new (§6, H27)", () => {
  const leader = leaderWith(4);
  leader.writeMembership(2, joint);
  leader.write(2);
  leader.writeMembership(2, leaveJoint(joint));
  expect(requirementsOf(leader, joint, 2)).toEqual([{ membership: joint, upTo: 3 }, { membership: leader.membership, upTo: 4 }]);
});

test("a joint membership of the leader before is left when the new leader's first entry is committed under it (§6)", () => {
  const leader = leaderWith(2);
  leader.writeMembership(2, leaveJoint(joint));
  expect(requirementsOf(leader, joint, 2)[0]).toEqual({ membership: joint, upTo: 2 });
});

test("what a leader was in another term or boot says nothing of now", () => {
  const leader = leaderWith(2);
  const seen = ledNow(leader);
  expect([ledBefore(seen, leader), ledBefore(undefined, leader)]).toEqual([true, false]);
  leader.currentTerm = 3;
  expect(ledBefore(seen, leader)).toBe(false);
  leader.currentTerm = 2;
  leader.reboot();
  expect(ledBefore(seen, leader)).toBe(false);
});
