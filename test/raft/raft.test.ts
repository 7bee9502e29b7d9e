// The door of the core: what it accepts at construction, that it is a function of its inputs, and that a Ready is given once.

import { expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { Prng } from "../../src/base/prng.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import type { Input } from "../../src/raft/input.ts";
import type { RaftOptions } from "../../src/raft/options.ts";
import { RawNode } from "../../src/raft/raft.ts";
import type { Ready } from "../../src/raft/ready.ts";
import { describeMessage, describeReady, describeStatus } from "../../src/raft/describe.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { entriesWithTerms, idOf, membershipOf, nameOf, optionsOf, pristine, textOf, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

test("three servers elect one leader and replicate what it is given", () => {
  const cluster = new Cluster(three);
  cluster.advance(400);
  expect(cluster.leaders).toHaveLength(1);
  for (const text of ["a", "b", "c"]) cluster.propose(cluster.leaders[0]!, text);
  cluster.advance(5);
  for (const name of three) {
    const { node } = cluster.server(name);
    expect(node.lastApplied).toBe(4);
    expect(node.entriesBetween(2, 4).map(textOf)).toEqual(["a", "b", "c"]);
  }
});

test.each([
  { electionTimeout: 0 }, { electionTimeout: Number.NaN }, { electionTimeout: Number.POSITIVE_INFINITY }, { heartbeatInterval: 0 }, { heartbeatInterval: 34 },
  { appendBytesMax: 0 }, { appendsInFlightMax: 0 }, { applyBytesMax: 1.5 }, { uncommittedBytesMax: -1 },
] satisfies Partial<RaftOptions>[])("options that cannot work are refused with CONFIG_INVALID: %j", (changes) => {
  expect(() => new RawNode(optionsOf("n1", changes), pristine(ofThree), 0)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("a recovered state that contradicts itself is refused with CORRUPT", () => {
  const good = withLog(ofThree, [1, 1, 2]);
  const bad = [
    { ...good, entries: [...entriesWithTerms([1]), ...entriesWithTerms([1], 3)] },
    { ...good, entries: entriesWithTerms([2, 1]) },
    { ...good, hardState: { ...good.hardState, currentTerm: 1 } },
    { ...good, lastApplied: 4 },
    { ...good, entries: entriesWithTerms([1], 4), snapshot: { index: 3, term: 1, membership: ofThree }, lastApplied: 2 },
    { ...good, entries: [{ index: 1, term: 1, type: entryTypes.membership, data: utf8("?") }] },
  ];
  for (const initial of bad) expect(() => new RawNode(optionsOf("n1"), initial, 0)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

test("a commit hint beyond the recovered log is cut, and what is known to be committed is applied first", () => {
  const initial = { ...withLog(ofThree, [1, 1]), hardState: { currentTerm: 1, votedFor: undefined, commitIndex: 9 }, lastApplied: 1 };
  const node = new RawNode(optionsOf("n1"), initial, 0);
  expect(node.commitIndex).toBe(2);
  expect(node.takeReady()?.committed.map((entry) => entry.index)).toEqual([2]);
});

test("everything is handed out once, and then there is nothing", () => {
  const node = new RawNode(optionsOf("n1"), pristine(ofThree), 0);
  expect(node.takeReady()).toBeUndefined();
  node.step({ kind: "campaign" }, 0);
  const ready = node.takeReady();
  expect(ready?.messages).toHaveLength(2);
  expect(ready?.events).toMatchObject([{ kind: "roleChanged", role: "preCandidate" }]);
  expect(node.takeReady()).toBeUndefined();
});

test("equal inputs at equal times give equal outputs, so that a recorded list of inputs is a complete report", () => {
  const inputs: { readonly input: Input; readonly now: number }[] = [];
  const run = (record: boolean): (Ready | undefined)[] => {
    const node = new RawNode(optionsOf("n1", { prng: new Prng(7) }), pristine(ofThree), 0);
    const outputs: (Ready | undefined)[] = [];
    const step = (input: Input, now: number): void => {
      if (record) inputs.push({ input, now });
      node.step(input, now);
      outputs.push(node.takeReady());
    };
    if (!record) for (const { input, now } of inputs) step(input, now);
    else {
      for (let now = 10; now < 2000; now += 37) {
        step({ kind: "tick" }, now);
        step({ kind: "message", from: idOf("n2"), message: { type: "requestVote", requestId: now, term: now % 5, candidateId: idOf("n2"), lastLogIndex: 9, lastLogTerm: 0, leadershipTransfer: false } }, now);
        step({ kind: "propose", ticket: now, data: utf8("x") }, now);
      }
    }
    return outputs;
  };
  expect(run(true)).toEqual(run(false));
});

test("time never goes back for the core, whatever it is told", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.now = 500;
  lone.appendEntries("n2", { term: 1 });
  lone.now = 100;
  lone.appendEntries("n2", { term: 1 });
  expect(lone.node.deadline).toBeGreaterThanOrEqual(600);
});

test("requests have fresh ids from one counter", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.propose("n1", "x");
  cluster.advance(100);
  const ids = cluster.sent.filter((each) => each.from === "n1" && !each.message.type.endsWith("Response")).map((each) => each.message.requestId);
  expect(ids.length).toBeGreaterThan(10);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(ids.toSorted((left, right) => left - right));
});

test("what the host reports must be what it was asked to do", () => {
  const lone = new Lone("n1", pristine(ofThree));
  expect(() => lone.input({ kind: "persisted", sequence: 5 })).toThrow(AssertionFailure);
  expect(() => lone.input({ kind: "applied", index: 5 })).toThrow(AssertionFailure);
});

test("a leader that would remove a committed entry here is stopped by an assertion, not obeyed", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1]), leaderCommit: 2 });
  expect(() => lone.appendEntries("n3", { term: 2, prevLogIndex: 0, entries: entriesWithTerms([2]) })).toThrow(AssertionFailure);
});

test("the status names the voters' answers while no leader is known", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.input({ kind: "campaign" });
  const request = lone.sent.find((each) => each.to === "n2")!.message;
  lone.receive("n2", { type: "preVoteResponse", requestId: request.requestId, term: 0, voteGranted: false });
  expect(lone.node.status().votes).toEqual({ granted: [idOf("n1")], refused: [idOf("n2")], missing: [idOf("n3")], needed: [2] });
  lone.appendEntries("n2", { term: 1 });
  expect(lone.node.status().votes).toBeUndefined();
});

test("the status of a leader has one line for each other member, with the time of its latest answer", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.now = 30;
  lone.acknowledge("n2");
  expect(lone.node.status().peers).toEqual([
    { id: idOf("n2"), matchIndex: 1, nextIndex: 2, state: "replicate", lastContact: 30 },
    { id: idOf("n3"), matchIndex: 0, nextIndex: 1, state: "probe", lastContact: undefined },
  ]);
});

test("messages, effects and states are described in one line each", () => {
  const node = new RawNode(optionsOf("n1"), withLog(ofThree, [1, 1]), 0);
  node.step({ kind: "campaign" }, 0);
  expect(describeReady(node.takeReady()!, nameOf)).toEqual([
    "send to n2: preVote term=2 lastLog=2/1",
    "send to n3: preVote term=2 lastLog=2/1",
    "event preCandidate in term 1: asked to campaign",
  ]);
  expect(describeStatus(node.status(), nameOf)).toBe("n1 preCandidate term=1 leader=none log=0..2/1 commit=0 applied=0 voters=n1,n2,n3");
  const append = { type: "appendEntries", requestId: 1, term: 2, leaderId: idOf("n2"), prevLogIndex: 2, prevLogTerm: 1, entries: entriesWithTerms([2, 2, 2, 2, 2], 3), leaderCommit: 1, round: 4 } as const;
  expect(describeMessage(append)).toBe("appendEntries term=2 prevLog=2/1 entries=[3/2..7/2] leaderCommit=1 round=4");
});
