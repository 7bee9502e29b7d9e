// How a leader ends: without a majority, with a disk that hangs, deposed by a newer term; and what its clients are told then.

import { expect, test } from "vitest";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, member, membershipOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

test("a leader that no majority answers for an election timeout steps down (H5, H22)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.now = 50;
  lone.acknowledge("n2");
  for (lone.now = 60; lone.now < 150; lone.now += 10) lone.tick();
  expect(lone.node.role).toBe("leader");
  lone.now = 150;
  lone.tick();
  expect(lone.node.role).toBe("follower");
  expect(lone.node.leader).toBeUndefined();
});

test("answers of learners do not keep a leader in office (S39, H29)", () => {
  const lone = new Lone("n1", pristine(membershipOf({ voters: three, learners: ["n4", "n5"] })));
  lone.becomeLeader(three);
  for (let beat = 0; beat < 6; beat += 1) {
    for (const name of ["n4", "n5"]) lone.acknowledge(name);
    lone.tick(20);
  }
  expect(lone.node.role).toBe("follower");
});

test("while joint, a leader needs the answers of both majorities (H27)", () => {
  const joint = membershipOf({ voters: ["n1", "n2", "n3"], votersOutgoing: ["n1", "n4", "n5"] });
  const lone = new Lone("n1", pristine(joint));
  lone.becomeLeader(["n2", "n3", "n4", "n5"]);
  for (let beat = 0; beat < 6; beat += 1) {
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    lone.tick(20);
  }
  expect(lone.node.role).toBe("follower");
});

test("a leader whose oldest write is older than an election timeout steps down and sends no more heartbeats (H46)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.now = 10;
  lone.server.diskHeld = true;
  lone.propose(1, "x");
  expect(lone.node.deadline).toBeLessThanOrEqual(110);
  for (const at of [30, 60, 90]) {
    lone.now = at;
    lone.tick();
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
  }
  expect(lone.node.role).toBe("leader");
  lone.now = 110;
  lone.sent = [];
  lone.tick();
  expect(lone.node.role).toBe("follower");
  expect(lone.appendsTo("n2")).toEqual([]);
});

test("a write that is old but not the oldest any more does not matter (H46)", () => {
  const lone = new Lone("n1", pristine(membershipOf({ voters: ["n1"] })));
  lone.input({ kind: "campaign" });
  lone.server.diskHeld = true;
  for (let count = 0; count < 20; count += 1) {
    lone.now += 60;
    lone.propose(count, "x");
    if (lone.server.batches.length > 1) lone.server.persist(lone.now, 1);
    lone.tick();
  }
  expect(lone.node.role).toBe("leader");
});

test("a deposed leader refuses every read that waits, and answers nothing for what it has appended (H20, H22)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.propose(1, "x");
  lone.input({ kind: "read", ticket: 2 });
  lone.input({ kind: "forceReplication", ticket: 3 });
  lone.input({ kind: "read", ticket: 4 });
  lone.answers();
  lone.appendEntries("n2", { term: 2 });
  const answers = lone.answers();
  expect(answers.map((answer) => answer.ticket)).toEqual([2, 3, 4]);
  for (const answer of answers) expect(answer).toMatchObject({ kind: "refused", code: "NOT_LEADER", leader: idOf("n2") });
});

test("a deposed leader says that the outcome of its membership change is unknown (H20)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.input({ kind: "changeMembership", ticket: 9, change: { upsert: [member("n4")] } });
  lone.appendEntries("n2", { term: 2 });
  expect(lone.answers()).toMatchObject([{ kind: "refused", ticket: 9, code: "UNKNOWN_OUTCOME", leader: idOf("n2") }]);
});

test("a leader obeys no other leader, and votes for nobody, in its own term", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  expect(lone.appendEntries("n2", { term: 1 })).toMatchObject([{ success: false, term: 1 }]);
  expect(lone.requestVote("n2", { term: 1 })).toMatchObject([{ voteGranted: false }]);
  expect(lone.preVote("n2", { term: 2, lastLogIndex: 9, lastLogTerm: 1 })).toMatchObject([{ voteGranted: false, term: 1 }]);
  expect(lone.node.role).toBe("leader");
});

test("a single voter leads at once, commits by its own disk and answers reads by itself", () => {
  const cluster = new Cluster(["n1"]);
  cluster.elect("n1");
  const write = cluster.propose("n1", "x");
  const read = cluster.ask("n1", (ticket) => ({ kind: "read", ticket }));
  expect(cluster.answersTo("n1", write)).toMatchObject([{ kind: "appended", index: 2 }]);
  expect(cluster.answersTo("n1", read)).toMatchObject([{ kind: "readable", index: 2 }]);
  cluster.advance(1000);
  expect(cluster.leaders).toEqual(["n1"]);
  expect(cluster.sent).toEqual([]);
});
