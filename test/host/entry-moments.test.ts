// The moments of recent entries on each node (N10): on virtual time, so that every number is exact. A call takes 1 ms each way.

import { expect, test } from "vitest";
import { entryTraceOf } from "../../src/daemon/entry-trace.ts";
import { risesMax } from "../../src/host/watermark.ts";
import { Cluster, type ClusterNode, electionTimeout } from "./support/cluster.ts";
import { bytes, watch } from "./support/members.ts";

const written = { waitFor: "applied", timeoutMs: 60_000 } as const;

/** The disk of this node holds every write for so long. */
function slowDisk(cluster: Cluster, { storage: { disk } }: ClusterNode, ms: number): void {
  const pass = disk.pass.bind(disk);
  disk.pass = () => pass().then(() => new Promise((done) => void cluster.clock.at(cluster.clock.now() + ms, done)));
}

async function put(cluster: Cluster, node: ClusterNode = cluster.leader): Promise<number> {
  return (await cluster.run(node.gateway.propose(bytes("x"), written))).index;
}

test("the leader tells when it had an entry on disk, when each follower had acknowledged it, and when it was committed and applied; each follower tells its own (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers: [quick, slow] } = cluster;
  slowDisk(cluster, slow!, 40);
  const index = await put(cluster);
  await cluster.clock.advance(200);
  expect(leader.raft.moments.of(index)).toEqual({
    durableMs: 0, committedMs: 2, appliedMs: 2, acknowledged: expect.arrayContaining([{ id: quick!.id, ms: 2 }, { id: slow!.id, ms: 42 }]),
  });
  expect(quick!.raft.moments.of(index)).toMatchObject({ durableMs: 0, acknowledged: undefined });
  const late = slow!.raft.moments.of(index)!;
  expect(late).toMatchObject({ durableMs: 40, acknowledged: undefined });
  expect([late.committedMs! >= 40, late.appliedMs! >= late.committedMs!]).toEqual([true, true]);
  expect(entryTraceOf(leader.raft, index)).toMatchObject({ term: leader.raft.core.currentTerm, moments: { durableMs: 0, members: [{ role: "voter" }, { role: "voter" }] } });
  cluster.stop();
});

test("entries of one turn share their moments, and what has not happened has no time (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers: [one, other] } = cluster;
  cluster.hub.isolate(one!.id);
  const indexes = await cluster.run(Promise.all(["a", "b", "c"].map((text) => leader.gateway.propose(bytes(text), written))));
  for (const { index } of indexes) {
    expect(leader.raft.moments.of(index)).toEqual({ durableMs: 0, committedMs: 2, appliedMs: 2, acknowledged: expect.arrayContaining([{ id: one!.id, ms: null }, { id: other!.id, ms: 2 }]) });
    expect(one!.raft.moments.of(index)).toBeUndefined();
  }
  expect(leader.raft.moments.of(indexes.at(-1)!.index + 1)).toBeUndefined();
  cluster.stop();
});

test("the entries of an earlier leader are told without acknowledgements by the next one, which never waited for them (N10)", async () => {
  const cluster = await Cluster.led();
  const old = cluster.leader;
  const index = await put(cluster);
  await cluster.clock.advance(200);
  await cluster.run(old.raft.transferLeadership(undefined));
  const leader = await cluster.elect();
  const mine = await put(cluster);
  await cluster.clock.advance(200);
  expect(leader.raft.moments.of(index)).toMatchObject({ acknowledged: undefined });
  expect(leader.raft.moments.of(mine)!.acknowledged).toHaveLength(2);
  // Who led it still tells.
  expect(old.raft.moments.of(index)!.acknowledged).toHaveLength(2);
  expect(old.raft.moments.of(mine)).toMatchObject({ acknowledged: undefined });
  expect(old.raft.moments.reignOver(mine)).toBeUndefined();
  cluster.stop();
});

test("an entry that was overwritten is forgotten with its moments: what stands there has its own (N10)", async () => {
  const cluster = await Cluster.led();
  const old = cluster.leader;
  cluster.hub.isolate(old.id);
  const lost = watch(old.raft.propose(bytes("lost"), written));
  await cluster.clock.advance(10);
  const index = old.raft.core.lastIndex;
  expect(old.raft.moments.of(index)).toMatchObject({ durableMs: 0, committedMs: null, appliedMs: null });
  const next = await cluster.elect(cluster.nodes.filter((node) => node !== old));
  await put(cluster, next);
  cluster.hub.heal();
  await cluster.clock.until(() => old.raft.core.lastApplied >= index, "the deposed leader has what stands there");
  const moments = old.raft.moments.of(index)!;
  expect([moments.acknowledged, old.raft.moments.reignOver(index)]).toEqual([undefined, undefined]);
  expect(moments.appliedMs).toBeLessThan(electionTimeout / 2);
  expect(entryTraceOf(old.raft, index).term).toBe(next.raft.core.currentTerm);
  expect(lost.state).toBe("rejected");
  cluster.stop();
});

test("a node that has just started remembers nothing, says from where on, and remembers what comes then (N10)", async () => {
  const cluster = await Cluster.led();
  const index = await put(cluster);
  await cluster.clock.advance(200);
  const follower = cluster.followers[0]!;
  await cluster.restart(follower);
  expect([follower.raft.moments.of(index), follower.raft.moments.first]).toEqual([undefined, index + 1]);
  const next = await put(cluster);
  await cluster.clock.advance(200);
  expect(follower.raft.moments.of(next)).toMatchObject({ durableMs: 0 });
  cluster.stop();
});

test("the record is bounded: it reaches back some thousand turns, and says how far (N10)", async () => {
  const cluster = await Cluster.led({ nodes: 1 });
  const { moments } = cluster.leader.raft;
  const first = await put(cluster);
  for (let turn = 1; turn < risesMax; turn += 1) await put(cluster);
  const last = await put(cluster);
  expect(moments.first).toBeGreaterThan(first);
  expect(last - moments.first).toBeGreaterThan(risesMax / 2);
  expect([moments.of(first), moments.of(moments.first - 1)]).toEqual([undefined, undefined]);
  expect(moments.of(moments.first)).toMatchObject({ durableMs: 0, appliedMs: 0, acknowledged: [] });
  cluster.stop();
});

test("what came with a snapshot has no moments here, what comes behind it has (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers: [away] } = cluster;
  cluster.hub.isolate(away!.id);
  const indexes = [await put(cluster), await put(cluster), await put(cluster)];
  await cluster.run(leader.raft.takeSnapshot(0));
  await cluster.clock.until(() => leader.raft.core.snapshotIndex >= indexes[2]!, "the leader has forgotten the entries");
  cluster.hub.heal();
  await cluster.clock.until(() => away!.raft.core.lastApplied >= indexes[2]!, "the snapshot is there");
  for (const index of indexes) expect(away!.raft.moments.of(index)).toBeUndefined();
  expect(away!.raft.moments.first).toBeGreaterThan(indexes[2]!);
  // The leader has compacted them and remembers their moments, and that it led them.
  expect(entryTraceOf(leader.raft, indexes[0]!)).toMatchObject({ term: leader.raft.core.currentTerm, moments: { members: [{ role: "voter" }, { role: "voter" }] } });
  const next = await put(cluster);
  await cluster.clock.advance(200);
  expect(away!.raft.moments.of(next)).toMatchObject({ durableMs: 0 });
  cluster.stop();
});

test("a snapshot that takes the place of entries that were never committed takes their moments with them (N10)", async () => {
  const cluster = await Cluster.led();
  const old = cluster.leader;
  cluster.hub.isolate(old.id);
  for (const text of ["a", "b", "c", "d"]) watch(old.raft.propose(bytes(text), written));
  await cluster.clock.advance(10);
  const lost = old.raft.core.lastIndex;
  const next = await cluster.elect(cluster.nodes.filter((node) => node !== old));
  const taken = await put(cluster, next);
  expect(taken).toBeLessThan(lost);
  await cluster.run(next.raft.takeSnapshot(0));
  await cluster.clock.until(() => next.raft.core.snapshotIndex >= taken, "the next leader has forgotten its entries");
  cluster.hub.heal();
  await cluster.clock.until(() => old.raft.core.lastApplied >= taken, "the snapshot is there");
  expect([old.raft.core.lastIndex, old.raft.moments.first, old.raft.moments.reignOver(taken)]).toEqual([taken, taken + 1, undefined]);
  for (let index = taken; index < lost; ) index = await put(cluster, next);
  await cluster.clock.advance(200);
  expect(old.raft.moments.of(lost)).toMatchObject({ durableMs: 0, acknowledged: undefined });
  expect(old.raft.moments.of(lost)!.appliedMs).toBeLessThan(electionTimeout / 2);
  cluster.stop();
});

test("a member that was removed owes no acknowledgement any more (N10)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers: [leaving, staying] } = cluster;
  await cluster.run(leader.raft.changeMembership({ remove: [leaving!.id] }));
  const index = await put(cluster);
  await cluster.clock.advance(200);
  expect(leader.raft.moments.of(index)!.acknowledged).toEqual([{ id: staying!.id, ms: 2 }]);
  cluster.stop();
});
