// Snapshots between servers (§7, Figure 13): when a leader wishes for a transfer, what a follower accepts, and how both go on.

import { describe, expect, test } from "vitest";
import type { SnapshotMeta } from "../../src/raft/message.ts";
import { AssertionFailure } from "../../src/base/assert.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { entriesWithTerms, idOf, membershipOf, pristine, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });
const snapshotAt = (index: number, term: number, membership = ofThree): SnapshotMeta => ({ index, term, membership });

function receiveSnapshot(lone: Lone, snapshot: SnapshotMeta, term: number, requestId = 50): void {
  lone.input({ kind: "snapshotReceived", from: idOf("n2"), requestId, term, snapshot });
}

describe("the leader", () => {
  function compacted(): Lone {
    const lone = new Lone("n1", pristine(ofThree));
    lone.becomeLeader(three);
    lone.acknowledge("n2");
    for (let ticket = 1; ticket <= 4; ticket += 1) {
      lone.propose(ticket, "x");
      lone.acknowledge("n2");
    }
    lone.server.compact(4, 0);
    lone.tick(20);
    lone.acknowledge("n3", { lastLogIndex: 0 });
    return lone;
  }

  test("§7: wishes for a transfer, once, when the entries that a follower needs are compacted", () => {
    const lone = compacted();
    expect(lone.server.transfers).toEqual([{ to: idOf("n3"), term: 1, indexMin: 4 }]);
    expect(lone.node.status().peers[1]).toMatchObject({ id: idOf("n3"), state: "snapshot" });
    lone.tick(20);
    lone.propose(9, "y");
    expect(lone.server.transfers).toHaveLength(1);
    expect(lone.lastAppend("n3")).toMatchObject({ prevLogIndex: 0, entries: [] });
  });

  test("continues behind the snapshot when the transfer has ended", () => {
    const lone = compacted();
    lone.input({ kind: "installFinished", peer: idOf("n3"), term: 1, index: 4 });
    expect(lone.node.status().peers[1]).toMatchObject({ matchIndex: 4, state: "probe" });
    expect(lone.lastAppend("n3")).toMatchObject({ prevLogIndex: 4, entries: [{ index: 5 }] });
  });

  test("tries again after a failed transfer, but not before the follower is heard again (H41)", () => {
    const lone = compacted();
    lone.input({ kind: "installFinished", peer: idOf("n3"), term: 1, index: undefined });
    expect(lone.server.transfers).toHaveLength(1);
    lone.tick(20);
    lone.acknowledge("n3", { lastLogIndex: 0 });
    expect(lone.server.transfers).toHaveLength(2);
  });

  test("tries again after a transfer that did not help, because the follower was busy with another one, only when it is heard again (H41)", () => {
    const lone = compacted();
    lone.input({ kind: "installFinished", peer: idOf("n3"), term: 1, index: 2 });
    expect(lone.node.status().peers[1]).toMatchObject({ matchIndex: 2, state: "probe" });
    expect(lone.server.transfers).toHaveLength(1);
    lone.tick(20);
    lone.acknowledge("n3", { matchIndex: 0, lastLogIndex: 2 });
    expect(lone.server.transfers).toHaveLength(2);
  });

  test("ignores the end of a transfer of another term", () => {
    const lone = compacted();
    lone.input({ kind: "installFinished", peer: idOf("n3"), term: 7, index: 4 });
    expect(lone.node.status().peers[1]).toMatchObject({ matchIndex: 0, state: "snapshot" });
  });

  test("accepts that a follower is further than the snapshot", () => {
    const lone = compacted();
    lone.input({ kind: "installFinished", peer: idOf("n3"), term: 1, index: 5 });
    expect(lone.node.status().peers[1]).toMatchObject({ matchIndex: 5 });
  });
});

describe("the follower", () => {
  test("answers each chunk by its term, and is reminded of its leader by it", () => {
    const lone = new Lone("n1", withLog(ofThree, [1], 3));
    const chunk = { type: "installSnapshot", requestId: 9, leaderId: idOf("n2"), snapshot: snapshotAt(5, 3) } as const;
    expect(lone.receive("n2", { ...chunk, term: 2, snapshot: snapshotAt(5, 2) })).toMatchObject([{ requestId: 9, accepted: false, term: 3 }]);
    lone.now = 90;
    expect(lone.receive("n2", { ...chunk, term: 3 })).toMatchObject([{ requestId: 9, accepted: true, term: 3 }]);
    expect(lone.node.leader).toBe(idOf("n2"));
    expect(lone.node.deadline).toBeGreaterThanOrEqual(190);
  });

  test("declines a snapshot that it has committed already, and says how much it has (H33)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1, 1]), leaderCommit: 3 });
    lone.sent = [];
    receiveSnapshot(lone, snapshotAt(2, 1), 1);
    expect(lone.server.installing).toBeUndefined();
    expect(lone.sent).toMatchObject([{ to: "n2", message: { type: "installSnapshotResponse", requestId: 50, accepted: false, matchIndex: 3 } }]);
    expect(lone.node.lastApplied).toBe(3);
  });

  test("installs one that is ahead, then answers, and goes on behind it (§7)", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.installHeld = true;
    lone.appendEntries("n2", { term: 2, entries: entriesWithTerms([1]), leaderCommit: 1 });
    lone.sent = [];
    receiveSnapshot(lone, snapshotAt(5, 2, membershipOf({ voters: ["n1", "n2"] })), 2);
    expect(lone.server.installing).toMatchObject({ index: 5, term: 2 });
    expect(lone.sent).toEqual([]);
    lone.server.install(0);
    expect(lone.sent).toMatchObject([{ message: { accepted: true, matchIndex: 5, requestId: 50 } }]);
    expect(lone.node.status()).toMatchObject({ commitIndex: 5, lastApplied: 5, snapshotIndex: 5, lastIndex: 5, lastTerm: 2 });
    expect(lone.node.membership.voters).toEqual(["n1", "n2"].map(idOf));
    expect(lone.appendEntries("n2", { term: 2, prevLogIndex: 5, prevLogTerm: 2, entries: entriesWithTerms([2], 6), leaderCommit: 6 })).toMatchObject([{ success: true, matchIndex: 6 }]);
    expect(lone.node.lastApplied).toBe(6);
  });

  test("keeps the entries behind the snapshot that agree with it (Figure 13, rule 6; H33)", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 2, 2, 2]));
    receiveSnapshot(lone, snapshotAt(3, 2), 2);
    expect(lone.node.status()).toMatchObject({ snapshotIndex: 3, lastIndex: 5, commitIndex: 3 });
    expect(lone.server.disk.entries.map((entry) => entry.index)).toEqual([4, 5]);
  });

  test("forgets a log that disagrees with the snapshot (H34)", () => {
    const lone = new Lone("n1", withLog(ofThree, [1, 1, 1, 1, 1]));
    receiveSnapshot(lone, snapshotAt(3, 2), 2);
    expect(lone.node.status()).toMatchObject({ snapshotIndex: 3, lastIndex: 3, lastTerm: 2 });
    expect(lone.server.disk.entries).toEqual([]);
  });

  test("a restart in the middle of an install begins with the old log or the new snapshot, and what was committed stays committed (H33, H34)", () => {
    for (const installed of [false, true]) {
      const cluster = new Cluster(three);
      cluster.elect("n1");
      cluster.isolate("n3");
      for (let count = 0; count < 3; count += 1) cluster.propose("n1", `v${count}`);
      const server = cluster.server("n1");
      server.compact(3, cluster.now);
      const laggard = cluster.server("n3");
      laggard.installHeld = true;
      const snapshot = server.disk.snapshot;
      laggard.step({ kind: "snapshotReceived", from: idOf("n1"), requestId: 9, term: 1, snapshot }, cluster.now);
      expect(laggard.installing).toEqual(snapshot);
      expect([laggard.node.commitIndex, laggard.node.lastApplied]).toEqual([1, 1]);
      if (installed) laggard.install(cluster.now);
      cluster.crash("n3");
      laggard.installHeld = false;
      cluster.restart("n3");
      expect([laggard.node.snapshotIndex, laggard.node.lastApplied]).toEqual(installed ? [3, 3] : [0, 1]);
      cluster.heal();
      cluster.crash("n2");
      cluster.advance(60);
      // The transfer begins anew: declined when the first one was installed after all.
      laggard.step({ kind: "snapshotReceived", from: idOf("n1"), requestId: 10, term: 1, snapshot }, cluster.now);
      cluster.input("n1", { kind: "installFinished", peer: idOf("n3"), term: 1, index: 3 });
      cluster.propose("n1", "later");
      cluster.advance(60);
      expect([laggard.node.lastApplied, laggard.node.snapshotIndex]).toEqual([5, 3]);
    }
  });

  test("installs when nothing else is on its way to disk or state machine, and writes and applies nothing meanwhile", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.installHeld = true;
    lone.server.applyHeld = true;
    lone.appendEntries("n2", { term: 2, entries: entriesWithTerms([1, 1]), leaderCommit: 2 });
    lone.server.diskHeld = true;
    lone.appendEntries("n2", { term: 2, prevLogIndex: 2, prevLogTerm: 1, entries: entriesWithTerms([1], 3), leaderCommit: 2 });
    receiveSnapshot(lone, snapshotAt(9, 2), 2);
    expect(lone.server.installing).toBeUndefined();
    lone.server.persist(0);
    expect(lone.server.installing).toBeUndefined();
    lone.server.apply(0);
    expect(lone.server.installing).toMatchObject({ index: 9 });
    expect(lone.appendEntries("n2", { term: 2, prevLogIndex: 3, prevLogTerm: 1, entries: entriesWithTerms([2], 4), leaderCommit: 4 })).toMatchObject([{ success: true, matchIndex: 3 }]);
    expect(lone.server.batches).toEqual([]);
    expect(lone.node.lastIndex).toBe(3);
    expect(lone.node.commitIndex).toBe(2);
  });

  test("applies nothing more once a snapshot is here, although more is committed", () => {
    const lone = new Lone("n1", pristine(ofThree), { applyBytesMax: 1 });
    lone.server.installHeld = true;
    lone.server.applyHeld = true;
    lone.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1, 1]), leaderCommit: 3 });
    receiveSnapshot(lone, snapshotAt(9, 1), 1);
    lone.server.apply(0);
    expect(lone.server.applying).toEqual([]);
    expect(lone.node.lastApplied).toBe(1);
    lone.server.install(0);
    expect(lone.node.lastApplied).toBe(9);
  });

  test("votes while it installs, and does not campaign", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.installHeld = true;
    receiveSnapshot(lone, snapshotAt(9, 1), 1);
    lone.tick(500);
    expect(lone.node.role).toBe("follower");
    expect(lone.node.leader).toBeUndefined();
    expect(lone.requestVote("n3", { term: 2, lastLogIndex: 9, lastLogTerm: 1 })).toMatchObject([{ voteGranted: true }]);
    lone.server.install(500);
    expect(lone.node.lastApplied).toBe(9);
    expect(lone.node.deadline).toBeLessThan(1000);
  });

  test("declines a second snapshot while one is being installed", () => {
    const lone = new Lone("n1", pristine(ofThree));
    lone.server.installHeld = true;
    receiveSnapshot(lone, snapshotAt(9, 1), 1);
    lone.sent = [];
    receiveSnapshot(lone, snapshotAt(12, 1), 1, 51);
    expect(lone.sent).toMatchObject([{ message: { requestId: 51, accepted: false, matchIndex: 0 } }]);
  });

  test("declines a snapshot of an old term, from a second leader, and one from the future of its own term", () => {
    const lone = new Lone("n1", withLog(ofThree, [], 4));
    lone.appendEntries("n3", { term: 4 });
    lone.sent = [];
    receiveSnapshot(lone, snapshotAt(9, 1), 3, 1);
    receiveSnapshot(lone, snapshotAt(9, 1), 4, 2);
    receiveSnapshot(lone, snapshotAt(9, 9), 5, 3);
    expect(lone.sent.map((each) => each.message)).toMatchObject([
      { requestId: 1, accepted: false, term: 4 },
      { requestId: 2, accepted: false, term: 4 },
      { requestId: 3, accepted: false, term: 5 },
    ]);
  });

  test("an install that nobody asked for is our own bug", () => {
    const lone = new Lone("n1", pristine(ofThree));
    expect(() => lone.input({ kind: "installed", index: 5 })).toThrow(AssertionFailure);
  });
});

test("a follower that is behind the compacted log of its leader catches up by a snapshot, and then by entries", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.crash("n3");
  for (let count = 0; count < 10; count += 1) cluster.propose("n1", `v${count}`);
  cluster.server("n1").compact(8, cluster.now);
  cluster.restart("n3");
  cluster.advanceUntil(() => cluster.server("n1").transfers.length > 0);
  const { snapshot } = cluster.server("n1").disk;
  cluster.input("n3", { kind: "snapshotReceived", from: idOf("n1"), requestId: 1_000_000, term: 1, snapshot });
  cluster.input("n1", { kind: "installFinished", peer: idOf("n3"), term: 1, index: snapshot.index });
  cluster.advance(60);
  expect(cluster.node("n3").lastApplied).toBe(11);
  expect(cluster.node("n3").snapshotIndex).toBe(8);
});

test("compaction never goes above what is applied, and below the present snapshot it does nothing", () => {
  const lone = new Lone("n1", withLog(ofThree, [1, 1, 1]));
  expect(() => lone.input({ kind: "compact", index: 1 })).toThrow(AssertionFailure);
  const other = new Lone("n1", pristine(ofThree));
  other.appendEntries("n2", { term: 1, entries: entriesWithTerms([1, 1, 1]), leaderCommit: 3 });
  other.input({ kind: "compact", index: 2 });
  other.input({ kind: "compact", index: 1 });
  expect(other.node.snapshotIndex).toBe(2);
  expect(other.node.termAt(1)).toBeUndefined();
});
