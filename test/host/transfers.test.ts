// Snapshots between nodes: a member that is behind the log gets the state, piece by piece, whatever happens on the way.

import { expect, test } from "vitest";
import { chunkBytes } from "../../src/host/snapshot-sender.ts";
import type { AppendEntriesRpc, InstallSnapshotRpc } from "../../src/wire/peer-protocol.ts";
import { Cluster, electionTimeout, type ClusterNode, type ClusterOptions } from "./support/cluster.ts";
import { bytes, member, watch } from "./support/members.ts";

const compaction = { logBytes: 1e12, logBytesMax: 1e12, trailingEntries: 0, trailingBytes: 0 };
const chunks = (cluster: Cluster): InstallSnapshotRpc[] => cluster.hub.callsOf("installSnapshot").map(({ rpc }) => rpc as InstallSnapshotRpc);

/** A cluster in which one follower needs entries that the others have forgotten. */
async function withLaggard(options: ClusterOptions = {}, writes = ["a", "b", "c"]): Promise<{ cluster: Cluster; leader: ClusterNode; laggard: ClusterNode }> {
  const cluster = await Cluster.led({ compaction, ...options });
  const { leader, followers, hub } = cluster;
  const laggard = followers[0]!;
  hub.isolate(laggard.id);
  for (const content of writes) await cluster.write(content);
  await cluster.run(leader.raft.takeSnapshot());
  await cluster.clock.settle();
  return { cluster, leader, laggard };
}

for (const variant of ["at once", "promises"] as const) {
  test(`a member that is behind the log gets the state and goes on from there, with storage that answers ${variant} (S23, S114)`, async () => {
    const { cluster, leader, laggard } = await withLaggard({ variant });
    expect(leader.raft.core.snapshotIndex).toBe(leader.raft.core.lastApplied);
    cluster.hub.heal();
    await cluster.converge();
    await cluster.write("d");
    await cluster.converge();
    for (const node of cluster.nodes) expect(node.storage.state.machine).toEqual(leader.storage.state.machine);
    expect(laggard.storage.journal.some((line) => line.startsWith("install"))).toBe(true);
    expect(laggard.commands).toEqual(["a", "b", "c", "d"]);
    cluster.stop();
  });

  test(`waiters for an index that a snapshot covers are told, with storage that answers ${variant} (S119)`, async () => {
    const { cluster, leader, laggard } = await withLaggard({ variant });
    const { lastApplied } = leader.raft.core;
    const again = watch(laggard.raft.waitForApplied(lastApplied, 60_000).then((index) => laggard.raft.waitForApplied(index, 100)));
    const committed = watch(laggard.raft.waitForCommit(lastApplied, 60_000));
    cluster.hub.heal();
    await cluster.converge();
    await cluster.clock.advance(500);
    expect([again.state, committed.state]).toEqual(["resolved", "resolved"]);
    cluster.stop();
  });
}

test("a large state travels in chunks, one after the other, and resumes where the receiver stands after a break", async () => {
  const large = "x".repeat(chunkBytes);
  const { cluster, leader, laggard } = await withLaggard({}, [large, large, large]);
  const { bytes: size } = leader.storage.currentSnapshot!;
  let broken = false;
  cluster.hub.fate = ({ name, rpc }) => {
    const breaks = name === "installSnapshot" && !broken && (rpc as InstallSnapshotRpc).offset === 2 * chunkBytes;
    if (breaks) {
      broken = true;
      // The connection goes; the receiver keeps what it has.
      queueMicrotask(() => cluster.hub.breakConnectionsTo(laggard.id));
    }
    return breaks ? "drop" : "deliver";
  };
  cluster.hub.heal();
  await cluster.converge();
  expect(broken).toBe(true);
  const offsets = chunks(cluster).map(({ offset }) => offset);
  expect(offsets).toEqual([0, chunkBytes, 2 * chunkBytes, 0, 2 * chunkBytes, 3 * chunkBytes]);
  expect(chunks(cluster).filter(({ done }) => done)).toHaveLength(1);
  expect(Math.max(...chunks(cluster).map(({ data }) => data.length))).toBe(chunkBytes);
  expect(laggard.storage.currentSnapshot!.bytes).toBe(size);
  expect(laggard.commands).toEqual([large, large, large]);
  cluster.stop();
});

test("heartbeats go on while a state is being sent, and nobody campaigns (H41)", async () => {
  const { cluster, leader, laggard } = await withLaggard();
  cluster.hub.delayOf = ({ name }) => (name === "installSnapshot" ? 3 * electionTimeout : 0);
  const { currentTerm } = leader.raft.core;
  cluster.hub.heal();
  await cluster.clock.advance(2 * electionTimeout);
  expect(laggard.commands).toEqual([]);
  expect(laggard.raft.core.leader).toBe(leader.id);
  await cluster.converge();
  expect(cluster.nodes.map(({ raft }) => raft.core.currentTerm)).toEqual([currentTerm, currentTerm, currentTerm]);
  cluster.stop();
});

test("a snapshot that was damaged on its way is sent again and installed", async () => {
  const { cluster, laggard } = await withLaggard();
  let damaged = 0;
  const receive = laggard.storage.receiveSnapshot.bind(laggard.storage);
  laggard.storage.receiveSnapshot = (snapshot, offset, data) => {
    damaged += 1;
    return receive(snapshot, offset, damaged === 1 ? data.map((byte) => byte ^ 0x80) : data);
  };
  cluster.hub.heal();
  await cluster.converge();
  expect(damaged).toBeGreaterThan(1);
  expect([laggard.commands, laggard.fatal]).toEqual([["a", "b", "c"], []]);
  cluster.stop();
});

test("a snapshot that is not newer than what the member has committed is not installed (H33)", async () => {
  const { cluster, leader, laggard } = await withLaggard();
  cluster.hub.heal();
  await cluster.converge();
  await cluster.write("d");
  await cluster.converge();
  const installs = (): number => laggard.storage.journal.filter((line) => line.startsWith("install")).length;
  const before = installs();
  const { rpc } = cluster.hub.callsOf("installSnapshot").at(-1)!;
  const answer = await cluster.run(laggard.raft.inbox.installSnapshot(leader.id, { ...(rpc as InstallSnapshotRpc), requestId: 9_999 }));
  expect(answer).toMatchObject({ accepted: false, matchIndex: laggard.raft.core.commitIndex });
  await cluster.clock.advance(100);
  expect([installs(), laggard.commands.length]).toEqual([before, 4]);
  cluster.stop();
});

test("a member that asks for more than the snapshot holds gets a new one, also when none was ever taken", async () => {
  const { cluster, leader, laggard } = await withLaggard();
  await cluster.write("later");
  const created: number[] = [];
  const create = leader.storage.createSnapshot.bind(leader.storage);
  leader.storage.createSnapshot = () => {
    created.push(leader.raft.core.lastApplied);
    return create();
  };
  // The file has been lost from memory only: the transfer takes a new one.
  Object.defineProperty(leader.storage, "currentSnapshot", {
    configurable: true,
    get: () => (created.length === 0 ? undefined : Object.getOwnPropertyDescriptor(Object.getPrototypeOf(leader.storage) as object, "currentSnapshot")!.get!.call(leader.storage)),
  });
  cluster.hub.heal();
  await cluster.converge();
  expect(created.length).toBe(1);
  expect(laggard.commands).toEqual(["a", "b", "c", "later"]);
  cluster.stop();
});

test("a transfer ends when its leader does, and the next leader sends its own", async () => {
  const { cluster, leader, laggard } = await withLaggard();
  const other = cluster.nodes.find((node) => node !== leader && node !== laggard)!;
  await cluster.run(other.raft.takeSnapshot());
  cluster.hub.delayOf = ({ name, from }) => (name === "installSnapshot" && from === leader.id ? 5 * electionTimeout : 0);
  cluster.hub.heal();
  await cluster.clock.until(() => chunks(cluster).length > 0, "the transfer begins");
  cluster.crash(leader);
  await cluster.clock.until(() => other.raft.core.role === "leader" && laggard.commands.length === 3, "the next leader's transfer", 30 * electionTimeout);
  cluster.stop();
});

test("two members that are behind are served at the same time, one transfer each", async () => {
  const cluster = await Cluster.led({ compaction, nodes: 5 });
  const { leader, followers, hub } = cluster;
  const [first, second] = followers as [ClusterNode, ClusterNode];
  for (const { id } of [first, second]) hub.isolate(id);
  for (const content of ["a", "b"]) await cluster.write(content);
  await cluster.run(leader.raft.takeSnapshot());
  hub.heal();
  await cluster.converge();
  expect(new Set(cluster.hub.callsOf("installSnapshot").map(({ to }) => to))).toEqual(new Set([first.id, second.id]));
  expect([first.commands, second.commands]).toEqual([["a", "b"], ["a", "b"]]);
  cluster.stop();
});

test("a fresh node reaches the same state after compaction, and can lead with it (S114)", async () => {
  const cluster = await Cluster.led({ compaction, nodes: 3 });
  for (const content of ["a", "b", "c"]) await cluster.write(content);
  await cluster.converge();
  for (const node of cluster.nodes) await cluster.run(node.raft.takeSnapshot());
  const newcomer = await cluster.add(member(4).id);
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(4)] }));
  await cluster.converge();
  await cluster.clock.advance(electionTimeout);
  expect(newcomer.commands).toEqual(["a", "b", "c"]);
  await cluster.run(cluster.leader.raft.changeMembership({ promote: [newcomer.id] }));
  await cluster.converge();
  await cluster.run(cluster.leader.raft.transferLeadership(newcomer.id));
  await cluster.elect();
  await cluster.write("d");
  await cluster.converge();
  for (const node of cluster.nodes) expect(node.storage.state.machine.commands).toEqual(["a", "b", "c", "d"]);
  cluster.stop();
});

test("a trailing window lets a member that is a little behind catch up by entries alone", async () => {
  const { cluster, laggard } = await withLaggard({ compaction: { ...compaction, trailingEntries: 100, trailingBytes: 1e9 } });
  cluster.hub.heal();
  await cluster.converge();
  expect([chunks(cluster).length, laggard.commands]).toEqual([0, ["a", "b", "c"]]);
  cluster.stop();
});

test("snapshots are taken by themselves as the log grows, under load, and every node keeps a bounded log (S50, S114)", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 5_000, logBytesMax: 20_000, trailingEntries: 20, trailingBytes: 1e9 } });
  for (let number = 0; number < 300; number += 1) await cluster.write("x".repeat(100), cluster.leader);
  await cluster.converge();
  await cluster.clock.settle();
  for (const { raft, storage } of cluster.nodes) {
    const { first, last } = raft.auditTrail;
    expect(last - first).toBeLessThan(250);
    expect(storage.currentSnapshot!.index).toBeGreaterThan(200);
    expect(storage.state.entries[0]!.index).toBeLessThanOrEqual(storage.currentSnapshot!.index + 1);
  }
  cluster.stop();
});

test("a disk that fails while a snapshot is received stops the receiver (H43)", async () => {
  const { cluster, laggard } = await withLaggard();
  const broken = new Error("EIO");
  laggard.storage.receiveSnapshot = () => Promise.reject(broken);
  cluster.hub.heal();
  await cluster.clock.advance(2 * electionTimeout);
  expect(laggard.fatal).toEqual([broken]);
  cluster.stop();
});

test("a disk or a state machine that fails while a snapshot is installed stops the node, which acknowledges nothing of it (H43, H34)", async () => {
  const { cluster, leader, laggard } = await withLaggard();
  const broken = new Error("EIO");
  laggard.storage.install = () => Promise.reject(broken);
  const before = laggard.raft.core.lastApplied;
  cluster.hub.heal();
  await cluster.clock.advance(2 * electionTimeout);
  expect([laggard.fatal, laggard.raft.core.lastApplied, laggard.raft.core.snapshotIndex]).toEqual([[broken], before, 0]);
  const matched = leader.raft.core.status().peers.find(({ id }) => id === laggard.id)!.matchIndex;
  expect(matched).toBeLessThanOrEqual(before);
  // It starts again with what it had, and the transfer begins anew.
  await cluster.restart(laggard);
  await cluster.converge();
  expect(laggard.commands).toEqual(["a", "b", "c"]);
  cluster.stop();
});

test("everything that was applied is there after every node was restarted from its snapshot and log (S107)", async () => {
  const { cluster } = await withLaggard();
  cluster.hub.heal();
  await cluster.converge();
  for (const node of [...cluster.nodes]) await cluster.restart(node);
  await cluster.elect();
  await cluster.run(cluster.nodes[0]!.gateway.propose(bytes("d"), { waitFor: "applied", timeoutMs: 5_000 }));
  await cluster.converge();
  for (const { commands } of cluster.nodes) expect(commands).toEqual(["a", "b", "c", "d"]);
  cluster.stop();
});

test("a write of a deposed leader whose index a snapshot covers is told so at once: unknown, and nothing of its log stays (H20, H34)", async () => {
  const cluster = await Cluster.led({ compaction });
  const { leader: old, followers, hub } = cluster;
  // Its peers are refused at once and need not wait for a silent one.
  for (const { id } of followers) hub.cutOneWay(old.id, id);
  hub.detach(old.id);
  const lost = watch(old.raft.propose(bytes("lost"), { waitFor: "applied", timeoutMs: 600_000 }));
  for (let more = 0; more < 5; more += 1) void watch(old.raft.propose(bytes("lost too"), { waitFor: "applied", timeoutMs: 600_000 }));
  // As soon as the others may vote again, so that the old leader's patience is not over.
  await cluster.clock.advance(electionTimeout + 20);
  followers[0]!.raft.campaign();
  const next = await cluster.elect(followers);
  await cluster.write("won", next);
  await cluster.run(next.raft.takeSnapshot());
  const healed = cluster.clock.now();
  hub.heal();
  hub.attach(old.id, old.host.receiver);
  await cluster.clock.until(() => old.commands.length === 1 || lost.state !== "pending", "the old leader is told");
  await cluster.clock.settle();
  expect([lost.error?.code, lost.error?.message]).toEqual(["UNKNOWN_OUTCOME", expect.stringContaining("a snapshot took its place")]);
  expect(cluster.clock.now() - healed).toBeLessThan(electionTimeout);
  expect(old.storage.journal.filter((line) => line.startsWith("install"))).toEqual([expect.stringMatching(/ keeping 0$/)]);
  await cluster.converge();
  expect(old.commands).toEqual(["won"]);
  cluster.stop();
});

test("a member says how long ago a leader of its term was heard, and an old leader's message does not count", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  const follower = followers[0]!;
  expect(leader.raft.leaderContactAge).toBe(0);
  hub.isolate(follower.id);
  await cluster.clock.advance(500);
  const age = follower.raft.leaderContactAge!;
  expect(age).toBeGreaterThanOrEqual(400);
  const { rpc } = hub.callsOf("appendEntries").at(-1)!;
  void follower.raft.inbox.appendEntries(leader.id, { ...(rpc as AppendEntriesRpc), requestId: 77_777, term: 0 });
  await cluster.clock.settle();
  expect(follower.raft.leaderContactAge).toBe(age);
  cluster.stop();
});
