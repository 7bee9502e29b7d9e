// Elections in a cluster: who may campaign, when votes leave, and that every shape of network with a connected majority gets a leader.

import { describe, expect, test } from "vitest";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, member, membershipOf, optionsOf, pristine, withLog } from "./harness/members.ts";

const electionTimeout = optionsOf("n1").electionTimeout;
const three = ["n1", "n2", "n3"];
const five = ["n1", "n2", "n3", "n4", "n5"];
const ofThree = membershipOf({ voters: three });

describe("durability of terms and votes (H1, S73)", () => {
  test("a vote is durable before it is answered", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.diskHeld = true;
    expect(lone.requestVote("n2", { term: 1 })).toEqual([]);
    expect(lone.server.batches).toMatchObject([{ sequence: 1, hardState: { currentTerm: 1, votedFor: idOf("n2") } }]);
    expect(lone.server.dependents).toMatchObject([{ sequence: 1, to: idOf("n2") }]);
    lone.server.persist(0);
    expect(lone.sent).toMatchObject([{ to: "n2", message: { type: "requestVoteResponse", voteGranted: true } }]);
  });

  test("a candidate's term and vote are durable before it asks for votes, and before its own vote counts", () => {
    const lone = new Lone("n1", pristine(membershipOf({ voters: ["n1"] })));
    lone.server.diskHeld = true;
    lone.input({ kind: "campaign" });
    expect(lone.node.role).toBe("candidate");
    lone.server.persist(0, 1);
    expect(lone.node.role).toBe("leader");

    const asking = new Lone("n1", pristine(ofThree));
    asking.server.diskHeld = true;
    asking.receive("n2", { type: "timeoutNow", requestId: 1, term: 0, leaderId: idOf("n2") });
    expect(asking.sent.some((each) => each.message.type === "requestVote")).toBe(false);
    asking.server.persist(0);
    expect(asking.sent.filter((each) => each.message.type === "requestVote")).toHaveLength(2);
  });

  test("the completion of an earlier write does not make the own vote count", () => {
    const lone = new Lone("n1", pristine(membershipOf({ voters: ["n1"] })));
    lone.server.diskHeld = true;
    lone.appendEntries("n2", { term: 1 });
    lone.input({ kind: "campaign" });
    expect(lone.server.batches).toHaveLength(2);
    lone.server.persist(0, 1);
    expect(lone.node.role).toBe("candidate");
    lone.server.persist(0, 1);
    expect(lone.node.role).toBe("leader");
  });

  test("votes that nobody can have been asked for do not make a leader whose own term is not durable", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.diskHeld = true;
    lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 0, leaderId: idOf("n2") });
    for (const { to, message } of lone.server.dependents.filter((each) => each.message.type === "requestVote")) {
      lone.receive(`n${to}`, { type: "requestVoteResponse", requestId: message.requestId, term: 1, voteGranted: true });
    }
    expect(lone.node.role).toBe("candidate");
    lone.server.persist(0);
    expect(lone.node.role).toBe("leader");
  });

  test("a crash before the vote is durable leaves the vote free, and nobody has heard of it", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.diskHeld = true;
    lone.requestVote("n2", { term: 1 });
    lone.server.crash();
    lone.server.diskHeld = false;
    lone.server.restart(0);
    expect(lone.sent).toEqual([]);
    expect(lone.requestVote("n3", { term: 1 })).toMatchObject([{ voteGranted: true }]);
  });

  test("a refusal that teaches a new term waits until that term is durable", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1]));
    lone.server.diskHeld = true;
    expect(lone.requestVote("n2", { term: 5, lastLogIndex: 1, lastLogTerm: 1 })).toEqual([]);
    lone.server.persist(0);
    expect(lone.sent).toMatchObject([{ message: { voteGranted: false, term: 5 } }]);
  });
});

describe("who campaigns", () => {
  test("a learner never campaigns, and votes when it is asked (H29, S39)", () => {
    const lone = new Lone("n3", pristine(membershipOf({ voters: ["n1", "n2"], learners: ["n3"] })));
    expect(lone.node.deadline).toBe(Number.POSITIVE_INFINITY);
    lone.input({ kind: "campaign" });
    lone.receive("n1", { type: "timeoutNow", requestId: 1, term: 0, leaderId: idOf("n1") });
    expect(lone.node.role).toBe("learner");
    expect(lone.requestVote("n2", { term: 1 })).toMatchObject([{ voteGranted: true }]);
  });

  test("a server that belongs to nothing waits until a leader contacts it, and then takes what it is sent", () => {
    const lone = new Lone("n4", pristine(membershipOf({})));
    expect(lone.node.status()).toMatchObject({ role: "learner", leader: undefined });
    expect(lone.node.deadline).toBe(Number.POSITIVE_INFINITY);
    lone.tick(100_000);
    expect(lone.sent).toEqual([]);
    expect(lone.appendEntries("n1", { term: 3 })).toMatchObject([{ success: true }]);
    expect(lone.node.leader).toBe(idOf("n1"));
  });

  test("a learner forgets a leader that it does not hear any more, and then sleeps", () => {
    const lone = new Lone("n3", pristine(membershipOf({ voters: ["n1", "n2"], learners: ["n3"] })));
    lone.appendEntries("n1", { term: 1 });
    lone.tickAtDeadline();
    expect(lone.node.leader).toBeUndefined();
    expect(lone.node.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(lone.sent.map((each) => each.message.type)).toEqual(["appendEntriesResponse"]);
  });

  test.each(["options", "membership"])("a server that is not master-eligible by its %s votes, and never campaigns (S96)", (where) => {
    const members = ofThree.members.map((each) => (each.name === "n1" ? member("n1", { masterEligible: where !== "membership" }) : each));
    const lone = new Lone("n1", pristine({ ...ofThree, members }), { masterEligible: where !== "options" });
    lone.input({ kind: "campaign" });
    lone.tick(1000);
    lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 0, leaderId: idOf("n2") });
    expect(lone.node.role).toBe("follower");
    expect(lone.node.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(lone.requestVote("n2", { term: 1 })).toMatchObject([{ voteGranted: true }]);
  });

  test("a server whose disk hangs does not campaign (H46)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.diskHeld = true;
    lone.appendEntries("n2", { term: 1 });
    for (let count = 0; count < 5; count += 1) lone.tickAtDeadline();
    expect(lone.node.role).toBe("follower");
    lone.server.persist(lone.now);
    lone.tickAtDeadline();
    expect(lone.node.role).toBe("preCandidate");
  });
});

describe("deadlines", () => {
  test("an idle follower wakes for its election deadline only (S22)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    const { deadline } = lone.node;
    expect(deadline).toBeGreaterThanOrEqual(100);
    lone.tick(50);
    expect(lone.node.deadline).toBe(deadline);
    expect(lone.node.takeReady()).toBeUndefined();
  });

  test("however late a tick comes, it starts one election, not several (H7)", () => {
    const lone = new Lone("n1", withLog(ofThree, [], 3));
    lone.tick(100_000);
    expect(lone.node.status()).toMatchObject({ role: "preCandidate", currentTerm: 3 });
    expect(lone.sent).toHaveLength(2);
    lone.tick();
    expect(lone.sent).toHaveLength(2);
    expect(lone.node.deadline).toBeGreaterThanOrEqual(100_100);
  });

  test("a heartbeat that waited during a stall and is delivered first prevents the election (H7)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1 });
    lone.now = 5000;
    lone.appendEntries("n2", { term: 1 });
    lone.tick();
    expect(lone.node.role).toBe("follower");
    expect(lone.node.currentTerm).toBe(1);
  });
});

test("a refusal from an older term is an answer too: a candidate refused by a majority stops waiting (H5)", () => {
  const lone = new Lone("n1", withLog(ofThree, [1], 6));
  lone.input({ kind: "campaign" });
  for (const { to, message } of lone.sent.slice()) {
    lone.receive(to, { type: "preVoteResponse", requestId: message.requestId, term: 4, voteGranted: false });
  }
  expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 6 });
});

describe("no deadlock of PreVote and CheckQuorum (H5)", () => {
  test("a refused PreVote teaches the newer term, so that a longer log with an older term gets through", () => {
    const logs: Record<string, { terms: number[]; term: number }> = {
      n1: { terms: [1, 1, 1, 1], term: 3 }, n2: { terms: [1, 1, 1, 1], term: 3 }, n3: { terms: [1], term: 9 }, n4: { terms: [1], term: 9 }, n5: { terms: [1], term: 9 },
    };
    const ofFive = membershipOf({ voters: five });
    const cluster = new Cluster(five, { initial: (name) => withLog(ofFive, logs[name]!.terms, logs[name]!.term) });
    cluster.crash("n2");
    cluster.crash("n5");
    expect(cluster.advanceUntil(() => cluster.leaders.length === 1)).toBeLessThan(1000);
    expect(cluster.leaders).toEqual(["n1"]);
    expect(cluster.node("n1").currentTerm).toBeGreaterThan(9);
  });

  test("a leader without a majority steps down within one election timeout and sends no more heartbeats", () => {
    const cluster = new Cluster(five);
    cluster.elect("n1");
    cluster.advance(40);
    cluster.connectOnly([["n1", "n2"]]);
    cluster.advance(100);
    expect(cluster.node("n1").role).not.toBe("leader");
    expect(cluster.node("n1").leader).toBeUndefined();
    cluster.sent.length = 0;
    cluster.advance(300);
    expect(cluster.sent.filter((each) => each.from === "n1" && each.message.type === "appendEntries")).toEqual([]);
  });

  const shapes: Record<string, (readonly [string, string])[]> = {
    "a bridge: n3 sees both sides, the sides do not see each other": [["n1", "n2"], ["n1", "n3"], ["n2", "n3"], ["n3", "n4"], ["n3", "n5"], ["n4", "n5"]],
    "a ring": [["n1", "n2"], ["n2", "n3"], ["n3", "n4"], ["n4", "n5"], ["n5", "n1"]],
    "a star around n3": [["n1", "n3"], ["n2", "n3"], ["n4", "n3"], ["n5", "n3"]],
    "a chain": [["n1", "n2"], ["n2", "n3"], ["n3", "n4"], ["n4", "n5"]],
    "the old leader with one follower that the majority sees too": [["n1", "n2"], ["n2", "n3"], ["n2", "n4"], ["n2", "n5"], ["n3", "n4"], ["n4", "n5"], ["n3", "n5"]],
    "the old leader alone": [["n2", "n3"], ["n3", "n4"], ["n4", "n5"], ["n2", "n5"], ["n2", "n4"], ["n3", "n5"]],
  };
  test.each(Object.keys(shapes))("somebody who reaches a majority is elected within ten election timeouts, and commits: %s", (shape) => {
    const cluster = new Cluster(five);
    cluster.elect("n1");
    cluster.advance(30);
    cluster.connectOnly(shapes[shape]!);
    let text = 0;
    cluster.advanceUntil(() => {
      text += 1;
      for (const leader of cluster.leaders) cluster.propose(leader, `v${text}`);
      return cluster.checker.commitIndex >= 6;
    }, 1000);
  });

  test("a stale leader that reaches a voter does not keep it from voting for long", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.connectOnly([["n2", "n3"]]);
    cluster.cutOneWay("n3", "n1");
    cluster.advanceUntil(() => cluster.leaders.some((name) => name !== "n1"), 1000);
  });

  test("seven servers started at once agree on a leader in a few rounds (H6)", () => {
    const names = ["n1", "n2", "n3", "n4", "n5", "n6", "n7"];
    const cluster = new Cluster(names);
    expect(cluster.advanceUntil(() => cluster.leaders.length === 1)).toBeLessThan(500);
  });
});

test("a server that has left the voters by an uncommitted entry still campaigns, because the others may need its log (diss. §4.2.2)", () => {
  const cluster = new Cluster(["n1", "n2"]);
  cluster.elect("n2");
  cluster.drops = ({ from, message }) => from === "n2" && message.type === "appendEntries" && message.entries.some((entry) => entry.index === 3);
  cluster.ask("n2", (ticket) => ({ kind: "changeMembership", ticket, change: { remove: [idOf("n2")] } }));
  expect(cluster.node("n2").membership.voters).toEqual([idOf("n1")]);
  cluster.crash("n2");
  cluster.drops = () => false;
  cluster.advance(500);
  expect(cluster.leaders).toEqual([]);
  cluster.restart("n2");
  cluster.advanceUntil(() => cluster.leaders.includes("n1") && cluster.node("n2").role === "learner");
  expect(cluster.node("n1").membership).toEqual(membershipOf({ voters: ["n1"] }));
});

describe("a follower that is asked for a pre-vote by a server whose log is behind its own", () => {
  const askedByOneBehind = (after: number): Lone => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1]));
    lone.appendEntries("n3", { term: 1, prevLogIndex: 2, prevLogTerm: 1 });
    lone.tick(after);
    lone.sent = [];
    lone.preVote("n2", { term: 2, lastLogIndex: 1, lastLogTerm: 1 });
    return lone;
  };

  test("campaigns itself within a fraction of an election timeout, because the other one cannot win (§5.4.1)", () => {
    const lone = askedByOneBehind(electionTimeout);
    const asked = lone.now;
    lone.tickAtDeadline();
    expect(lone.now - asked).toBeLessThanOrEqual(electionTimeout / 20);
    expect(lone.node.role).toBe("preCandidate");
  });

  test("does not for a server that is no voter: two voters that refuse a stranger at once would campaign at once, and each for itself, as often as it asks (§5.2)", () => {
    const lone = new Lone("n1", withLog(membershipOf({ voters: ["n1", "n2"], learners: ["n3"] }), [1, 1]));
    lone.appendEntries("n2", { term: 1, prevLogIndex: 2, prevLogTerm: 1 });
    lone.tick(electionTimeout);
    const { deadline } = lone.node;
    lone.preVote("n3", { term: 2, lastLogIndex: 1, lastLogTerm: 1 });
    lone.preVote("n9", { term: 2, lastLogIndex: 1, lastLogTerm: 1 });
    expect([lone.node.role, lone.node.deadline]).toEqual(["follower", deadline]);
  });

  test("does so once after each contact with a leader, whoever asks how often (§5.2)", () => {
    const lone = askedByOneBehind(electionTimeout);
    lone.sent = [];
    lone.tickAtDeadline();
    for (const { to, message } of lone.sent) lone.receive(to, { type: "preVoteResponse", requestId: message.requestId, term: 1, voteGranted: false });
    const { deadline } = lone.node;
    for (const term of [2, 3, 4]) lone.preVote("n2", { term, lastLogIndex: 1, lastLogTerm: 1 });
    expect([lone.node.role, lone.node.deadline]).toEqual(["follower", deadline]);
    lone.appendEntries("n3", { term: 5, prevLogIndex: 2, prevLogTerm: 1 });
    lone.tick(electionTimeout);
    const asked = lone.now;
    lone.preVote("n2", { term: 6, lastLogIndex: 1, lastLogTerm: 1 });
    expect(lone.node.deadline).toBeLessThanOrEqual(asked + electionTimeout / 20);
  });

  test("does not while it hears a leader (H4)", () => {
    const lone = askedByOneBehind(electionTimeout / 2);
    lone.tick(electionTimeout / 4);
    expect(lone.node.role).toBe("follower");
  });
});
