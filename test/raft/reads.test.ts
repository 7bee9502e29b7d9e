// ReadIndex: whose answers confirm, which rounds are shared, and that a deposed leader never answers.

import { expect, test } from "vitest";
import { pendingReadsMax } from "../../src/raft/read-index.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, membershipOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

function leading(): Lone {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  lone.sent = [];
  return lone;
}

test("all reads that wait share one round, and those that come meanwhile the next one (H22)", () => {
  const lone = leading();
  for (const ticket of [1, 2, 3]) lone.input({ kind: "read", ticket });
  expect(lone.appendsTo("n2").map((each) => each.round)).toEqual([1]);
  lone.acknowledge("n2");
  expect(lone.answers()).toEqual([{ kind: "readable", ticket: 1, index: 1 }]);
  expect(lone.lastAppend("n2").round).toBe(2);
  lone.acknowledge("n2");
  expect(lone.answers().map((answer) => answer.ticket)).toEqual([2, 3]);
});

test("an answer to an older round confirms no newer one, however often it is repeated (H22)", () => {
  const lone = leading();
  lone.input({ kind: "read", ticket: 1 });
  const old = lone.lastAppend("n2");
  lone.acknowledge("n2");
  lone.answers();
  lone.input({ kind: "read", ticket: 2 });
  for (let copy = 0; copy < 3; copy += 1) {
    lone.receive("n2", {
      type: "appendEntriesResponse", requestId: old.requestId, term: 1, success: true, matchIndex: 1, conflictIndex: 0, conflictTerm: 0, lastLogIndex: 1, round: 1,
    });
    lone.receive("n3", {
      type: "appendEntriesResponse", requestId: old.requestId, term: 1, success: true, matchIndex: 1, conflictIndex: 0, conflictTerm: 0, lastLogIndex: 1, round: 1,
    });
  }
  expect(lone.answers()).toEqual([]);
});

test("an answer to a round that never began is not believed (H22)", () => {
  const lone = leading();
  lone.input({ kind: "read", ticket: 1 });
  lone.acknowledge("n2", { round: 99 });
  expect(lone.answers()).toEqual([]);
});

test("a round of an earlier leadership confirms nothing in a later one (H22)", () => {
  const lone = leading();
  lone.input({ kind: "read", ticket: 1 });
  const old = lone.lastAppend("n2");
  lone.appendEntries("n2", { term: 2 });
  lone.answers();
  lone.now = 1000;
  lone.sent = [];
  lone.becomeLeader(three);
  lone.acknowledge("n2", { matchIndex: lone.node.lastIndex });
  lone.input({ kind: "read", ticket: 2 });
  lone.receive("n3", {
    type: "appendEntriesResponse", requestId: old.requestId, term: 1, success: true, matchIndex: 1, conflictIndex: 0, conflictTerm: 0, lastLogIndex: 1, round: 1,
  });
  expect(lone.answers()).toEqual([]);
  expect(lone.node.currentTerm).toBe(3);
});

test("answers of learners confirm nothing (S39)", () => {
  const lone = new Lone("n1", pristine(membershipOf({ voters: three, learners: ["n4"] })));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.input({ kind: "read", ticket: 1 });
  lone.tick(20);
  expect(lone.lastAppend("n4").round).toBe(1);
  lone.acknowledge("n4");
  expect(lone.answers()).toEqual([]);
});

test("a follower that refuses entries of this term confirms the leader all the same", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.input({ kind: "read", ticket: 1 });
  lone.refuse("n3", { conflictIndex: 1, lastLogIndex: 0 });
  expect(lone.answers()).toMatchObject([{ kind: "readable", ticket: 1 }]);
});

test("forceReplication always starts a round of its own, also when one is under way (S111)", () => {
  const lone = leading();
  lone.input({ kind: "read", ticket: 1 });
  const first = lone.lastAppend("n2");
  lone.input({ kind: "forceReplication", ticket: 2 });
  expect(lone.lastAppend("n2").round).toBe(first.round + 1);
  lone.receive("n2", {
    type: "appendEntriesResponse", requestId: first.requestId, term: 1, success: true, matchIndex: 1, conflictIndex: 0, conflictTerm: 0, lastLogIndex: 1, round: first.round,
  });
  expect(lone.answers()).toMatchObject([{ kind: "readable", ticket: 1 }]);
  lone.acknowledge("n2");
  expect(lone.answers()).toMatchObject([{ kind: "replicated", ticket: 2 }]);
});

test("reads and forced rounds are refused on a follower (S111, S118)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.input({ kind: "read", ticket: 1 });
  lone.input({ kind: "forceReplication", ticket: 2 });
  expect(lone.answers().map((answer) => answer.kind === "refused" && answer.code)).toEqual(["NOT_LEADER", "NOT_LEADER"]);
});

test("reads that wait are bounded; more are refused with BUSY", () => {
  const lone = leading();
  for (let ticket = 0; ticket <= pendingReadsMax; ticket += 1) lone.server.stepOnly({ kind: "read", ticket }, 0);
  lone.server.drain(0);
  expect(lone.answers()).toMatchObject([{ kind: "refused", code: "BUSY", ticket: pendingReadsMax }]);
  lone.acknowledge("n2");
  expect(lone.answers()).toHaveLength(pendingReadsMax);
});

test("a lost round is asked again with the next heartbeat", () => {
  const lone = leading();
  lone.input({ kind: "read", ticket: 1 });
  lone.tick(20);
  lone.acknowledge("n3");
  expect(lone.answers()).toMatchObject([{ kind: "readable", ticket: 1 }]);
});

test("a paused leader that was deposed meanwhile answers no read with old data (S118, H22)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.advance(30);
  cluster.isolate("n1");
  const read = cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
  cluster.server("n1").up = false;
  cluster.advanceUntil(() => cluster.leaders.length === 1);
  cluster.propose(cluster.leaders[0]!, "new");
  cluster.server("n1").up = true;
  cluster.heal();
  const later = cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
  cluster.advance(200);
  for (const ticket of [read, later]) expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "refused", code: "NOT_LEADER" }]);
});

test("a new leader's reads wait for its first commit and then see all that was committed before (S110, S118, H21)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.propose("n1", "x");
  cluster.crash("n1");
  cluster.now += 100;
  cluster.drops = ({ message }) => message.type === "appendEntriesResponse" && message.matchIndex >= 3;
  cluster.elect("n2");
  const read = cluster.ask("n2", (ticket) => ({ kind: "read", ticket }));
  cluster.advance(45);
  expect(cluster.answersTo("n2", read)).toEqual([]);
  expect(cluster.node("n2").termCommitted).toBe(false);
  cluster.drops = () => false;
  cluster.advance(150);
  expect(cluster.answersTo("n2", read)).toEqual([{ kind: "readable", ticket: read, index: 3 }]);
  expect(cluster.node("n2").leader).toBe(idOf("n2"));
});
