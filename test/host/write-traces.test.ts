// The life of one write, as the leader tells it (N10): on virtual time, so that every number is exact. A call takes 1 ms each way.

import { expect, test } from "vitest";
import { Cluster, electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { bytes, watch } from "./support/members.ts";

const traced = { waitFor: "applied", timeoutMs: 60_000, trace: true } as const;

/** The disk of this node holds every write for so long. */
function slowDisk(cluster: Cluster, { storage: { disk } }: ClusterNode, ms: number): void {
  const pass = disk.pass.bind(disk);
  disk.pass = () => pass().then(() => new Promise((done) => void cluster.clock.at(cluster.clock.now() + ms, done)));
}

async function lifeOf(cluster: Cluster, node: ClusterNode = cluster.leader) {
  const outcome = await cluster.run(node.gateway.propose(bytes("x"), traced));
  const report = await cluster.run(cluster.leader.raft.traces.report(outcome.index, outcome.term, 60_000));
  return { outcome, report: report! };
}

test("a follower with a slow disk is the straggler, and what the majority did does not wait for it (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  const [quick, slow] = followers;
  slowDisk(cluster, slow!, 40);
  const { outcome, report } = await lifeOf(cluster);
  expect(report).toEqual({
    index: outcome.index, term: outcome.term, leader: leader.id, admittedMs: 0, appendedMs: 0, committedMs: 2, appliedMs: 2, answeredMs: 2, stragglers: [slow!.id],
    members: expect.arrayContaining([
      { id: leader.id, role: "leader", durableMs: 0 }, { id: quick!.id, role: "voter", durableMs: 2 }, { id: slow!.id, role: "voter", durableMs: 42 },
    ]),
  });
  cluster.stop();
});

test("when the slow disk is the leader's, the followers are done first and the leader is the straggler (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  slowDisk(cluster, leader, 30);
  const { report } = await lifeOf(cluster);
  expect(report).toMatchObject({ committedMs: 2, stragglers: [leader.id] });
  expect(report.members.map(({ durableMs }) => durableMs)).toEqual([30, 2, 2]);
  cluster.stop();
});

test("two slow disks of three delay the commit by the quicker one of them (N10)", async () => {
  const cluster = await Cluster.led();
  const [first, second] = cluster.followers;
  slowDisk(cluster, first!, 10);
  slowDisk(cluster, second!, 25);
  const { report } = await lifeOf(cluster);
  expect(report).toMatchObject({ committedMs: 12, appliedMs: 12, answeredMs: 12, stragglers: [second!.id] });
  cluster.stop();
});

test("a member that says nothing is waited for one election timeout at most, and is named (N10)", async () => {
  const cluster = await Cluster.led();
  const silent = cluster.followers[1]!;
  cluster.hub.isolate(silent.id);
  const began = cluster.clock.now();
  const { report } = await lifeOf(cluster);
  expect(cluster.clock.now() - began).toBe(electionTimeout);
  expect(report).toMatchObject({ committedMs: 2, stragglers: [silent.id] });
  expect(report.members.find(({ id }) => id === silent.id)).toEqual({ id: silent.id, role: "voter", durableMs: null });
  cluster.stop();
});

test("who asks with little time is told what is known by then (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers: [, silent] } = cluster;
  cluster.hub.isolate(silent!.id);
  const { index, term } = await cluster.run(leader.gateway.propose(bytes("x"), traced));
  const began = cluster.clock.now();
  expect(await cluster.run(leader.raft.traces.report(index, term, 300))).toMatchObject({ committedMs: 2, appliedMs: 2, stragglers: [silent!.id] });
  expect(cluster.clock.now() - began).toBe(300);
  cluster.stop();
});

test("asked at a follower the wish travels with the write, and the leader has the trace (N10)", async () => {
  const cluster = await Cluster.led();
  const { outcome, report } = await lifeOf(cluster, cluster.followers[0]);
  expect(outcome.forwardedTo).toBe(cluster.leader.id);
  expect(report).toMatchObject({ leader: cluster.leader.id, committedMs: 2, answeredMs: 2 });
  cluster.stop();
});

test("a cluster of one has no straggler, and a write that only waits for commitment is answered before it is applied", async () => {
  const alone = await Cluster.led({ nodes: 1 });
  expect((await lifeOf(alone)).report).toMatchObject({ stragglers: [], members: [{ durableMs: 0 }] });
  alone.stop();
  const cluster = await Cluster.led();
  cluster.leader.storage.machine.close();
  const { index, term } = await cluster.run(cluster.leader.gateway.propose(bytes("x"), { ...traced, waitFor: "committed" }));
  const report = watch(cluster.leader.raft.traces.report(index, term, 60_000));
  await cluster.clock.advance(20);
  cluster.leader.storage.machine.open();
  await cluster.clock.settle();
  expect(report.value).toMatchObject({ committedMs: 2, answeredMs: 2, appliedMs: 22 });
  cluster.stop();
});

test("a write that nobody asked about, one of another term, and one of a deposed leader have none; and nothing is looked at while none is under way", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  expect(leader.raft.traces.following).toBe(false);
  const plain = await cluster.write("plain");
  expect(leader.raft.traces.following).toBe(false);
  expect(await leader.raft.traces.report(plain.index, plain.term, 60_000)).toBeUndefined();
  const { outcome, report } = await lifeOf(cluster);
  expect(report.index).toBe(outcome.index);
  expect(leader.raft.traces.following).toBe(false);
  expect(await leader.raft.traces.report(outcome.index, outcome.term + 1, 60_000)).toBeUndefined();
  cluster.hub.isolate(leader.id);
  leader.raft.propose(bytes("lost"), traced).catch(() => undefined);
  await cluster.clock.settle();
  expect(leader.raft.traces.following).toBe(true);
  const lost = watch(leader.raft.traces.report(leader.raft.core.lastIndex, leader.raft.core.currentTerm, 60_000));
  await cluster.clock.advance(5 * electionTimeout);
  expect([lost.state, lost.value?.committedMs, lost.value?.stragglers.length, leader.raft.traces.following]).toEqual(["resolved", null, 2, false]);
  cluster.stop();
});

test("traces are bounded, finished or not: the oldest is forgotten, and with it its timer", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  const first = await cluster.run(leader.raft.propose(bytes("first"), traced));
  for (let count = 0; count < 64; count += 1) await cluster.run(leader.raft.propose(bytes(`w${count}`), traced));
  expect(await leader.raft.traces.report(first.index, first.term, 60_000)).toBeUndefined();
  expect(await cluster.run(leader.raft.traces.report(first.index + 1, first.term, 60_000))).toMatchObject({ index: first.index + 1 });
  const armed = cluster.clock.armed.length;
  for (let count = 0; count < 200; count += 1) leader.raft.propose(bytes(`at once ${count}`), traced).catch(() => undefined);
  expect(cluster.clock.armed.length - armed).toBeLessThanOrEqual(64);
  await cluster.clock.advance(100);
  expect(leader.raft.traces.following).toBe(false);
  expect(cluster.clock.armed.length).toBeLessThanOrEqual(armed);
  cluster.stop();
});

test("the trace of a leader that steps down ends there: what the next one does with that index is none of it", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  cluster.hub.isolate(leader.id);
  await cluster.clock.advance(electionTimeout / 2);
  leader.raft.propose(bytes("lost"), traced).catch(() => undefined);
  await cluster.clock.settle();
  const { lastIndex, currentTerm } = leader.raft.core;
  const began = cluster.clock.now();
  const lost = watch(leader.raft.traces.report(lastIndex, currentTerm, 60_000));
  await cluster.clock.until(() => leader.raft.core.role !== "leader", "the leader has stepped down");
  await cluster.clock.settle();
  expect(cluster.clock.now() - began).toBeLessThan(electionTimeout);
  expect([lost.state, lost.value?.committedMs, leader.raft.traces.following]).toEqual(["resolved", null, false]);
  cluster.stop();
});
