// The checker that what is committed is durable on a quorum: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import type { Membership } from "../../../src/raft/membership.ts";
import { membershipOf } from "../../raft/harness/members.ts";
import { CommittedIsDurable } from "./committed-is-durable.ts";
import { DisksDouble } from "./support/disks-double.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

interface Scene {
  readonly property: CommittedIsDurable;
  readonly disks: DisksDouble;
  readonly leader: ReplicaDouble;
}

/** n1 leads term 2, its log is 1 2, and nothing is committed. */
function scene(membership = membershipOf({ voters: ["n1", "n2", "n3"] })): Scene {
  const disks = new DisksDouble();
  const property = new CommittedIsDurable(disks);
  const leader = new ReplicaDouble("n1", [1, 2]);
  leader.membership = membership;
  leader.lead(2);
  property.stepped(leader);
  return { property, disks, leader };
}

function commit({ property, leader }: Scene, index: number): void {
  leader.commitIndex = index;
  property.stepped(leader);
}

test("an entry that is durable on the leader alone is not committed (§5.3)", () => {
  const it = scene();
  it.disks.hold("n1", { terms: [1, 2] });
  it.disks.hold("n2", { terms: [1] });
  expect(() => commit(it, 2)).toThrow("n1 has committed index 2 of term 2, which is durable on nodes 1 only");
});

test("the leader counts itself only when its own disk has the entry, and needs no disk of its own (H16; diss. §10.2.1)", () => {
  const early = scene();
  early.disks.hold("n2", { terms: [1, 2] });
  expect(() => commit(early, 2)).toThrow("durable on nodes 2 only");
  const withoutIt = scene();
  for (const name of ["n2", "n3"]) withoutIt.disks.hold(name, { terms: [1, 2] });
  commit(withoutIt, 2);
});

test("another entry at the same index does not count (H19)", () => {
  const it = scene();
  it.disks.hold("n1", { terms: [1, 2] });
  it.disks.hold("n2", { terms: [1, 1] });
  expect(() => commit(it, 2)).toThrow("durable on nodes 1 only");
});

test("every entry that a commit reaches is looked at, not only the last one (H17)", () => {
  const it = scene();
  it.disks.hold("n1", { terms: [1, 2] });
  it.disks.hold("n2", { terms: [2, 2] });
  expect(() => commit(it, 2)).toThrow("index 1 of term 1");
});

test("an entry of an earlier term is not committed by counting (§5.4.2, Figure 8; H10)", () => {
  const it = scene();
  for (const name of ["n1", "n2", "n3"]) it.disks.hold(name, { terms: [1, 2] });
  expect(() => commit(it, 1)).toThrow("n1 leads term 2 and commits index 1 of term 1 by counting");
});

test("a learner's disk does not count (H29)", () => {
  const it = scene(membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4"] }));
  for (const name of ["n1", "n4"]) it.disks.hold(name, { terms: [1, 2] });
  expect(() => commit(it, 2)).toThrow("Committed Is Durable");
});

test("a joint membership needs both majorities (§6; H27)", () => {
  const joint = membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: ["n1", "n2", "n3"] });
  const it = scene(joint);
  for (const name of ["n1", "n4", "n5"]) it.disks.hold(name, { terms: [1, 2] });
  expect(() => commit(it, 2)).toThrow("Committed Is Durable");
  const both = scene(joint);
  for (const name of ["n1", "n2", "n4"]) both.disks.hold(name, { terms: [1, 2] });
  commit(both, 2);
});

test("a joint membership that is left by its own commit was counted under both majorities (§6; H27)", () => {
  const old = ["n1", "n2", "n3"];
  const joint = membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: old });
  const begin = (): Scene => {
    const it = scene(membershipOf({ voters: old }));
    it.leader.writeMembership(2, joint);
    it.property.stepped(it.leader);
    it.leader.commitIndex = 3;
    it.leader.writeMembership(2, membershipOf({ voters: ["n1", "n4", "n5"] }));
    return it;
  };
  const onlyNew = begin();
  for (const name of ["n1", "n4", "n5"]) onlyNew.disks.hold(name, { terms: [1, 2, 2] });
  expect(() => onlyNew.property.stepped(onlyNew.leader)).toThrow("Committed Is Durable");
  const both = begin();
  for (const name of ["n1", "n2", "n4"]) both.disks.hold(name, { terms: [1, 2, 2] });
  both.property.stepped(both.leader);
});

test("after the joint membership C_new alone decides, also for an entry before it was left (§6)", () => {
  const old = ["n1", "n2", "n3"];
  const it = scene(membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: old }));
  for (const name of ["n1", "n2", "n4"]) it.disks.hold(name, { terms: [1, 2] });
  commit(it, 2);
  it.leader.write(2);
  it.leader.writeMembership(2, membershipOf({ voters: ["n1", "n4", "n5"] }));
  it.property.stepped(it.leader);
  for (const name of ["n1", "n4"]) it.disks.hold(name, { terms: [1, 2, 2, 2] });
  commit(it, 4);
});

test("what a disk holds in a snapshot is durable, and what the leader has compacted is not asked for (§7)", () => {
  const it = scene();
  it.disks.hold("n1", { terms: [1, 2] });
  it.disks.hold("n2", { snapshotIndex: 2 });
  commit(it, 2);
  it.leader.compact(2);
  it.leader.write(2);
  for (const name of ["n1", "n3"]) it.disks.hold(name, { snapshotIndex: 2, terms: [2] });
  commit(it, 3);
});

test("what a follower is the first to show, because its leader died, must be on a majority of disks too", () => {
  const { property, disks } = scene();
  const follower = new ReplicaDouble("n2", [1, 2]);
  follower.commitIndex = 2;
  disks.hold("n2", { terms: [1, 2] });
  expect(() => property.stepped(follower)).toThrow("n2 has committed index 1 of term 1, which is durable on nodes 2 only");
  const legal = scene();
  for (const name of ["n1", "n2"]) legal.disks.hold(name, { terms: [1, 2] });
  legal.property.stepped(follower);
});

test("what a follower is the first to show may have been counted before the change that its leader began in its last event (§6)", () => {
  const learnedWith = (membership: Membership, holders: readonly string[]): (() => void) => {
    const { property, disks } = scene();
    for (const name of holders) disks.hold(name, { terms: [1, 2, 2] });
    const follower = new ReplicaDouble("n2", [1, 2]);
    follower.writeMembership(2, membership);
    follower.commitIndex = 2;
    return () => property.stepped(follower);
  };
  const joint = membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: ["n1", "n2", "n3"] });
  expect(learnedWith(joint, ["n2", "n3"])).not.toThrow();
  expect(learnedWith(joint, ["n1", "n4"])).not.toThrow();
  expect(learnedWith(joint, ["n2", "n4"])).toThrow("Committed Is Durable");
  expect(learnedWith(membershipOf({ voters: ["n1", "n4", "n5"] }), ["n1", "n2", "n3"])).toThrow("Committed Is Durable");
});

test("an index is looked at once: a disk may be lost later, and followers commit behind their leader", () => {
  const it = scene();
  for (const name of ["n1", "n2"]) it.disks.hold(name, { terms: [1, 2] });
  commit(it, 2);
  it.disks.hold("n2", {});
  it.property.stepped(it.leader);
  const follower = new ReplicaDouble("n2", [1, 2]);
  follower.commitIndex = 2;
  it.property.stepped(follower);
});

test("what a disk held when its process died counts, although the disk is lost: its acknowledgement was on its way", () => {
  const it = scene();
  const follower = new ReplicaDouble("n2", [1, 2]);
  it.property.booted(follower);
  for (const name of ["n1", "n2"]) it.disks.hold(name, { terms: [1, 2] });
  it.property.crashed("n2");
  it.disks.hold("n2", {});
  it.property.crashed("n2");
  commit(it, 2);
  const back = scene();
  back.property.booted(follower);
  for (const name of ["n1", "n2"]) back.disks.hold(name, { terms: [1, 2] });
  back.property.crashed("n2");
  back.disks.hold("n2", {});
  back.property.booted(follower);
  expect(() => commit(back, 2)).toThrow("durable on nodes 1 only");
});

test("what is committed when the first node starts was founded and not counted", () => {
  const property = new CommittedIsDurable(new DisksDouble());
  const founder = new ReplicaDouble("n1", [1]);
  founder.commitIndex = 1;
  property.booted(founder);
  property.stepped(founder);
});

test("what a leader commits in the event in which it begins a change and steps down, it counted under the membership before (§6)", () => {
  const it = scene();
  it.disks.hold("n1", { terms: [1, 2] });
  it.disks.hold("n2", { terms: [1, 2] });
  it.leader.membership = membershipOf({ voters: ["n1", "n3"], votersOutgoing: ["n1", "n2", "n3"] });
  it.leader.role = "follower";
  expect(() => commit(it, 2)).not.toThrow();
  const early = scene();
  early.disks.hold("n1", { terms: [1, 2] });
  early.leader.role = "follower";
  expect(() => commit(early, 2)).toThrow("durable on nodes 1 only");
});
