// The paper, sentence by sentence: each title cites its section and says what the core must therefore do. Here: state, roles and elections (Figure 2,
// §5.1, §5.2, §5.4.1); paper-replication.test.ts has the log (§5.3, §5.4), paper-extensions.test.ts §6 to §8 and the dissertation.

import { describe, expect, test } from "vitest";
import type { PreVoteResponse, RequestVoteResponse } from "../../src/raft/message.ts";
import { Lone } from "./harness/lone.ts";
import { entriesWithTerms, idOf, membershipOf, pristine, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const five = ["n1", "n2", "n3", "n4", "n5"];
const ofThree = membershipOf({ voters: three });
const ofFive = membershipOf({ voters: five });
const granted = (messages: readonly unknown[]): boolean => (messages[0] as RequestVoteResponse | PreVoteResponse).voteGranted;

function leaderOfThree(terms: readonly number[] = []): Lone {
  const lone = new Lone("n1", withLog(ofThree, terms));
  lone.becomeLeader(three);
  return lone;
}

describe("Figure 2, state", () => {
  test("§5.1: currentTerm starts at 0 and votedFor at none on first boot", () => {
    const { node } = new Lone("n1", pristine(ofThree));
    expect(node.status()).toMatchObject({ currentTerm: 0, votedFor: undefined, commitIndex: 0, lastApplied: 0, role: "follower" });
  });

  test("§5.3: a new leader sets nextIndex to its last log index + 1 and matchIndex to 0", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 2]));
    lone.becomeLeader(three);
    for (const peer of lone.node.status().peers) expect(peer).toMatchObject({ nextIndex: 4, matchIndex: 0, state: "probe" });
  });
});

describe("Figure 2, rules for all servers", () => {
  test("§5.3: if commitIndex > lastApplied, entries are applied one after the other", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1, 1]), leaderCommit: 2 });
    expect(lone.node.lastApplied).toBe(2);
    lone.appendEntries("n2", { term: 1, prevLogIndex: 3, prevLogTerm: 1, leaderCommit: 3 });
    expect(lone.node.lastApplied).toBe(3);
  });

  test("§5.1: a higher term in a request makes a leader a follower of that term (H15)", () => {
    const lone = leaderOfThree();
    lone.appendEntries("n2", { term: 5 });
    expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 5, leader: idOf("n2"), votedFor: undefined });
  });

  test("§5.1: a higher term in a response makes a leader a follower of that term (H15)", () => {
    const lone = leaderOfThree();
    const { requestId } = lone.lastAppend("n2");
    lone.receive("n2", {
      type: "appendEntriesResponse", requestId, term: 7, success: false, matchIndex: 0, conflictIndex: 1, conflictTerm: 0, lastLogIndex: 0, round: 0,
    });
    expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 7, leader: undefined });
  });

  test("§5.1: a request with an old term is refused, with the newer term in the answer (H15)", () => {
    const lone = new Lone("n1", withLog(ofThree, [], 4));
    expect(lone.appendEntries("n2", { term: 3 })).toMatchObject([{ success: false, term: 4 }]);
    expect(lone.requestVote("n2", { term: 3 })).toMatchObject([{ voteGranted: false, term: 4 }]);
    expect(lone.node.leader).toBeUndefined();
  });
});

describe("Figure 2, followers", () => {
  test("§5.2: a follower that hears nothing for an election timeout campaigns", () => {
    const lone = new Lone("n1", pristine(ofThree));
    expect(lone.node.deadline).toBeGreaterThanOrEqual(100);
    expect(lone.node.deadline).toBeLessThan(150);
    lone.tickAtDeadline();
    expect(lone.node.role).toBe("preCandidate");
  });

  test("§5.2: a follower remains one as long as it receives valid requests from the leader", () => {
    const lone = new Lone("n1", pristine(ofThree));
    for (let beat = 0; beat < 40; beat += 1) {
      lone.now += 50;
      lone.appendEntries("n2", { term: 1 });
      lone.tick();
    }
    expect(lone.node.role).toBe("follower");
    expect(lone.node.leader).toBe(idOf("n2"));
  });

  test("§5.2: granting a vote postpones the own election", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.now = 90;
    lone.requestVote("n2", { term: 1 });
    expect(lone.node.deadline).toBeGreaterThanOrEqual(190);
  });
});

describe("Figure 2, RequestVote; §5.2, §5.4.1", () => {
  test("§5.2: each server votes for at most one candidate in a term, first come first served", () => {
    const lone = new Lone("n1", pristine(ofThree));
    expect(granted(lone.requestVote("n2", { term: 1 }))).toBe(true);
    expect(granted(lone.requestVote("n3", { term: 1 }))).toBe(false);
    expect(granted(lone.requestVote("n3", { term: 2 }))).toBe(true);
  });

  test("§5.2: a vote is given again to the same candidate, because its answer may have been lost", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.requestVote("n2", { term: 1 });
    expect(granted(lone.requestVote("n2", { term: 1 }))).toBe(true);
  });

  test("§5.2: a vote is remembered across a crash (H1, S73)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.requestVote("n2", { term: 1 });
    lone.server.crash();
    lone.server.restart(0);
    expect(granted(lone.requestVote("n3", { term: 1 }))).toBe(false);
    expect(lone.node.currentTerm).toBe(1);
  });

  test.each([
    { name: "an older last term", lastLogIndex: 9, lastLogTerm: 1, expected: false },
    { name: "the same last term and a shorter log", lastLogIndex: 2, lastLogTerm: 2, expected: false },
    { name: "the same last term and the same length", lastLogIndex: 3, lastLogTerm: 2, expected: true },
    { name: "the same last term and a longer log", lastLogIndex: 4, lastLogTerm: 2, expected: true },
    { name: "a newer last term and a shorter log", lastLogIndex: 1, lastLogTerm: 3, expected: true },
  ])("§5.4.1: a candidate with $name gets the vote: $expected (H3)", ({ lastLogIndex, lastLogTerm, expected }) => {
    const lone = new Lone("n1", withLog(ofThree, [1, 2, 2]));
    expect(granted(lone.requestVote("n2", { term: 5, lastLogIndex, lastLogTerm }))).toBe(expected);
    const other = new Lone("n1", withLog(ofThree, [1, 2, 2]));
    expect(granted(other.preVote("n2", { term: 5, lastLogIndex, lastLogTerm }))).toBe(expected);
  });

  test("§5.4.1, §7: the position of the snapshot counts when the log behind it is empty (H3)", () => {
    const snapshot = { index: 5, term: 3, membership: ofThree };
    const initial = { hardState: { currentTerm: 3, votedFor: undefined, commitIndex: 5 }, snapshot, entries: [], lastApplied: 5 };
    expect(granted(new Lone("n1", initial).requestVote("n2", { term: 4, lastLogIndex: 4, lastLogTerm: 3 }))).toBe(false);
    expect(granted(new Lone("n1", initial).requestVote("n2", { term: 4, lastLogIndex: 5, lastLogTerm: 3 }))).toBe(true);
  });
});

describe("Figure 2, candidates; §5.2", () => {
  test("§5.2: a candidate increments its term, votes for itself and asks all other voters", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1]));
    lone.input({ kind: "transferLeadership", ticket: 1, target: undefined });
    lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 1, leaderId: idOf("n2") });
    expect(lone.node.status()).toMatchObject({ role: "candidate", currentTerm: 2, votedFor: idOf("n1") });
    const asked = lone.sent.filter((each) => each.message.type === "requestVote");
    expect(asked.map((each) => each.to)).toEqual(["n2", "n3"]);
    expect(asked[0]?.message).toMatchObject({ term: 2, lastLogIndex: 2, lastLogTerm: 1 });
  });

  test.each([
    { voters: 3, needed: 1 },
    { voters: 4, needed: 2 },
    { voters: 5, needed: 2 },
  ])("§5.2: a candidate of $voters wins with exactly $needed votes besides its own", ({ voters, needed }) => {
    const names = five.slice(0, voters);
    for (let count = 0; count < names.length; count += 1) {
      const lone = new Lone("n1", pristine(membershipOf({ voters: names })));
      expect(lone.campaignAmong(names.slice(1, 1 + count))).toBe(count >= needed ? "leader" : "preCandidate");
    }
  });

  test("§5.2: a repeated vote counts once (H2)", () => {
    const lone = new Lone("n1", pristine(ofFive));
    lone.input({ kind: "campaign" });
    for (const to of ["n2", "n3"]) {
      const request = lone.sent.find((each) => each.to === to && each.message.type === "preVote")!.message;
      lone.receive(to, { type: "preVoteResponse", requestId: request.requestId, term: 1, voteGranted: true });
    }
    const request = lone.sent.find((each) => each.to === "n2" && each.message.type === "requestVote")!.message;
    for (let copy = 0; copy < 4; copy += 1) {
      lone.receive("n2", { type: "requestVoteResponse", requestId: request.requestId, term: 1, voteGranted: true });
    }
    expect(lone.node.role).toBe("candidate");
  });

  test("§5.2: a vote of an earlier campaign does not count for a later one (H2)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.input({ kind: "campaign" });
    const old = lone.sent.find((each) => each.message.type === "preVote")!.message;
    lone.tickAtDeadline();
    lone.receive("n2", { type: "preVoteResponse", requestId: old.requestId, term: 1, voteGranted: true });
    expect(lone.node.role).toBe("preCandidate");
  });

  test("§5.2: a candidate that hears from a leader of its term follows it", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 0, leaderId: idOf("n2") });
    expect(lone.node.role).toBe("candidate");
    lone.appendEntries("n3", { term: 1 });
    expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 1, leader: idOf("n3") });
  });

  test("§5.2: a candidate that hears from a leader of an older term goes on", () => {
    const lone = new Lone("n1", withLog(ofThree, [], 3));
    lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 3, leaderId: idOf("n2") });
    expect(lone.appendEntries("n3", { term: 3 })).toMatchObject([{ success: false, term: 4 }]);
    expect(lone.node.role).toBe("candidate");
  });

  test("§5.2: an election without a winner is repeated after another random timeout (H6)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    const timeouts = new Set<number>();
    for (let round = 0; round < 8; round += 1) {
      const before = lone.now;
      lone.tickAtDeadline();
      const timeout = lone.node.deadline - lone.now;
      expect(lone.now).toBeGreaterThan(before);
      expect(timeout).toBeGreaterThanOrEqual(100);
      expect(timeout).toBeLessThan(150);
      timeouts.add(timeout);
    }
    expect(timeouts.size).toBe(8);
  });

  test("§5.2: timeouts are spread over the whole range, and differ between servers (H6)", () => {
    const timeouts = Array.from({ length: 200 }, (_, position) => new Lone(`n${position + 1}`, pristine(membershipOf({ voters: [`n${position + 1}`, "n300"] }))).node.deadline);
    for (let low = 100; low < 135; low += 7) expect(timeouts.filter((timeout) => timeout >= low && timeout < low + 7).length).toBeGreaterThan(15);
    expect(timeouts.every((timeout) => timeout >= 100 && timeout < 135)).toBe(true);
  });
});
