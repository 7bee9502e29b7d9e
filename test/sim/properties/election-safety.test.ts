// The checker of Election Safety: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { idOf } from "../../raft/harness/members.ts";
import { ElectionSafety } from "./election-safety.ts";
import { elected, steppedDown } from "./support/events.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function leaderOf(name: string, term: number): ReplicaDouble {
  const replica = new ReplicaDouble(name);
  replica.lead(term);
  return replica;
}

test("two leaders of one term are a violation (§5.2)", () => {
  const property = new ElectionSafety();
  property.observed(leaderOf("n1", 3), elected(3));
  expect(() => property.observed(leaderOf("n2", 3), elected(3))).toThrow("n2 leads term 3, and node 1 does as well");
});

test("a second leader is found without an announcement, from its role alone (§5.2)", () => {
  const property = new ElectionSafety();
  property.stepped(leaderOf("n1", 3));
  expect(() => property.stepped(leaderOf("n2", 3))).toThrow("Election Safety");
});

test("a node that leads the same term again after a crash is a violation: its vote was used up (§5.2)", () => {
  const property = new ElectionSafety();
  const replica = leaderOf("n1", 3);
  property.observed(replica, elected(3));
  property.stepped(replica);
  replica.reboot();
  replica.lead(3);
  expect(() => property.observed(replica, elected(3))).toThrow("again in boot 2");
});

test("a node that wins the same term twice in one boot is a violation (§5.2)", () => {
  const property = new ElectionSafety();
  const replica = leaderOf("n1", 3);
  property.observed(replica, elected(3));
  property.observed(replica, steppedDown(3));
  expect(() => property.observed(replica, elected(3))).toThrow("elected in term 3");
});

test("a follower that follows somebody else than the leader of its term is a violation", () => {
  const property = new ElectionSafety();
  property.stepped(leaderOf("n1", 3));
  expect(() => property.observed(new ReplicaDouble("n2"), { kind: "leaderChanged", leader: idOf("n3"), term: 3 })).toThrow("n2 follows node 3 in term 3");
});

test("an announced leader that is seen leading, event after event, in one term after the other, is legal", () => {
  const property = new ElectionSafety();
  const replica = leaderOf("n1", 3);
  property.stepped(replica);
  property.observed(replica, elected(3));
  property.stepped(replica);
  property.observed(new ReplicaDouble("n2"), { kind: "leaderChanged", leader: idOf("n1"), term: 3 });
  property.observed(new ReplicaDouble("n2"), { kind: "leaderChanged", leader: undefined, term: 3 });
  replica.reboot();
  replica.lead(4);
  property.observed(replica, elected(4));
  property.stepped(replica);
});

test("a deposed leader of an older term beside the new one is legal (§5.1)", () => {
  const property = new ElectionSafety();
  const old = leaderOf("n1", 3);
  property.stepped(old);
  property.stepped(leaderOf("n2", 4));
  property.stepped(old);
});
