// Peers with bugs, and hostile ones: whatever arrives, a request gets exactly one answer, nothing crashes, and what is committed stays.

import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import type { Message } from "../../src/raft/message.ts";
import { Lone } from "./harness/lone.ts";
import { command, entriesWithTerms, idOf, membershipOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

function follower(): Lone {
  const lone = new Lone("n1", pristine(ofThree));
  lone.appendEntries("n2", { term: 2, entries: entriesWithTerms([1, 1, 2]), leaderCommit: 2 });
  lone.sent = [];
  return lone;
}

test.each([
  { what: "entries with a gap", fields: { prevLogIndex: 3, prevLogTerm: 2, entries: [command(5, 2, "")] } },
  { what: "entries that begin elsewhere", fields: { prevLogIndex: 1, prevLogTerm: 1, entries: [command(4, 2, "")] } },
  { what: "terms that decrease", fields: { prevLogIndex: 3, prevLogTerm: 2, entries: [command(4, 2, ""), command(5, 1, "")] } },
  { what: "an entry older than the one before it", fields: { prevLogIndex: 3, prevLogTerm: 2, entries: [command(4, 1, "")] } },
  { what: "an entry from a later term", fields: { prevLogIndex: 3, prevLogTerm: 2, entries: [command(4, 3, "")] } },
  { what: "somebody else's name", fields: { leaderId: idOf("n3") } },
  { what: "an index that is no number", fields: { prevLogIndex: Number.NaN } },
  { what: "a negative index", fields: { prevLogIndex: -1 } },
  { what: "a commit index beyond all numbers", fields: { leaderCommit: Number.POSITIVE_INFINITY } },
  { what: "a membership that is none", fields: { prevLogIndex: 3, prevLogTerm: 2, entries: [{ ...command(4, 2, ""), type: entryTypes.membership, data: utf8("{}") }] } },
])("AppendEntries with $what is refused and changes nothing", ({ fields }) => {
  const lone = follower();
  const before = lone.node.status();
  expect(lone.appendEntries("n2", { term: 2, ...fields })).toMatchObject([{ type: "appendEntriesResponse", success: false, term: 2 }]);
  expect(lone.node.status()).toEqual(before);
});

test("an entry older than the snapshot's term behind a false previous term is refused", () => {
  const snapshot = { index: 5, term: 4, membership: ofThree };
  const lone = new Lone("n1", { hardState: { currentTerm: 4, votedFor: undefined, commitIndex: 5 }, snapshot, entries: [], lastApplied: 5 });
  const reply = lone.appendEntries("n2", { term: 4, prevLogIndex: 4, prevLogTerm: 1, entries: [command(5, 1, ""), command(6, 1, "")] });
  expect(reply).toMatchObject([{ success: false }]);
  expect(lone.node.lastIndex).toBe(5);
});

test("a term beyond all numbers is not believed", () => {
  const lone = follower();
  expect(lone.appendEntries("n2", { term: Number.MAX_SAFE_INTEGER })).toMatchObject([{ success: false, term: 2 }]);
  expect(lone.requestVote("n3", { term: 2 ** 60 })).toMatchObject([{ voteGranted: false, term: 2 }]);
  expect(lone.node.currentTerm).toBe(2);
});

test("a second leader of the same term is not obeyed", () => {
  const lone = follower();
  expect(lone.appendEntries("n3", { term: 2, prevLogIndex: 2, prevLogTerm: 1, entries: [command(3, 2, "other")] })).toMatchObject([{ success: false, term: 2 }]);
  expect(lone.node.leader).toBe(idOf("n2"));
});

test("an acknowledgement beyond the leader's log is not believed", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2", { matchIndex: 50 });
  expect(lone.node.commitIndex).toBe(0);
});

test("whatever message comes, every request gets exactly one answer, every response none, and the committed entries stay", () => {
  const small = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(-1, 0.5, Number.NaN, 2 ** 53));
  const entry = fc.record({ index: small, term: small, type: fc.constantFrom(0, 1, 2), data: fc.uint8Array({ maxLength: 3 }) });
  const fields = fc.record({
    type: fc.constantFrom(
      "requestVote", "requestVoteResponse", "preVote", "preVoteResponse", "appendEntries", "appendEntriesResponse",
      "installSnapshot", "installSnapshotResponse", "timeoutNow", "timeoutNowResponse",
    ),
    requestId: fc.integer({ min: 0, max: 9 }), term: small, leaderId: fc.constantFrom(idOf("n2"), idOf("n3")), candidateId: fc.constantFrom(idOf("n2"), idOf("n3")),
    lastLogIndex: small, lastLogTerm: small, leadershipTransfer: fc.boolean(), voteGranted: fc.boolean(), prevLogIndex: small, prevLogTerm: small,
    entries: fc.array(entry, { maxLength: 3 }), leaderCommit: fc.integer({ min: 0, max: 2 }), round: small, success: fc.boolean(), matchIndex: small,
    conflictIndex: small, conflictTerm: small, snapshot: fc.record({ index: small, term: small, membership: fc.constant(ofThree) }), accepted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("n2", "n3"), fields), { maxLength: 12 }), fc.boolean(), (messages, leads) => {
      const lone = leads ? new Lone("n1", pristine(ofThree)) : follower();
      if (leads) lone.becomeLeader(three);
      const committed = lone.node.entriesBetween(1, lone.node.commitIndex);
      for (const [from, message] of messages) {
        // What is committed cannot be contradicted by a correct leader; contradicting it is an assertion, tested elsewhere.
        const contradicts = message.type === "appendEntries" && message.entries.some((each) => each.index <= 3);
        if (contradicts) continue;
        const replies = lone.receive(from, message as unknown as Message).filter((each) => each.type.endsWith("Response"));
        const expected = message.type.endsWith("Response") ? [] : [{ type: `${message.type}Response`, requestId: message.requestId }];
        expect(replies).toMatchObject(expected);
      }
      expect(lone.node.entriesBetween(1, committed.length)).toEqual(committed);
    }),
    { numRuns: 400 },
  );
});
