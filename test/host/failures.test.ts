// What a failing or full disk does to a node: it stops at once, or it waits for space; it never answers what it does not hold.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Raft, type RegionOptions } from "../../src/host/region.ts";
import { Cluster, electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { bytes, codeOf, watch } from "./support/members.ts";

const soon = { waitFor: "applied", timeoutMs: 5_000 } as const;
const broken = new RaftctlError("IO_ERROR", "fdatasync of /data/wal/1: EIO");
const full = new RaftctlError("NO_SPACE", "the disk is full");

for (const variant of ["at once", "promises"] as const) {
  test(`a disk that fails stops the node once, and nothing is said afterwards, with storage that answers ${variant} (H43, S33, S38)`, async () => {
    const cluster = await Cluster.led({ variant });
    const { leader, followers, hub } = cluster;
    const follower = followers[0]!;
    const waiting = watch(follower.raft.waitForApplied(100, 60_000));
    follower.storage.failure = broken;
    await cluster.write("a");
    await cluster.clock.advance(100);
    expect(follower.fatal).toEqual([broken]);
    expect(leader.raft.core.status().peers.find(({ id }) => id === follower.id)!.matchIndex).toBeLessThan(leader.raft.core.lastIndex);
    expect(waiting.error?.code).toBe("STOPPED");
    const before = hub.calls.length;
    await cluster.clock.advance(5 * electionTimeout);
    expect(hub.calls.slice(before).filter(({ from }) => from === follower.id)).toEqual([]);
    expect([follower.fatal.length, follower.commands]).toEqual([1, []]);
    for (const call of [follower.raft.propose(bytes("x"), soon), follower.raft.readIndex(10), follower.raft.forceReplication(), follower.raft.waitForCommit(100, 10)]) {
      expect(await codeOf(call)).toBe("STOPPED");
    }
    cluster.stop();
  });

  test(`a leader whose disk fails tells its callers that the outcome is unknown, with storage that answers ${variant} (H20, H43)`, async () => {
    const cluster = await Cluster.led({ variant });
    const { leader, followers } = cluster;
    leader.storage.failure = broken;
    const write = watch(leader.raft.propose(bytes("a"), soon));
    await cluster.clock.advance(50);
    expect([write.error?.code, leader.fatal]).toEqual(["UNKNOWN_OUTCOME", [broken]]);
    await cluster.elect(followers);
    cluster.stop();
  });

  test(`a state machine that fails stops the node instead of letting it diverge, with storage that answers ${variant} (H43, S38)`, async () => {
    const cluster = await Cluster.led({ variant });
    const follower = cluster.followers[0]!;
    follower.storage.applyFailure = new Error("the store is damaged");
    await cluster.write("a");
    await cluster.clock.advance(200);
    expect(follower.fatal.map(({ message }) => message)).toEqual(["the store is damaged"]);
    expect(follower.raft.core.lastApplied).toBeLessThan(cluster.leader.raft.core.lastApplied);
    cluster.stop();
  });

  test(`a full disk delays what it holds, is tried again in order, and recovers by itself, with storage that answers ${variant} (H45)`, async () => {
    const cluster = await Cluster.led({ variant });
    const { leader, followers, hub } = cluster;
    const [small, other] = followers as [ClusterNode, ClusterNode];
    hub.isolate(other.id);
    small.storage.failure = full;
    const writes = ["a", "b", "c"].map((content) => watch(leader.raft.propose(bytes(content), soon)));
    await cluster.clock.advance(500);
    expect(writes.map(({ state }) => state)).toEqual(["pending", "pending", "pending"]);
    small.storage.failure = undefined;
    await cluster.clock.advance(500);
    expect(writes.map(({ state }) => state)).toEqual(["resolved", "resolved", "resolved"]);
    await cluster.clock.advance(200);
    expect([small.commands, small.fatal]).toEqual([["a", "b", "c"], []]);
    cluster.stop();
  });
}

test("a leader with a full disk refuses writes, serves reads, and takes writes again when there is space (H45)", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  const { index } = await cluster.write("a");
  const { lastIndex } = leader.raft.core;
  leader.storage.readOnly = true;
  expect(await codeOf(leader.raft.propose(bytes("b"), soon))).toBe("NO_SPACE");
  expect(await cluster.run(leader.raft.readIndex(1_000))).toBe(index);
  expect(leader.raft.core.lastIndex).toBe(lastIndex);
  leader.storage.readOnly = false;
  await cluster.write("c");
  expect(leader.commands).toEqual(["a", "c"]);
  cluster.stop();
});

test("a full disk during a snapshot harms nobody, and any other failure of one is fatal (H43, H45)", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 1, logBytesMax: 1, trailingEntries: 0, trailingBytes: 0 } });
  const { leader } = cluster;
  const attempt = leader.storage.createSnapshot.bind(leader.storage);
  leader.storage.createSnapshot = () => Promise.reject(full);
  await cluster.write("a");
  await cluster.write("b");
  expect(leader.fatal).toEqual([]);
  leader.storage.createSnapshot = attempt;
  await cluster.write("c");
  expect(leader.storage.currentSnapshot?.index).toBe(leader.raft.core.lastApplied);
  leader.storage.createSnapshot = () => Promise.reject(broken);
  await cluster.write("d").catch(() => undefined);
  await cluster.clock.advance(10);
  expect(leader.fatal).toEqual([broken]);
  cluster.stop();
});

test("a snapshot that an operator or a transfer asked for fails as loudly as any other (H43)", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  leader.storage.createSnapshot = () => Promise.reject(broken);
  expect(await codeOf(leader.raft.takeSnapshot())).toBe("IO_ERROR");
  await cluster.clock.settle();
  expect(leader.fatal).toEqual([broken]);
  cluster.stop();
});

test("a region without a network or a storage is refused when it is built, by the types and at run time (S30)", async () => {
  const cluster = await Cluster.start({ nodes: 1 });
  const options = { network: {}, storage: {} } as unknown as RegionOptions;
  // @ts-expect-error a region needs a network
  const withoutNetwork: RegionOptions = { ...options, network: undefined };
  // @ts-expect-error a region needs a storage
  const withoutStorage: RegionOptions = { ...options, storage: undefined };
  expect(await codeOf(Raft.start(withoutNetwork))).toBe("INVALID_ARGUMENT");
  expect(await codeOf(Raft.start(withoutStorage))).toBe("INVALID_ARGUMENT");
  cluster.stop();
});

test("after stop everybody who waits is told, and nothing happens any more", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  hub.isolate(leader.id);
  const waiting = [
    watch<unknown>(leader.raft.propose(bytes("a"), soon)),
    watch<unknown>(leader.raft.readIndex(5_000)),
    watch<unknown>(leader.raft.forceReplication()),
    watch<unknown>(leader.raft.waitForCommit(1_000, 5_000)),
    watch<unknown>(leader.raft.changeMembership({ demote: [cluster.followers[0]!.id] })),
  ];
  await cluster.clock.advance(10);
  leader.host.stop();
  const before = hub.calls.length;
  await cluster.clock.advance(5 * electionTimeout);
  expect(waiting.map(({ error }) => error?.code)).toEqual(["UNKNOWN_OUTCOME", "STOPPED", "STOPPED", "STOPPED", "STOPPED"]);
  expect(hub.calls.slice(before).filter(({ from }) => from === leader.id)).toEqual([]);
  cluster.stop();
});
