// The checker of Leader Completeness: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { LeaderCompleteness } from "./leader-completeness.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

/** n1 leads term 2 and commits index 2 of term 2. */
function committedInTerm2(property: LeaderCompleteness): ReplicaDouble {
  const replica = new ReplicaDouble("n1", [1, 2]);
  replica.lead(2);
  property.stepped(replica);
  replica.commitIndex = 2;
  property.stepped(replica);
  return replica;
}

test("a leader of a later term without a committed entry is a violation (§5.4.1)", () => {
  const property = new LeaderCompleteness();
  committedInTerm2(property);
  const other = new ReplicaDouble("n2", [1]);
  other.lead(3);
  expect(() => property.stepped(other)).toThrow("n2 was elected in term 3 without index 2, where an entry of term 2 was committed by term 2");
});

test("a leader of a later term with another entry in its place is a violation (§5.4.1)", () => {
  const property = new LeaderCompleteness();
  committedInTerm2(property);
  const other = new ReplicaDouble("n2", [1, 1, 3]);
  other.lead(3);
  expect(() => property.stepped(other)).toThrow("with an entry of term 1 at index 2");
});

test("an entry that is found to be committed after the next election is compared with that leader's log (§5.4.3)", () => {
  const property = new LeaderCompleteness();
  const old = new ReplicaDouble("n1", [1, 2]);
  old.lead(2);
  property.stepped(old);
  const next = new ReplicaDouble("n2", [1, 3]);
  next.lead(3);
  property.stepped(next);
  old.commitIndex = 2;
  expect(() => property.stepped(old)).toThrow("n2 was elected in term 3 with an entry of term 3 at index 2");
});

test("a leader of an older term without what a newer one has committed is legal: it counted old votes late (§5.4.3)", () => {
  const property = new LeaderCompleteness();
  const newer = new ReplicaDouble("n1", [1, 2, 4]);
  newer.lead(4);
  newer.commitIndex = 3;
  property.stepped(newer);
  const late = new ReplicaDouble("n2", [1, 3]);
  late.lead(3);
  property.stepped(late);
});

test("entries that are not committed may be missing in the next leader's log (Figure 8)", () => {
  const property = new LeaderCompleteness();
  const old = new ReplicaDouble("n1", [1, 2]);
  old.lead(2);
  old.commitIndex = 1;
  property.stepped(old);
  const next = new ReplicaDouble("n5", [1, 3]);
  next.lead(3);
  property.stepped(next);
});

test("what a leader has in its snapshot need not be in its log (§7)", () => {
  const property = new LeaderCompleteness();
  committedInTerm2(property);
  const next = new ReplicaDouble("n2", [1, 2, 3]);
  next.compact(2);
  next.lead(3);
  property.stepped(next);
});

test("the same election is looked at once, and again after a boot in a new term", () => {
  const property = new LeaderCompleteness();
  const replica = committedInTerm2(property);
  property.stepped(replica);
  replica.reboot();
  replica.truncateFrom(2);
  replica.commitIndex = 0;
  replica.lead(3);
  expect(() => property.stepped(replica)).toThrow("Leader Completeness");
});
