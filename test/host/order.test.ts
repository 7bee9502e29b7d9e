// The order that safety needs (persist, then what depends on it, then apply), with the disks held by the test, and the one mailbox.

import { expect, test } from "vitest";
import type { AppendEntriesRpc } from "../../src/wire/peer-protocol.ts";
import { Cluster, electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { bytes, watch } from "./support/members.ts";

const soon = { waitFor: "applied", timeoutMs: 5_000 } as const;
const entriesOf = (rpc: unknown): number => (rpc as AppendEntriesRpc).entries.length;

test("a leader's entries leave at once, and it applies nothing that is not durable on its own disk (S92, diss. §10.2.1)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  leader.storage.disk.close();
  const sentBefore = hub.calls.length;
  const write = watch(leader.raft.propose(bytes("a"), soon));
  await cluster.clock.advance(300);
  expect(hub.callsOf("appendEntries", sentBefore).some(({ rpc }) => entriesOf(rpc) > 0)).toBe(true);
  // A majority without the leader has it on disk: it is committed, the followers apply it, and the leader does not.
  expect(leader.raft.core.commitIndex).toBe(leader.raft.core.lastIndex);
  for (const follower of followers) expect(follower.commands).toEqual(["a"]);
  expect([leader.commands, write.state]).toEqual([[], "pending"]);
  leader.storage.disk.open();
  await cluster.clock.advance(50);
  expect([leader.commands, write.state]).toEqual([["a"], "resolved"]);
  cluster.stop();
});

test("a leader does not count itself before its own disk has the entry (H16, H17)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  hub.isolate(followers[0]!.id);
  leader.storage.disk.close();
  const first = watch(leader.raft.propose(bytes("a"), { ...soon, waitFor: "committed" }));
  await cluster.clock.settle();
  const second = watch(leader.raft.propose(bytes("b"), { ...soon, waitFor: "committed" }));
  await cluster.clock.advance(300);
  expect(followers[1]!.raft.core.persistedIndex).toBe(leader.raft.core.lastIndex);
  expect([first.state, second.state]).toEqual(["pending", "pending"]);
  // The first batch is durable, the second is not: only the first entry counts.
  leader.storage.disk.letOne();
  await cluster.clock.advance(50);
  expect([first.state, second.state]).toEqual(["resolved", "pending"]);
  leader.storage.disk.open();
  await cluster.clock.advance(50);
  expect(second.state).toBe("resolved");
  cluster.stop();
});

test("a follower acknowledges only what its disk has (H17, S92)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  for (const follower of followers) follower.storage.disk.close();
  const write = watch(leader.raft.propose(bytes("a"), { ...soon, waitFor: "committed" }));
  await cluster.clock.advance(300);
  expect(write.state).toBe("pending");
  expect(leader.raft.core.status().peers.every(({ matchIndex }) => matchIndex < leader.raft.core.lastIndex)).toBe(true);
  followers[0]!.storage.disk.open();
  await cluster.clock.advance(50);
  expect(write.state).toBe("resolved");
  cluster.stop();
});

test("a vote is durable before it is answered (H1, S73)", async () => {
  const cluster = await Cluster.start();
  const [candidate, ...voters] = cluster.nodes as [ClusterNode, ...ClusterNode[]];
  for (const voter of voters) voter.storage.disk.close();
  candidate.raft.campaign();
  await cluster.clock.advance(electionTimeout / 2);
  expect(candidate.raft.core.role).toBe("candidate");
  expect(voters.map(({ raft }) => raft.core.status().votedFor)).toEqual([candidate.id, candidate.id]);
  expect(voters.map(({ storage }) => storage.state.hardState.votedFor)).toEqual([undefined, undefined]);
  voters[0]!.storage.disk.open();
  await cluster.clock.advance(50);
  expect(candidate.raft.core.role).toBe("leader");
  cluster.stop();
});

test("a candidate asks for votes only when its own vote is durable (H1, diss. §3.8)", async () => {
  const cluster = await Cluster.start();
  const candidate = cluster.nodes[0]!;
  candidate.storage.disk.close();
  candidate.raft.campaign();
  await cluster.clock.advance(electionTimeout / 2);
  expect(cluster.hub.callsOf("preVote")).toHaveLength(2);
  expect(cluster.hub.callsOf("requestVote")).toHaveLength(0);
  candidate.storage.disk.open();
  await cluster.clock.advance(50);
  expect(cluster.hub.callsOf("requestVote")).toHaveLength(2);
  cluster.stop();
});

for (const variant of ["at once", "promises"] as const) {
  test(`every batch is persisted before it is durable, and applied only afterwards, with storage that answers ${variant} (S23, S92)`, async () => {
    const cluster = await Cluster.led({ variant });
    for (const content of ["a", "b", "c"]) await cluster.write(content);
    await cluster.converge();
    for (const { storage, raft } of cluster.nodes) {
      const durable = storage.journal.filter((line) => line.startsWith("durable"));
      expect(durable).toEqual(storage.journal.filter((line) => line.startsWith("persist")).map((line) => line.replace("persist", "durable")));
      expect(durable).toEqual(durable.map((_, position) => `durable ${position + 1}`));
      const applied = storage.journal.filter((line) => line.startsWith("apply")).map((line) => line.slice(6).split("-").map(Number));
      let next = 1;
      for (const [first, last] of applied) {
        expect(first).toBe(next);
        next = last! + 1;
      }
      expect(next).toBe(raft.core.lastApplied + 1);
    }
    cluster.stop();
  });

  test(`inputs that come from many places at once are handled one at a time, in the order of their calls, with storage that answers ${variant} (S29)`, async () => {
    const cluster = await Cluster.led({ variant });
    const { leader } = cluster;
    const outcomes: Promise<{ index: number }>[] = [];
    const propose = (): void => void outcomes.push(leader.raft.propose(bytes(`c${outcomes.length}`), soon));
    for (let round = 0; round < 20; round += 1) {
      propose();
      leader.raft.tick();
      void leader.raft.readIndex(1_000);
      queueMicrotask(propose);
      void Promise.resolve().then(() => Promise.resolve()).then(propose);
      if (round % 4 === 0) await cluster.clock.settle();
    }
    await cluster.clock.advance(200);
    const indexes = (await Promise.all(outcomes)).map(({ index }) => index);
    expect(indexes).toEqual(indexes.map((_, position) => indexes[0]! + position));
    expect(leader.commands).toEqual(outcomes.map((_, position) => `c${position}`));
    cluster.stop();
  });

  test(`a call made from inside a turn is an input of its own, with storage that answers ${variant} (S29)`, async () => {
    const cluster = await Cluster.start({ variant, nodes: 1 });
    const [node] = cluster.nodes as [ClusterNode];
    const inside: ReturnType<typeof watch<unknown>>[] = [];
    node.onEvent = (event) => {
      if (event.kind !== "leaderChanged" || event.leader !== node.id) return;
      inside.push(watch(node.raft.propose(bytes("inside"), soon)), watch(node.raft.readIndex(1_000)), watch(node.raft.forceReplication()));
      node.raft.tick();
    };
    node.raft.campaign();
    await cluster.clock.advance(100);
    expect(inside.map(({ state }) => state)).toEqual(["resolved", "resolved", "resolved"]);
    expect(node.commands).toEqual(["inside"]);
    cluster.stop();
  });
}

test("after a stall, messages that are already there come before the timeout (H7)", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  const follower = cluster.followers[0]!;
  const { currentTerm } = leader.raft.core;
  const rpc = hub.callsOf("appendEntries").findLast(({ to }) => to === follower.id)!.rpc as AppendEntriesRpc;
  const before = hub.calls.length;
  cluster.clock.pause(5 * electionTimeout);
  follower.raft.tick();
  void follower.raft.inbox.appendEntries(leader.id, { ...rpc, requestId: 1_000_000, entries: new Uint8Array(0), prevLogIndex: 0, prevLogTerm: 0 });
  await cluster.clock.settle();
  expect(hub.calls.slice(before).filter(({ from }) => from === follower.id)).toEqual([]);
  expect([follower.raft.core.role, follower.raft.core.currentTerm, follower.raft.core.leader]).toEqual(["follower", currentTerm, leader.id]);
  cluster.stop();
});

test("an idle follower wakes only for its election deadline (S22)", async () => {
  const cluster = await Cluster.led();
  const follower = cluster.followers[0]!;
  const before = follower.timersArmed;
  await cluster.clock.advance(20 * electionTimeout);
  expect(follower.raft.core.role).toBe("follower");
  // 200 heartbeats have come; each deadline is at least one election timeout away when it is armed.
  expect(follower.timersArmed - before).toBeLessThanOrEqual(20);
  cluster.stop();
});

test("what is proposed while an AppendEntries is on its way goes out in one batch (S22)", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  const follower = cluster.followers[0]!;
  const before = hub.calls.length;
  const outcomes: Promise<unknown>[] = [];
  for (let count = 0; count < 51; count += 1) {
    outcomes.push(leader.raft.propose(bytes(`c${count}`), soon));
    await cluster.clock.settle();
  }
  await cluster.clock.advance(50);
  await Promise.all(outcomes);
  const runs = hub.callsOf("appendEntries", before).filter(({ to, rpc }) => to === follower.id && entriesOf(rpc) > 0);
  expect(runs).toHaveLength(2);
  expect(entriesOf(runs[1]!.rpc)).toBeGreaterThan(40 * entriesOf(runs[0]!.rpc));
  cluster.stop();
});

test("a leader whose disk hangs steps down within two election timeouts and is silent (H46)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  leader.storage.disk.close();
  const write = watch(leader.raft.propose(bytes("a"), soon));
  await cluster.clock.advance(2 * electionTimeout);
  expect(leader.raft.core.role).not.toBe("leader");
  const next = await cluster.elect(followers);
  const before = hub.calls.length;
  await cluster.clock.advance(3 * electionTimeout);
  expect(hub.calls.slice(before).filter(({ from }) => from === leader.id)).toEqual([]);
  expect(cluster.leader).toBe(next);
  expect(["UNKNOWN_OUTCOME", "NOT_LEADER"]).toContain(write.error?.code);
  cluster.stop();
});
