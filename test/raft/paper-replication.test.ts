// The paper on the log, sentence by sentence: leaders and AppendEntries (Figure 2, §5.3), the logs of Figure 7, and what may be committed (§5.4.2, Figure 8).

import { describe, expect, test } from "vitest";
import type { AppendEntriesResponse } from "../../src/raft/message.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { command, entriesWithTerms, membershipOf, pristine, textOf, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const five = ["n1", "n2", "n3", "n4", "n5"];
const ofThree = membershipOf({ voters: three });
const ofFive = membershipOf({ voters: five });
const append = (messages: readonly unknown[]): AppendEntriesResponse => messages[0] as AppendEntriesResponse;

function leaderOfThree(terms: readonly number[] = []): Lone {
  const lone = new Lone("n1", withLog(ofThree, terms));
  lone.becomeLeader(three);
  return lone;
}

describe("Figure 2, leaders; §5.3", () => {
  test("§5.2: a new leader sends AppendEntries to all others at once", () => {
    const lone = leaderOfThree();
    expect(lone.appendsTo("n2")).toHaveLength(1);
    expect(lone.appendsTo("n3")).toHaveLength(1);
  });

  test("§5.2: a leader that is idle sends heartbeats often enough to prevent elections", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.advance(2000);
    expect(cluster.node("n1").currentTerm).toBe(1);
    expect(cluster.leaders).toEqual(["n1"]);
  });

  test("§5.3: a leader never overwrites or deletes entries in its log, it only appends", () => {
    const lone = leaderOfThree([1, 1, 2]);
    const before = lone.node.entriesBetween(1, 3);
    lone.propose(1, "a");
    lone.appendEntries("n2", { term: lone.node.currentTerm, entries: [command(1, 1, "other")] });
    expect(lone.node.entriesBetween(1, 3)).toEqual(before);
    expect(lone.terms()).toEqual([1, 1, 2, 3, 3]);
  });

  test("§5.3: a command is in the log of the leader first and then goes to the others", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.propose("n1", "x");
    for (const name of three) expect(cluster.node(name).entriesBetween(2, 2).map(textOf)).toEqual(["x"]);
  });

  test("§5.3: the leader knows the highest committed index and includes it in AppendEntries, so that the others learn it", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.propose("n1", "x");
    cluster.advance(5);
    expect(three.map((name) => cluster.node(name).commitIndex)).toEqual([2, 2, 2]);
    expect(cluster.now).toBeLessThan(10);
  });

  test("§5.3: with a majority of the servers up, the others' failure does not matter", () => {
    const cluster = new Cluster(five);
    cluster.crash("n4");
    cluster.crash("n5");
    cluster.elect("n1");
    cluster.propose("n1", "x");
    expect(cluster.node("n1").lastApplied).toBe(2);
  });

  test("§5.3: if followers crash or lose packets, the leader retries until all store all entries", () => {
    const cluster = new Cluster(three);
    cluster.elect("n1");
    cluster.isolate("n3");
    for (let count = 0; count < 10; count += 1) cluster.propose("n1", `v${count}`);
    cluster.advance(60);
    expect(cluster.node("n3").lastIndex).toBe(1);
    cluster.heal();
    cluster.advance(130);
    expect(cluster.node("n3").lastIndex).toBe(11);
    expect(cluster.node("n3").lastApplied).toBe(11);
  });

  test("§5.3: a refused AppendEntries is repeated with a lower nextIndex until the logs agree", () => {
    const lone = leaderOfThree([1, 1, 1, 1]);
    expect(lone.lastAppend("n2")).toMatchObject({ prevLogIndex: 4, prevLogTerm: 1 });
    lone.refuse("n2", { conflictIndex: 3, lastLogIndex: 2 });
    expect(lone.lastAppend("n2")).toMatchObject({ prevLogIndex: 2, prevLogTerm: 1 });
    lone.refuse("n2", { conflictIndex: 1, lastLogIndex: 0 });
    expect(lone.lastAppend("n2")).toMatchObject({ prevLogIndex: 0, prevLogTerm: 0 });
    expect(lone.lastAppend("n2").entries).toHaveLength(5);
  });

  test("§5.3: with the conflicting term in the refusal, the leader skips all entries of that term", () => {
    const lone = leaderOfThree([1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
    lone.refuse("n2", { conflictIndex: 4, conflictTerm: 2, lastLogIndex: 11 });
    expect(lone.lastAppend("n2")).toMatchObject({ prevLogIndex: 3, prevLogTerm: 1 });
    lone.refuse("n3", { conflictIndex: 4, conflictTerm: 4, lastLogIndex: 7 });
    expect(lone.lastAppend("n3")).toMatchObject({ prevLogIndex: 5, prevLogTerm: 4 });
  });
});

describe("Figure 2, AppendEntries; §5.3", () => {
  test("§5.3: refused when the log has no entry at prevLogIndex, with where it ends", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1]));
    expect(lone.appendEntries("n2", { term: 2, prevLogIndex: 5, prevLogTerm: 1 })).toMatchObject([
      { success: false, conflictIndex: 3, conflictTerm: 0, lastLogIndex: 2 },
    ]);
  });

  test("§5.3: refused when the entry at prevLogIndex has another term, with that term and its first index", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 2, 2, 2]));
    expect(lone.appendEntries("n2", { term: 3, prevLogIndex: 4, prevLogTerm: 3 })).toMatchObject([
      { success: false, conflictIndex: 2, conflictTerm: 2, lastLogIndex: 4 },
    ]);
    expect(lone.terms()).toEqual([1, 2, 2, 2]);
  });

  test("§5.3: an existing entry that conflicts is deleted with all that follow it, and the new ones appended (H13)", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 2, 2, 2]));
    lone.appendEntries("n2", { term: 3, prevLogIndex: 1, prevLogTerm: 1, entries: [command(2, 3, "new")] });
    expect(lone.terms()).toEqual([1, 3]);
    expect(lone.server.disk.entries.map((entry) => entry.term)).toEqual([1, 3]);
  });

  test("§5.3: what agrees is never deleted, also when a shorter request comes late (H11)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    const entries = entriesWithTerms([1, 1, 1]);
    lone.appendEntries("n2", { term: 1, entries });
    expect(append(lone.appendEntries("n2", { term: 1, entries: entries.slice(0, 1) })).matchIndex).toBe(1);
    expect(append(lone.appendEntries("n2", { term: 1, entries: [] })).matchIndex).toBe(0);
    expect(lone.terms()).toEqual([1, 1, 1]);
  });

  test("§5.3: a repeated request changes nothing and gets the same answer (U1)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    const first = lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1]), requestId: 7 });
    const second = lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1]), requestId: 7 });
    expect(second).toEqual(first);
    expect(lone.server.disk.entries).toHaveLength(2);
  });

  test("§5.3: commitIndex becomes the minimum of leaderCommit and the last index that this message verified (H12)", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 1, 1]));
    lone.appendEntries("n2", { term: 2, prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 4 });
    expect(lone.node.commitIndex).toBe(1);
    lone.appendEntries("n2", { term: 2, prevLogIndex: 1, prevLogTerm: 1, entries: [command(2, 1, "2/1")], leaderCommit: 4 });
    expect(lone.node.commitIndex).toBe(2);
    lone.appendEntries("n2", { term: 2, prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1 });
    expect(lone.node.commitIndex).toBe(2);
  });

  test("§7: what a snapshot holds agrees with every leader, so a request that begins before it is accepted (H14)", () => {
    const snapshot = { index: 5, term: 2, membership: ofThree };
    const entries = entriesWithTerms([2], 6);
    const lone = new Lone("n1", { hardState: { currentTerm: 2, votedFor: undefined, commitIndex: 5 }, snapshot, entries, lastApplied: 5 });
    const reply = append(lone.appendEntries("n2", { term: 2, prevLogIndex: 3, prevLogTerm: 1, entries: entriesWithTerms([1, 2, 2, 2], 4), leaderCommit: 6 }));
    expect(reply).toMatchObject({ success: true, matchIndex: 7 });
    expect(lone.node.commitIndex).toBe(6);
    expect(lone.node.lastIndex).toBe(7);
  });
});

// Figure 7: when the leader of term 8 comes to power, any of these follower logs is possible.
describe("Figure 7", () => {
  const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  test.each([
    { name: "a", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6] },
    { name: "b", terms: [1, 1, 1, 4] },
    { name: "c", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6] },
    { name: "d", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7] },
    { name: "e", terms: [1, 1, 1, 4, 4, 4, 4] },
    { name: "f", terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3] },
  ])("§5.3: the log of follower $name becomes the leader's", ({ terms }) => {
    const cluster = new Cluster(three, { initial: (name) => withLog(ofThree, name === "n2" ? terms : name === "n1" ? leaderTerms : [], 7) });
    cluster.cut("n1", "n2");
    cluster.elect("n1");
    cluster.heal();
    cluster.advance(130);
    const agreed = [...leaderTerms, 8];
    expect(cluster.node("n2").entriesBetween(1, 99).map((entry) => entry.term)).toEqual(agreed);
    expect(cluster.server("n2").disk.entries.map((entry) => entry.term)).toEqual(agreed);
    expect(cluster.node("n2").commitIndex).toBe(11);
  });
});

describe("§5.4.2, Figure 8", () => {
  /** (c) of the figure: S1 leads term 4 and has replicated its entry of term 2 to a majority, its own entry of term 4 to nobody. */
  function moment(): Cluster {
    const logs: Record<string, number[]> = { n1: [1, 2], n2: [1, 2], n3: [1], n4: [1], n5: [1, 3] };
    const cluster = new Cluster(five, { initial: (name) => withLog(ofFive, logs[name]!, 3) });
    cluster.isolate("n5");
    cluster.drops = ({ from, message }) => from === "n1" && message.type === "appendEntries" && message.entries.some((entry) => entry.term === 4);
    cluster.elect("n1");
    return cluster;
  }

  /** One entry at a time, as the figure draws it: the entry of term 2 alone reaches n3. */
  function withEntryOfTermTwoOnMajority(): Lone {
    const lone = new Lone("n1", withLog(ofFive, [1, 2], 3), { appendBytesMax: 1 });
    lone.becomeLeader(five);
    lone.refuse("n3", { conflictIndex: 2, lastLogIndex: 1 });
    expect(lone.lastAppend("n3")).toMatchObject({ prevLogIndex: 1, entries: [{ index: 2, term: 2 }] });
    lone.acknowledge("n3");
    lone.acknowledge("n2", { matchIndex: 2 });
    return lone;
  }

  test("§5.4.2: an entry of an earlier term is not committed although a majority stores it (H10, S41)", () => {
    const lone = withEntryOfTermTwoOnMajority();
    expect(lone.node.status().peers.filter((peer) => peer.matchIndex >= 2)).toHaveLength(2);
    expect(lone.node.commitIndex).toBe(0);
  });

  test("§5.4.2: an entry of the leader's own term on a majority commits it and everything before it (H10, S41)", () => {
    const lone = withEntryOfTermTwoOnMajority();
    lone.acknowledge("n3");
    expect(lone.lastAppend("n2").entries).toMatchObject([{ index: 3, term: 4 }]);
    lone.acknowledge("n2");
    expect(lone.node.commitIndex).toBe(3);
  });

  test("§5.4.2: (d) until then S5 may still be elected and overwrite it; nothing that was applied is lost (H10, S41)", () => {
    const cluster = moment();
    expect(cluster.node("n1").commitIndex).toBe(0);
    cluster.crash("n1");
    cluster.heal();
    cluster.drops = () => false;
    cluster.now += 100;
    cluster.input("n5", { kind: "campaign" });
    cluster.elect("n5");
    for (const name of ["n2", "n3", "n4"]) expect(cluster.node(name).entriesBetween(2, 2)[0]?.term).toBe(3);
    cluster.restart("n1");
    cluster.advance(130);
    expect(cluster.node("n1").entriesBetween(1, 3).map((entry) => entry.term)).toEqual([1, 3, 5]);
    cluster.checker.logs();
  });

  test("§5.4.2: (e) after it S5 cannot be elected any more (H10, S41)", () => {
    const cluster = moment();
    cluster.drops = () => false;
    cluster.advance(40);
    expect(cluster.node("n1").commitIndex).toBe(3);
    cluster.crash("n1");
    cluster.heal();
    cluster.advance(1000);
    expect(cluster.leaders).toHaveLength(1);
    expect(cluster.leaders).not.toContain("n5");
    expect(cluster.node("n5").entriesBetween(2, 3).map((entry) => entry.term)).toEqual([2, 4]);
  });
});
