// The paper from §6 on, and the dissertation where the core obeys it: membership changes, reads, transfer, disruptive servers, parallel disk writes.

import { describe, expect, test } from "vitest";
import type { PreVoteResponse, RequestVoteResponse } from "../../src/raft/message.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, member, membershipOf, pristine, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });
const granted = (messages: readonly unknown[]): boolean => (messages[0] as RequestVoteResponse | PreVoteResponse).voteGranted;

function leaderOfThree(terms: readonly number[] = []): Lone {
  const lone = new Lone("n1", withLog(ofThree, terms));
  lone.becomeLeader(three);
  return lone;
}

describe("§6, membership changes", () => {
  test("§6: a server uses the latest membership in its log, committed or not (H28)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.isolate("n1");
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { upsert: [member("n4")] } }));
    expect(cluster.node("n1").membership.learners).toEqual([idOf("n4")]);
    expect(cluster.node("n1").commitIndex).toBe(1);
  });

  test("§6: a membership that is overwritten is not in force any more (H28)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.isolate("n1");
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { remove: [idOf("n3")] } }));
    expect(cluster.node("n1").membership.votersOutgoing).toHaveLength(3);
    cluster.advance(400);
    cluster.heal();
    cluster.advance(200);
    expect(cluster.leaders).toHaveLength(1);
    expect(cluster.leaders).not.toContain("n1");
    expect(cluster.node("n1").membership).toEqual(ofThree);
    expect(cluster.server("n1").events.map((event) => event.kind)).toContain("logTruncated");
  });

  test("§6: an uncommitted membership survives a restart (H28)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.isolate("n1");
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { remove: [idOf("n3")] } }));
    cluster.crash("n1");
    cluster.restart("n1");
    expect(cluster.node("n1").membership.votersOutgoing).toHaveLength(3);
  });

  test("§6: a new server joins without a vote and is brought up to date first (S39)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.propose("n1", "x");
    cluster.add("n4", pristine(membershipOf({})));
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { upsert: [member("n4")] } }));
    cluster.advance(50);
    expect(cluster.node("n4").lastApplied).toBe(cluster.node("n1").commitIndex);
    expect(cluster.node("n4").role).toBe("learner");
  });

  test("§6: a leader that is not in C_new leads until C_new is committed, does not count itself, and steps down then (H30)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    const ticket = cluster.ask("n1", (each) => ({ kind: "changeMembership", ticket: each, change: { remove: [idOf("n1")] } }));
    expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "membershipChanged", index: 3 }]);
    expect(cluster.node("n1").role).toBe("learner");
    expect(cluster.node("n1").deadline).toBe(Number.POSITIVE_INFINITY);
    expect(cluster.leaders).toHaveLength(1);
    expect(cluster.node(cluster.leaders[0]!).membership).toEqual(membershipOf({ voters: ["n2", "n3"] }));
  });

  test("§6: the removed leader needs the majority of C_new without itself (H27, H30)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.crash("n3");
    cluster.drops = ({ to, message }) => to === "n2" && message.type === "appendEntries" && message.entries.some((entry) => entry.index === 3);
    cluster.ask("n1", (each) => ({ kind: "changeMembership", ticket: each, change: { remove: [idOf("n1")] } }));
    expect(cluster.node("n1").commitIndex).toBe(1);
    cluster.restart("n3");
    cluster.advance(60);
    expect(cluster.node("n1").commitIndex).toBe(2);
    expect(cluster.leaders).toEqual(["n1"]);
  });

  test("§6: servers ignore RequestVote while they believe that a leader exists, so a removed server disturbs nobody (H4)", () => {
    const cluster = new Cluster(["n1", "n2", "n3", "n4"]);
    cluster.elect("n1");
    cluster.isolate("n4");
    cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { remove: [idOf("n4")] } }));
    cluster.heal();
    cluster.advance(2000);
    expect(cluster.node("n1").currentTerm).toBe(1);
    expect(cluster.leaders).toEqual(["n1"]);
    expect(cluster.sent.some((each) => each.from === "n4" && each.message.type === "preVote")).toBe(true);
  });
});

describe("§8, reads", () => {
  test("§8: a leader commits a blank entry at the start of its term", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    expect(cluster.node("n1").entriesBetween(1, 9)).toMatchObject([{ index: 1, term: 1, type: 0 }]);
    expect(cluster.node("n1").commitIndex).toBe(1);
  });

  test("§8: no read is answered before that entry is committed (H21, S110)", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1]));
    lone.becomeLeader(three);
    lone.input({ kind: "read", ticket: 1 });
    for (const name of ["n2", "n3"]) lone.acknowledge(name, { matchIndex: 2, lastLogIndex: 2 });
    expect(lone.answers()).toEqual([]);
    lone.acknowledge("n2", { matchIndex: 3 });
    lone.acknowledge("n2");
    expect(lone.answers()).toEqual([{ kind: "readable", ticket: 1, index: 3 }]);
  });

  test("§8: a leader exchanges heartbeats with a majority before it answers a read", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.becomeLeader(three);
    lone.acknowledge("n2");
    lone.input({ kind: "read", ticket: 1 });
    expect(lone.answers()).toEqual([]);
    expect(lone.lastAppend("n2")).toMatchObject({ entries: [], round: 1 });
    lone.acknowledge("n2");
    expect(lone.answers()).toEqual([{ kind: "readable", ticket: 1, index: 1 }]);
  });
});

describe("diss. §3.10, leadership transfer", () => {
  test("diss. §3.10: the prior leader stops accepting requests, brings the target up to date, and sends TimeoutNow (H31)", () => {
    const lone = leaderOfThree();
    lone.acknowledge("n2");
    lone.propose(1, "x");
    lone.input({ kind: "transferLeadership", ticket: 2, target: idOf("n2") });
    lone.propose(3, "y");
    expect(lone.answers()).toMatchObject([{ kind: "appended", ticket: 1 }, { kind: "refused", ticket: 3, code: "NOT_LEADER" }]);
    expect(lone.sent.some((each) => each.message.type === "timeoutNow")).toBe(false);
    lone.acknowledge("n2");
    expect(lone.sent.filter((each) => each.message.type === "timeoutNow")).toMatchObject([{ to: "n2", message: { term: 1 } }]);
  });

  test("diss. §3.10: the target campaigns at once, in a new term, without a PreVote round and in spite of stickiness (H31)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.sent.length = 0;
    const ticket = cluster.ask("n1", (each) => ({ kind: "transferLeadership", ticket: each, target: idOf("n3") }));
    expect(cluster.leaders).toEqual(["n3"]);
    expect(cluster.now).toBe(0);
    expect(cluster.sent.some((each) => each.message.type === "preVote")).toBe(false);
    expect(cluster.answersTo("n1", ticket)).toEqual([{ kind: "leadershipTransferred", ticket, leader: idOf("n3") }]);
  });

  test("diss. §3.10: a transfer that has not succeeded after an election timeout is aborted and the leader resumes (H31)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.drops = ({ message }) => message.type === "timeoutNow";
    const ticket = cluster.ask("n1", (each) => ({ kind: "transferLeadership", ticket: each, target: idOf("n3") }));
    cluster.advance(99);
    expect(cluster.answersTo("n1", ticket)).toEqual([]);
    cluster.advance(2);
    expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
    const proposal = cluster.propose("n1", "again");
    expect(cluster.answersTo("n1", proposal)).toMatchObject([{ kind: "appended" }]);
    expect(cluster.leaders).toEqual(["n1"]);
  });
});

describe("diss. §4.2.3 and §9.6, disruptive servers and PreVote", () => {
  test("diss. §9.6: PreVote changes neither term nor vote, at either end", () => {
    const lone = new Lone("n1", withLog(ofThree, [1], 3));
    expect(lone.preVote("n2", { term: 4, lastLogIndex: 1, lastLogTerm: 1 })).toMatchObject([{ voteGranted: true, term: 4 }]);
    lone.tickAtDeadline();
    expect(lone.node.status()).toMatchObject({ role: "preCandidate", currentTerm: 3, votedFor: undefined });
    expect(lone.sent.at(-1)?.message).toMatchObject({ type: "preVote", term: 4 });
    expect(lone.server.batches).toEqual([]);
  });

  test("diss. §9.6: a server cut off for long does not raise its term, and returns without an election (H4)", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.isolate("n3");
    cluster.advance(60_000 / 20);
    expect(cluster.node("n3").currentTerm).toBe(1);
    cluster.heal();
    cluster.advance(500);
    expect(cluster.leaders).toEqual(["n1"]);
    expect(cluster.node("n1").currentTerm).toBe(1);
  });

  test("diss. §4.2.3: within the minimum election timeout of hearing a leader, votes are refused and the term stays (H4)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    lone.now = 99;
    expect(lone.requestVote("n3", { term: 9, lastLogIndex: 9, lastLogTerm: 8 })).toMatchObject([{ voteGranted: false, term: 1 }]);
    expect(lone.preVote("n3", { term: 9, lastLogIndex: 9, lastLogTerm: 8 })).toMatchObject([{ voteGranted: false, term: 1 }]);
    expect(lone.node.currentTerm).toBe(1);
    lone.now = 100;
    expect(granted(lone.preVote("n3", { term: 9, lastLogIndex: 9, lastLogTerm: 8 }))).toBe(true);
    expect(granted(lone.requestVote("n3", { term: 9, lastLogIndex: 9, lastLogTerm: 8 }))).toBe(true);
  });

  test("diss. §4.2.3: a vote that the leader itself asked for is given nevertheless (H31)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    expect(granted(lone.requestVote("n3", { term: 2, leadershipTransfer: true }))).toBe(true);
  });
});

describe("diss. §10.2.1, writing to the disk in parallel", () => {
  test("diss. §10.2.1: the leader sends entries before its own disk has them (H16)", () => {
    const lone = leaderOfThree();
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    lone.server.diskHeld = true;
    lone.propose(1, "x");
    expect(lone.lastAppend("n2").entries).toHaveLength(1);
    expect(lone.server.batches).toHaveLength(1);
  });

  test("diss. §10.2.1: its own log counts once it is durable, not before (H16)", () => {
    const lone = leaderOfThree();
    lone.acknowledge("n2");
    lone.server.diskHeld = true;
    lone.propose(1, "x");
    lone.acknowledge("n2");
    expect(lone.node.commitIndex).toBe(1);
    lone.server.persist(0);
    expect(lone.node.commitIndex).toBe(2);
  });

  test("diss. §10.2.1: an entry may even be committed before the leader has it on its disk, and is applied only after (H23)", () => {
    const lone = leaderOfThree();
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    lone.server.diskHeld = true;
    lone.propose(1, "x");
    for (const name of ["n2", "n3"]) lone.acknowledge(name);
    expect(lone.node.commitIndex).toBe(2);
    expect(lone.node.lastApplied).toBe(1);
    lone.server.persist(0);
    expect(lone.node.lastApplied).toBe(2);
  });
});
