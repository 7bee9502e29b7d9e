// Answers that come late, twice, out of order, or from another term: what a leader may conclude from them, and what it must not.

import { describe, expect, test } from "vitest";
import { Cluster } from "./harness/cluster.ts";
import type { Delivery } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import type { Message } from "../../src/raft/message.ts";
import { command, idOf, membershipOf, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const five = ["n1", "n2", "n3", "n4", "n5"];
const ofThree = membershipOf({ voters: three });

const append = { success: true, matchIndex: 0, conflictIndex: 0, conflictTerm: 0, lastLogIndex: 0, round: 0 } as const;

/** Every response there is, as it comes from a server of this term. */
function responses(term: number): Record<string, Message> {
  return {
    "appendEntriesResponse, success": { type: "appendEntriesResponse", requestId: 1, term, ...append },
    "appendEntriesResponse, refusal": { type: "appendEntriesResponse", requestId: 1, term, ...append, success: false },
    "requestVoteResponse, refused": { type: "requestVoteResponse", requestId: 1, term, voteGranted: false },
    "requestVoteResponse, granted": { type: "requestVoteResponse", requestId: 1, term, voteGranted: true },
    "preVoteResponse, refused": { type: "preVoteResponse", requestId: 1, term, voteGranted: false },
    "installSnapshotResponse": { type: "installSnapshotResponse", requestId: 1, term, accepted: true, matchIndex: 0 },
    "timeoutNowResponse": { type: "timeoutNowResponse", requestId: 1, term },
  };
}

/** Leads term 4, with its no-op at index 2 committed by n2. */
function leading(): Lone {
  const lone = new Lone("n1", withLog(ofThree, [1], 3));
  lone.becomeLeader(three);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  lone.answers();
  lone.sent = [];
  return lone;
}

describe("a leader steps down for a higher term in any response, and tells who waits (§5.1, H15)", () => {
  test.each(Object.keys(responses(9)))("%s", (name) => {
    const lone = leading();
    lone.input({ kind: "read", ticket: 1 });
    lone.receive("n2", responses(9)[name]!);
    expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 9, votedFor: undefined, leader: undefined });
    expect(lone.answers()).toMatchObject([{ kind: "refused", ticket: 1, code: "NOT_LEADER" }]);
    lone.tick(20);
    expect(lone.appendsTo("n3").filter((each) => each.term === 9)).toEqual([]);
  });

  test("but not for the promise to vote in a term that has not begun", () => {
    const lone = leading();
    lone.receive("n2", { type: "preVoteResponse", requestId: 1, term: 9, voteGranted: true });
    expect(lone.node.status()).toMatchObject({ role: "leader", currentTerm: 4 });
  });
});

describe("no response of an older term moves anything on a leader (§5.1, H15)", () => {
  test.each(Object.keys(responses(3)))("%s", (name) => {
    const lone = leading();
    lone.propose(1, "x");
    lone.input({ kind: "read", ticket: 2 });
    lone.answers();
    const before = lone.node.status();
    for (const from of ["n2", "n3"]) lone.receive(from, { ...responses(3)[name]!, requestId: lone.lastAppend(from).requestId, matchIndex: 3, round: 1 } as Message);
    expect(lone.node.status()).toEqual(before);
    expect(lone.answers()).toEqual([]);
  });
});

describe("requests of an older term (H15)", () => {
  test("entries of a deposed leader are refused by who voted for another one meanwhile, and leave the log as it is", () => {
    const lone = new Lone("n3", withLog(ofThree, [1], 1));
    lone.appendEntries("n1", { term: 1, prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1 });
    lone.now = 200;
    lone.requestVote("n2", { term: 2, lastLogIndex: 1, lastLogTerm: 1 });
    const late = { term: 1, prevLogIndex: 1, prevLogTerm: 1, entries: [command(2, 1, "late")], leaderCommit: 2 };
    expect(lone.appendEntries("n1", late)).toMatchObject([{ success: false, term: 2 }]);
    expect([lone.terms(), lone.node.commitIndex, lone.node.leader]).toEqual([[1], 1, undefined]);
  });
});

describe("reads and the answers of heartbeats (H22)", () => {
  /** Every answer to n1 is delivered at once and kept, to be repeated later. */
  function remembering(cluster: Cluster): Delivery[] {
    const kept: Delivery[] = [];
    cluster.drops = (delivery) => {
      if (delivery.to === "n1" && delivery.message.type === "appendEntriesResponse") kept.push(delivery);
      return false;
    };
    return kept;
  }

  test("a deposed leader that gets every answer of its time again, delayed and doubled, answers no read", () => {
    const cluster = new Cluster(five);
    cluster.elect("n1");
    const kept = remembering(cluster);
    for (let count = 0; count < 5; count += 1) {
      cluster.propose("n1", `v${count}`);
      cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
      cluster.advance(20);
    }
    const answers = kept.splice(0);
    expect(answers.length).toBeGreaterThan(20);
    // n1 can neither hear nor be heard; the others elect n2 and write.
    cluster.isolate("n1");
    cluster.server("n1").up = false;
    cluster.advance(100);
    cluster.elect("n2");
    cluster.propose("n2", "new");
    cluster.server("n1").up = true;
    expect(cluster.node("n1").role).toBe("leader");
    const read = cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
    for (const { from, message } of [...answers, ...answers.toReversed()]) cluster.receive("n1", from, message);
    expect(cluster.answersTo("n1", read)).toEqual([]);
    cluster.heal();
    cluster.advance(130);
    expect(cluster.answersTo("n1", read)).toMatchObject([{ kind: "refused", code: "NOT_LEADER" }]);
  });

  test("answers to a round of the same number, of an earlier time in office, confirm nothing", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    const kept = remembering(cluster);
    for (let count = 0; count < 3; count += 1) cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
    const old = kept.splice(0).filter(({ message }) => message.type === "appendEntriesResponse" && message.round === 1);
    cluster.now += 100;
    cluster.elect("n2");
    cluster.now += 100;
    cluster.elect("n1");
    cluster.connectOnly([["n2", "n3"]]);
    const read = cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
    expect(cluster.sent.at(-1)?.message).toMatchObject({ type: "appendEntries", round: 1, term: 3 });
    expect(old.length).toBeGreaterThan(0);
    for (const { from, message } of old) cluster.receive("n1", from, message);
    expect(cluster.answersTo("n1", read)).toEqual([]);
  });

  test("a read that comes while a round is under way waits for the next one, because a write was committed since that began (H22, H23)", () => {
    const lone = leading();
    lone.input({ kind: "read", ticket: 1 });
    const first = lone.lastAppend("n2");
    lone.propose(2, "x");
    // The answer of a follower that got the entry first.
    lone.acknowledge("n2", { round: 0 });
    expect(lone.node.commitIndex).toBe(3);
    lone.answers();
    lone.input({ kind: "read", ticket: 3 });
    lone.receive("n2", { type: "appendEntriesResponse", requestId: first.requestId, term: 4, ...append, matchIndex: 2, lastLogIndex: 3, round: first.round });
    expect(lone.answers()).toEqual([{ kind: "readable", ticket: 1, index: 2 }]);
    lone.acknowledge("n2");
    expect(lone.answers()).toEqual([{ kind: "readable", ticket: 3, index: 3 }]);
  });

  test("a read waits for all that was committed when its round began, also for what the leader itself has not applied yet (H23)", () => {
    const lone = leading();
    lone.server.applyHeld = true;
    lone.propose(1, "x");
    lone.acknowledge("n2");
    expect([lone.node.commitIndex, lone.node.lastApplied]).toEqual([3, 2]);
    lone.answers();
    lone.input({ kind: "read", ticket: 2 });
    lone.acknowledge("n2");
    expect(lone.answers()).toEqual([{ kind: "readable", ticket: 2, index: 3 }]);
  });
});

describe("a follower in step to which several requests are on their way (H18)", () => {
  /** Three full requests with the entries 3, 4 and 5 are on their way to n2 and n3. */
  function pipelined(): Lone {
    const lone = new Lone("n1", withLog(ofThree, [1], 3), { appendBytesMax: 4, appendsInFlightMax: 4 });
    lone.becomeLeader(three);
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    lone.sent = [];
    for (const ticket of [1, 2, 3]) lone.propose(ticket, "xxxx");
    return lone;
  }
  const peer = (lone: Lone, name: string): unknown => lone.node.status().peers.find(({ id }) => id === idOf(name));
  const sentTo = (lone: Lone, name: string): number[][] => lone.appendsTo(name).map(({ entries }) => entries.map(({ index }) => index));

  test("nothing counts as stored because it was sent: no commit, no news of one", () => {
    const lone = pipelined();
    expect(sentTo(lone, "n2")).toEqual([[3], [4], [5]]);
    expect(peer(lone, "n2")).toMatchObject({ matchIndex: 2, nextIndex: 6 });
    expect(lone.node.commitIndex).toBe(2);
  });

  test("when the first is lost and the second refused, all is sent again from the first on, and only what is answered counts", () => {
    const lone = pipelined();
    const [first, second, third] = lone.appendsTo("n2");
    lone.sent = [];
    for (const request of [second!, third!]) {
      lone.receive("n2", { type: "appendEntriesResponse", requestId: request.requestId, term: 4, ...append, success: false, conflictIndex: 3, lastLogIndex: 2 });
    }
    expect(peer(lone, "n2")).toMatchObject({ state: "probe", matchIndex: 2, nextIndex: 3 });
    expect(sentTo(lone, "n2")).toEqual([[3]]);
    lone.acknowledge("n2");
    expect(lone.node.commitIndex).toBe(3);
    lone.receive("n2", { type: "appendEntriesResponse", requestId: first!.requestId, term: 4, ...append, matchIndex: 3, lastLogIndex: 3 });
    expect(lone.node.commitIndex).toBe(3);
  });

  test("an answer to the last of them vouches for all before it, one to the first for no other", () => {
    const lone = pipelined();
    const [first, , third] = lone.appendsTo("n2");
    const answer = (request: typeof first, matchIndex: number): Message =>
      ({ type: "appendEntriesResponse", requestId: request!.requestId, term: 4, ...append, matchIndex, lastLogIndex: 5 });
    lone.receive("n2", answer(first, 3));
    expect(lone.node.commitIndex).toBe(3);
    lone.receive("n2", answer(third, 5));
    expect(lone.node.commitIndex).toBe(5);
  });

  test("when the connection breaks, the leader asks where the follower stands before it sends more, and goes on from there", () => {
    const cluster = new Cluster(three, { options: () => ({ appendBytesMax: 4, appendsInFlightMax: 4 }) });
    cluster.elect("n1");
    cluster.advance(30);
    cluster.drops = ({ to, message }) => to === "n3" && message.type === "appendEntries";
    for (let count = 0; count < 4; count += 1) cluster.propose("n1", "xxxx");
    const lost = cluster.sent.filter(({ to, message }) => to === "n3" && message.type === "appendEntries" && message.entries.length > 0);
    expect(lost.length).toBeGreaterThan(1);
    for (const { message } of lost) cluster.server("n1").step({ kind: "unreachable", peer: idOf("n3"), requestId: message.requestId }, cluster.now);
    cluster.settle();
    expect(cluster.node("n1").status().peers.find(({ id }) => id === idOf("n3"))).toMatchObject({ state: "probe", matchIndex: 1, nextIndex: 2 });
    cluster.drops = () => false;
    cluster.sent.length = 0;
    cluster.advance(25);
    const again = cluster.sent.filter(({ to, message }) => to === "n3" && message.type === "appendEntries" && message.entries.length > 0);
    expect((again[0]!.message as { prevLogIndex: number }).prevLogIndex).toBe(1);
    expect(cluster.node("n3").lastApplied).toBe(cluster.node("n1").lastIndex);
  });
});
