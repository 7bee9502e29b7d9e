// What is known to be committed, and who has shown how much of it.

import { expect, test } from "vitest";
import { CommitMoves, CommittedLog } from "./committed-log.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

test("the first term stays, and the lowest term in which it was known", () => {
  const committed = new CommittedLog();
  expect([committed.note(3, 1, 5), committed.note(3, 1, 4), committed.note(3, 2, 6)]).toEqual([undefined, 1, 1]);
  expect([committed.termAt(3), committed.knownInTerm(3), committed.highest, committed.termAt(2)]).toEqual([1, 4, 3, undefined]);
});

test("a replica shows each index once, a boot begins at its snapshot, and an install skips what is compacted", () => {
  const moves = new CommitMoves();
  const replica = new ReplicaDouble("n1", [1, 1, 1]);
  expect(moves.firstOf(replica)).toBe(undefined);
  replica.commitIndex = 2;
  expect([moves.firstOf(replica), moves.firstOf(replica)]).toEqual([1, undefined]);
  replica.commitIndex = 3;
  expect(moves.firstOf(replica)).toBe(3);
  replica.install(9, 2);
  expect(moves.firstOf(replica)).toBe(9);
  replica.reboot();
  replica.snapshotIndex = 5;
  expect([moves.firstOf(replica), moves.firstOf(replica)]).toEqual([5, undefined]);
});
