// What a batch says of term, vote and commit beside its entries, where neither the term nor an entry gives a second reason to write it.

import { expect, test } from "vitest";
import { Lone } from "./harness/lone.ts";
import { entriesWithTerms, idOf, membershipOf, pristine, withLog } from "./harness/members.ts";

const ofThree = membershipOf({ voters: ["n1", "n2", "n3"] });

test("a vote in a term that is durable already is durable itself before it is answered (H1, S73)", () => {
  const lone = new Lone("n1", withLog(ofThree, [1], 2));
  lone.server.diskHeld = true;
  expect(lone.requestVote("n2", { term: 2, lastLogIndex: 1, lastLogTerm: 1 })).toEqual([]);
  expect(lone.server.batches).toMatchObject([{ hardState: { currentTerm: 2, votedFor: idOf("n2") }, entries: [] }]);
  lone.server.persist(0);
  expect(lone.sent).toMatchObject([{ to: "n2", message: { type: "requestVoteResponse", voteGranted: true } }]);
});

test("the commit index that a batch carries never speaks of entries that are not durable before it (S40, H42)", () => {
  const lone = new Lone("n2", pristine(ofThree));
  lone.server.diskHeld = true;
  lone.appendEntries("n1", { term: 1, entries: entriesWithTerms([1, 1, 1]), leaderCommit: 3 });
  expect(lone.node.commitIndex).toBe(3);
  expect(lone.server.batches).toMatchObject([{ hardState: { currentTerm: 1, commitIndex: 0 } }]);
  lone.server.persist(0);
  lone.appendEntries("n1", { term: 1, prevLogIndex: 3, prevLogTerm: 1, entries: entriesWithTerms([1], 4), leaderCommit: 4 });
  expect(lone.server.batches.at(-1)).toMatchObject({ hardState: { commitIndex: 3 } });
});
