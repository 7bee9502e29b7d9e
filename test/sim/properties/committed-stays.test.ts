// The checker that what is committed stays: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { CommittedStays } from "./committed-stays.ts";
import { truncated } from "./support/events.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function committing(name: string, terms: readonly number[], commitIndex: number): ReplicaDouble {
  const replica = new ReplicaDouble(name, terms);
  replica.commitIndex = commitIndex;
  return replica;
}

test("two entries committed at one index are a violation (§5.4.3)", () => {
  const property = new CommittedStays();
  property.stepped(committing("n1", [1, 2], 2));
  expect(() => property.stepped(committing("n2", [1, 3], 2))).toThrow("n2 commits index 2 with term 3, where an entry of term 2 is committed");
});

test("another entry committed after everybody crashed is a violation (§5.4.3)", () => {
  const property = new CommittedStays();
  const replica = committing("n1", [1, 2], 2);
  property.stepped(replica);
  property.stepped(committing("n2", [1, 2], 2));
  replica.reboot();
  replica.truncateFrom(2);
  replica.commitIndex = 1;
  property.booted(replica);
  replica.write(3);
  replica.commitIndex = 2;
  expect(() => property.stepped(replica)).toThrow("n1 commits index 2 with term 3");
});

test("a snapshot of another entry than the committed one is a violation", () => {
  const property = new CommittedStays();
  property.stepped(committing("n1", [1, 2, 2], 3));
  const replica = new ReplicaDouble("n2");
  property.stepped(replica);
  replica.install(3, 1);
  expect(() => property.stepped(replica)).toThrow("n2 commits index 3 with term 1");
});

test("a follower that removes a committed entry in the term of the commit, or later, is a violation (§5.4.3)", () => {
  const property = new CommittedStays();
  const follower = new ReplicaDouble("n2", [1, 2]);
  property.stepped(follower);
  const leader = committing("n1", [1, 2], 2);
  leader.lead(2);
  property.stepped(leader);
  follower.truncateFrom(2);
  follower.write(3);
  property.observed(follower, truncated(2));
  expect(() => property.stepped(follower)).toThrow("n2 removes index 2 of term 2 from its log, which is committed");
});

test("a follower in an older term may lose a copy of what was committed without it (Figure 8)", () => {
  const property = new CommittedStays();
  const follower = new ReplicaDouble("n2", [1, 2]);
  follower.follow(3);
  property.stepped(follower);
  const leader = committing("n1", [1, 2, 4], 3);
  leader.lead(4);
  property.stepped(leader);
  follower.truncateFrom(2);
  follower.write(3);
  property.observed(follower, truncated(2));
  property.stepped(follower);
});

test("the term in which an event ends is not the one in which it removed an entry: both messages came in one turn (Figure 8)", () => {
  const property = new CommittedStays();
  const follower = new ReplicaDouble("n2", [1, 2]);
  follower.follow(3);
  property.stepped(follower);
  const leader = committing("n1", [1, 2, 4], 3);
  leader.lead(4);
  property.stepped(leader);
  follower.truncateFrom(2);
  follower.write(3);
  follower.follow(4);
  property.observed(follower, truncated(2));
  property.stepped(follower);
});

test("compacting and installing what is committed removes nothing, and a truncation of the rest is legal", () => {
  const property = new CommittedStays();
  const replica = committing("n1", [1, 2, 2, 2], 2);
  property.stepped(replica);
  replica.compact(2);
  property.stepped(replica);
  replica.truncateFrom(3);
  replica.write(3);
  property.observed(replica, truncated(3));
  property.stepped(replica);
  replica.install(5, 3);
  property.stepped(replica);
});

test("a node that lost in a crash what was not durable commits less, and the same entries again", () => {
  const property = new CommittedStays();
  const replica = committing("n1", [1, 2], 2);
  property.stepped(replica);
  replica.reboot();
  replica.commitIndex = 0;
  property.booted(replica);
  replica.commitIndex = 2;
  property.stepped(replica);
});
