// What a leader sends and when: batches, pipelining, falling back, commits told promptly, and peers that lose what they had.

import { describe, expect, test } from "vitest";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { entriesWithTerms, idOf, membershipOf, pristine, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

/** A leader whose followers replicate, with its no-op committed. */
function steady(options: ConstructorParameters<typeof Lone>[2] = {}): Lone {
  const lone = new Lone("n1", pristine(ofThree), options);
  lone.becomeLeader(three);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  lone.sent = [];
  lone.answers();
  return lone;
}

const texts = (lone: Lone, to: string): number[][] =>
  lone.appendsTo(to).filter((each) => each.entries.length > 0).map((each) => each.entries.map((entry) => entry.index));

describe("batches", () => {
  test("entries proposed while an AppendEntries is in flight go out together, when it is answered (S22)", () => {
    const lone = steady();
    for (let ticket = 1; ticket <= 5; ticket += 1) lone.propose(ticket, "x");
    expect(texts(lone, "n2")).toEqual([[2]]);
    lone.acknowledge("n2");
    expect(texts(lone, "n2")).toEqual([[2], [3, 4, 5, 6]]);
  });

  test("entries proposed in one turn go out in one request (S22)", () => {
    const lone = steady();
    for (let ticket = 1; ticket <= 3; ticket += 1) {
      lone.server.stepOnly({ kind: "propose", ticket, data: new Uint8Array(3) }, 0);
    }
    lone.server.drain(0);
    expect(texts(lone, "n2")).toEqual([[2, 3, 4]]);
  });

  test("requests are filled up to appendBytesMax, and one larger entry goes alone", () => {
    const lone = steady({ appendBytesMax: 10, appendsInFlightMax: 9 });
    lone.propose(1, "aaaa");
    for (const text of ["bbbb", "cccc", "d".repeat(40), "eeee"]) lone.propose(2, text);
    for (let count = 0; count < 3; count += 1) lone.acknowledgeNext("n2");
    expect(texts(lone, "n2")).toEqual([[2], [3, 4], [5], [6]]);
  });

  test("full requests are pipelined up to appendsInFlightMax", () => {
    const lone = steady({ appendBytesMax: 4, appendsInFlightMax: 3 });
    for (let ticket = 1; ticket <= 6; ticket += 1) lone.propose(ticket, "xxxx");
    expect(texts(lone, "n2")).toEqual([[2], [3], [4]]);
    lone.acknowledgeNext("n2");
    expect(texts(lone, "n2")).toEqual([[2], [3], [4], [5]]);
  });

  test("over a long line the pipe stays filled although requests are not full", () => {
    const lone = steady({ appendsInFlightMax: 8 });
    for (let ticket = 1; ticket <= 4; ticket += 1) {
      lone.propose(ticket, "x");
      lone.now += 3;
    }
    expect(texts(lone, "n2")).toEqual([[2], [3], [4], [5]]);
  });
});

describe("falling back", () => {
  test("matchIndex moves by acknowledgements alone, however far nextIndex has run ahead (H18)", () => {
    const lone = steady({ appendBytesMax: 1, appendsInFlightMax: 9 });
    for (let ticket = 1; ticket <= 5; ticket += 1) lone.propose(ticket, "x");
    expect(lone.node.status().peers[0]).toMatchObject({ matchIndex: 1, nextIndex: 7, state: "replicate" });
    expect(lone.node.commitIndex).toBe(1);
  });

  test("a request without a response brings replication back to the last acknowledged entry, until the peer is heard again (H18)", () => {
    const lone = steady({ appendBytesMax: 1, appendsInFlightMax: 9 });
    for (let ticket = 1; ticket <= 3; ticket += 1) lone.propose(ticket, "x");
    lone.input({ kind: "unreachable", peer: idOf("n2"), requestId: lone.appendsTo("n2")[0]!.requestId });
    expect(lone.node.status().peers[0]).toMatchObject({ matchIndex: 1, nextIndex: 2, state: "probe" });
    lone.sent = [];
    lone.tick(20);
    expect(lone.lastAppend("n2")).toMatchObject({ entries: [], prevLogIndex: 1 });
    lone.acknowledge("n2");
    expect(texts(lone, "n2")).toEqual([[2], [3], [4]]);
  });

  test("a peer that cannot be reached gets heartbeats only, until it answers", () => {
    const lone = steady();
    lone.propose(1, "x");
    for (let beat = 0; beat < 3; beat += 1) {
      lone.input({ kind: "unreachable", peer: idOf("n2"), requestId: lone.lastAppend("n2").requestId });
      lone.acknowledge("n3");
      lone.tick(20);
    }
    expect(lone.appendsTo("n2").map((each) => each.entries.length)).toEqual([1, 0, 0, 0]);
  });

  test("entries that a follower has not received, as its answer to a later heartbeat shows, are sent again", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.tick(20);
    lone.acknowledge("n2", { lastLogIndex: 1 });
    expect(texts(lone, "n2")).toEqual([[2], [2]]);
  });

  test("an answer to a heartbeat that overtakes the follower's disk sends nothing twice", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.tick(20);
    lone.acknowledge("n2", { lastLogIndex: 2 });
    expect(texts(lone, "n2")).toEqual([[2]]);
  });

  test("a late refusal of what has been acknowledged since is ignored", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 1]));
    lone.becomeLeader(three);
    const probe = lone.lastAppend("n2");
    lone.refuse("n2", { conflictIndex: 3, lastLogIndex: 2 });
    lone.acknowledge("n2");
    const before = lone.node.status().peers[0];
    lone.receive("n2", {
      type: "appendEntriesResponse", requestId: probe.requestId, term: 2, success: false, matchIndex: 0, conflictIndex: 1, conflictTerm: 0, lastLogIndex: 2, round: 0,
    });
    expect(lone.node.status().peers[0]).toEqual(before);
    expect(before).toMatchObject({ matchIndex: 4, state: "replicate" });
  });

  test("a request that overtook the one before it is sent again, also when its refusal comes after that one's acknowledgement", () => {
    const lone = steady({ appendBytesMax: 1, appendsInFlightMax: 4 });
    for (let ticket = 1; ticket <= 2; ticket += 1) lone.propose(ticket, "x");
    const [first, second] = lone.appendsTo("n2");
    const answer = { type: "appendEntriesResponse", term: 1, conflictTerm: 0, round: 0 } as const;
    lone.receive("n2", { ...answer, requestId: first!.requestId, success: true, matchIndex: 2, conflictIndex: 0, lastLogIndex: 2 });
    lone.receive("n2", { ...answer, requestId: second!.requestId, success: false, matchIndex: 0, conflictIndex: 2, lastLogIndex: 1 });
    expect(texts(lone, "n2")).toEqual([[2], [3], [3]]);
  });

  test("every refusal lowers nextIndex, whatever hint it carries, so that probing ends", () => {
    const lone = new Lone("n1", withLog(ofThree, Array.from({ length: 30 }, () => 1)));
    lone.becomeLeader(three);
    let last = 31;
    for (let count = 0; count < 40 && lone.lastAppend("n2").prevLogIndex > 0; count += 1) {
      const request = lone.lastAppend("n2");
      expect(request.prevLogIndex).toBeLessThan(last);
      last = request.prevLogIndex;
      lone.refuse("n2", { conflictIndex: 9999, lastLogIndex: 9999 });
    }
    expect(lone.lastAppend("n2").prevLogIndex).toBe(0);
  });
});

test("a peer that refuses everything is not asked again without end", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n3");
  for (let beat = 0; beat < 4; beat += 1) {
    lone.refuse("n2", { conflictIndex: 1, lastLogIndex: 0 });
    lone.tick(20);
    lone.acknowledge("n3");
  }
  expect(lone.appendsTo("n2").map((each) => each.entries.length)).toEqual([1, 0, 0, 0, 0]);
});

test("a follower that agrees and takes no entries, because it installs a snapshot, is offered them once per heartbeat", () => {
  const lone = steady();
  lone.propose(1, "x");
  for (let beat = 0; beat < 4; beat += 1) {
    for (let answer = 0; answer < 5; answer += 1) {
      const open = lone.appendsTo("n2").length;
      lone.acknowledge("n2", { matchIndex: 1, lastLogIndex: 1 });
      if (lone.appendsTo("n2").length === open) break;
    }
    lone.acknowledge("n3", { matchIndex: 2 });
    lone.tick(20);
  }
  expect(texts(lone, "n2").length).toBeLessThanOrEqual(5);
});

test("a follower that takes no entries while it installs a snapshot is not flooded, however many requests were on their way to it (H41)", () => {
  const lone = steady({ appendBytesMax: 4, appendsInFlightMax: 5 });
  for (let ticket = 1; ticket <= 6; ticket += 1) lone.propose(ticket, "xxxx");
  const answersMax = 200;
  for (let beat = 0, answered = 0; beat < 3; beat += 1) {
    for (; answered < lone.appendsTo("n2").length && answered < answersMax; answered += 1) {
      const { requestId, term, prevLogIndex, round } = lone.appendsTo("n2")[answered]!;
      const success = prevLogIndex <= 1;
      const said = success ? { success, matchIndex: 1, conflictIndex: 0 } : { success, matchIndex: 0, conflictIndex: 2 };
      lone.receive("n2", { type: "appendEntriesResponse", requestId, term, conflictTerm: 0, lastLogIndex: 1, round, ...said });
    }
    lone.acknowledge("n3");
    lone.tick(20);
  }
  // For each heartbeat, as many as may be on their way, and one offered again behind the answers to them.
  expect(texts(lone, "n2").length).toBeLessThanOrEqual(3 * (5 + 1));
});

describe("commits", () => {
  test("an idle follower learns of a commit within a few milliseconds, when no entries follow that would carry the news", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.acknowledge("n2");
    expect(lone.lastAppend("n2")).toMatchObject({ entries: [{ index: 2 }], leaderCommit: 1 });
    lone.tickAtDeadline();
    expect(lone.lastAppend("n2")).toMatchObject({ entries: [], prevLogIndex: 2, leaderCommit: 2 });
  });

  test("while one entry follows the other, each carries the news of the commit before it, and no message is sent for that alone", () => {
    const lone = steady();
    for (let ticket = 1; ticket <= 10; ticket += 1) {
      lone.propose(ticket, "x");
      for (const name of ["n2", "n3"]) lone.acknowledge(name);
      lone.tick(1);
    }
    const appends = lone.appendsTo("n2").filter((each) => each.prevLogIndex > 1);
    expect(appends.filter((each) => each.entries.length === 0)).toEqual([]);
    for (const each of appends) expect(each.leaderCommit).toBe(each.prevLogIndex);
  });

  test("under load the news of a commit travels with entries, never in a message of its own", () => {
    const lone = steady();
    for (let ticket = 1; ticket <= 200; ticket += 1) {
      lone.propose(ticket, "x");
      lone.propose(ticket, "y");
      for (const name of ["n2", "n3"]) lone.acknowledge(name);
    }
    const empty = lone.appendsTo("n2").filter((each) => each.entries.length === 0);
    expect(empty.length).toBeLessThan(5);
  });

  test("a heartbeat asks about what is acknowledged, so that the follower may commit that and nothing else (H12)", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.acknowledge("n3");
    lone.sent = [];
    lone.tick(20);
    expect(lone.appendsTo("n2").at(-1)).toMatchObject({ prevLogIndex: 1, prevLogTerm: 1, entries: [], leaderCommit: 2 });
  });

  test("heartbeats are answered at once while entries wait for the disk", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    lone.server.diskHeld = true;
    expect(lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1]), leaderCommit: 1 })).toEqual([]);
    expect(lone.appendEntries("n2", { term: 1 })).toMatchObject([{ success: true, matchIndex: 0 }]);
    expect(lone.node.lastApplied).toBe(0);
    lone.server.persist(0);
    expect(lone.sent.at(-1)?.message).toMatchObject({ success: true, matchIndex: 1 });
    expect(lone.node.lastApplied).toBe(1);
  });

  test("an acknowledgement leaves when the batch that completes it is durable, not when an earlier one is (H17)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    lone.server.diskHeld = true;
    lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1]) });
    lone.appendEntries("n2", { term: 1, prevLogIndex: 1, prevLogTerm: 1, entries: entriesWithTerms([1], 2) });
    lone.sent = [];
    lone.server.persist(0, 1);
    expect(lone.sent.map((each) => each.message)).toMatchObject([{ matchIndex: 1 }]);
    lone.server.persist(0, 1);
    expect(lone.sent.map((each) => each.message)).toMatchObject([{ matchIndex: 1 }, { matchIndex: 2 }]);
  });

  test("the commit hint that goes to the disk never speaks of entries that are not durable yet", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 1]));
    lone.server.diskHeld = true;
    lone.appendEntries("n2", { term: 2, prevLogIndex: 1, prevLogTerm: 1, entries: entriesWithTerms([2, 2], 2), leaderCommit: 3 });
    expect(lone.node.commitIndex).toBe(3);
    expect(lone.server.batches[0]).toMatchObject({ hardState: { currentTerm: 2, commitIndex: 1 }, entries: [{ index: 2 }, { index: 3 }] });
  });

  test("learners are sent entries and never counted (S39)", () => {
    const lone = new Lone("n1", pristine(membershipOf({ voters: three, learners: ["n4", "n5"] })));
    lone.becomeLeader(three);
    for (const name of ["n4", "n5"]) lone.acknowledge(name);
    expect(lone.node.commitIndex).toBe(0);
    lone.acknowledge("n2");
    expect(lone.node.commitIndex).toBe(1);
  });
});

describe("bounds", () => {
  test("proposals beyond uncommittedBytesMax are refused with BUSY until some are committed", () => {
    const lone = steady({ uncommittedBytesMax: 10 });
    for (let ticket = 1; ticket <= 3; ticket += 1) lone.propose(ticket, "xxxx");
    expect(lone.answers()).toMatchObject([{ kind: "appended" }, { kind: "appended" }, { kind: "refused", code: "BUSY" }]);
    lone.acknowledge("n2");
    lone.acknowledge("n2");
    lone.propose(4, "xxxx");
    expect(lone.answers()).toMatchObject([{ kind: "appended" }]);
  });

  test("one proposal larger than the bound is taken when nothing else waits", () => {
    const lone = steady({ uncommittedBytesMax: 10 });
    lone.propose(1, "x".repeat(100));
    expect(lone.answers()).toMatchObject([{ kind: "appended" }]);
  });

  test("a proposal to a follower is refused with the leader's id (H20)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.propose(1, "x");
    lone.appendEntries("n2", { term: 1 });
    lone.propose(2, "x");
    expect(lone.answers()).toMatchObject([
      { kind: "refused", code: "NOT_LEADER", leader: undefined },
      { kind: "refused", code: "NOT_LEADER", leader: idOf("n2") },
    ]);
  });

  test("one batch is applied at a time, of at most applyBytesMax (H23)", () => {
    const lone = new Lone("n1", pristine(ofThree), { applyBytesMax: 6 });
    lone.server.applyHeld = true;
    lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1, 1, 1, 1]), leaderCommit: 5 });
    expect(lone.server.applying.map((entry) => entry.index)).toEqual([1, 2]);
    lone.appendEntries("n2", { term: 1, prevLogIndex: 5, prevLogTerm: 1, leaderCommit: 5 });
    expect(lone.server.applying).toHaveLength(2);
    lone.server.apply(0);
    expect(lone.server.applying.map((entry) => entry.index)).toEqual([3, 4]);
  });
});

describe("a peer that lost what it had acknowledged (H9)", () => {
  test("is reported and gets no more entries", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.acknowledge("n2");
    lone.tick(20);
    lone.server.takeEvents();
    lone.acknowledge("n2", { matchIndex: 0, lastLogIndex: 0 });
    expect(lone.server.takeEvents()).toEqual([{ kind: "peerRegressed", peer: idOf("n2"), acknowledged: 2, lastLogIndex: 0 }]);
    expect(lone.node.status().peers[0]?.state).toBe("regressed");
    lone.sent = [];
    lone.propose(2, "y");
    expect(texts(lone, "n2")).toEqual([]);
    expect(texts(lone, "n3")).toEqual([[3]]);
  });

  test("takes over nothing, and no majority is made of it and what it once acknowledged", () => {
    const lone = steady();
    lone.propose(1, "x");
    lone.tick(20);
    lone.acknowledge("n2", { matchIndex: 0, lastLogIndex: 0 });
    lone.input({ kind: "transferLeadership", ticket: 2, target: idOf("n2") });
    expect(lone.answers().at(-1)).toMatchObject({ kind: "refused", ticket: 2, code: "TRANSFER_FAILED" });
    lone.acknowledge("n2", { matchIndex: 2, lastLogIndex: 2 });
    expect(lone.node.commitIndex).toBe(1);
    lone.acknowledge("n3", { matchIndex: 2, lastLogIndex: 2 });
    expect(lone.node.commitIndex).toBe(2);
  });

  test("is noticed when a disk was rolled back under a running cluster", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.propose("n1", "x");
    cluster.crash("n3");
    cluster.server("n3").disk.entries.length = 0;
    cluster.server("n3").disk.lastApplied = 0;
    cluster.restart("n3");
    cluster.advance(60);
    expect(cluster.server("n1").events).toContainEqual({ kind: "peerRegressed", peer: idOf("n3"), acknowledged: 2, lastLogIndex: 0 });
  });

  test("is not claimed because of an old answer that comes late", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 1]));
    lone.becomeLeader(three);
    lone.tick(20);
    const heartbeat = lone.lastAppend("n2");
    const probe = lone.appendsTo("n2")[0]!;
    const answer = { type: "appendEntriesResponse", term: 2, conflictIndex: 0, conflictTerm: 0, round: 0 } as const;
    lone.receive("n2", { ...answer, requestId: probe.requestId, success: true, matchIndex: 4, lastLogIndex: 4 });
    lone.receive("n2", { ...answer, requestId: heartbeat.requestId, success: true, matchIndex: 0, lastLogIndex: 3 });
    expect(lone.node.status().peers[0]?.state).not.toBe("regressed");
  });
});
