// The checker of Leader Append-Only: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { LeaderAppendOnly } from "./leader-append-only.ts";
import { elected, steppedDown, truncated } from "./support/events.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function leading(property: LeaderAppendOnly): ReplicaDouble {
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  property.stepped(replica);
  replica.lead(3);
  replica.write(3);
  property.observed(replica, elected(3));
  property.stepped(replica);
  return replica;
}

test("a leader that deletes its last entry is a violation (§5.3)", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.truncateFrom(4);
  expect(() => property.stepped(replica)).toThrow("no longer has what it had at index 4");
});

test("a leader that overwrites an entry is a violation, also when its log has grown (§5.3)", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.truncateFrom(3);
  replica.write(3, 3, 3);
  expect(() => property.stepped(replica)).toThrow("no longer has what it had at index 3");
});

test("a leader that says that it truncates is a violation, also when the same entries come back (§5.3)", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  expect(() => property.observed(replica, truncated(4))).toThrow("deletes its log from index 4 on");
});

test("appending and compacting is legal", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.write(3, 3);
  property.stepped(replica);
  replica.compact(5);
  property.stepped(replica);
  replica.compact(6);
  replica.write(3);
  property.stepped(replica);
});

test("a leader that steps down and is truncated in the same event is legal (§5.3)", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.follow(4);
  replica.truncateFrom(3);
  replica.write(4);
  property.observed(replica, steppedDown(4));
  property.observed(replica, truncated(3));
  property.stepped(replica);
});

test("a leader that was truncated between two of its terms is legal (§5.3)", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.truncateFrom(3);
  replica.write(4);
  replica.lead(5);
  property.observed(replica, steppedDown(4));
  property.observed(replica, truncated(3));
  property.observed(replica, elected(5));
  property.stepped(replica);
});

test("a leader that crashed and comes back without what was not durable is legal", () => {
  const property = new LeaderAppendOnly();
  const replica = leading(property);
  replica.truncateFrom(3);
  replica.reboot();
  property.booted(replica);
  property.observed(replica, truncated(2));
  property.stepped(replica);
});
