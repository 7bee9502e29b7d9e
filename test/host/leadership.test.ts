// Handing leadership over (H31, U8), several regions on one host, and a node that tells the cluster its new address (S10).

import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { parseRegionId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Announcement } from "../../src/host/announcement.ts";
import { Host } from "../../src/host/host.ts";
import type { PeerCalls } from "../../src/wire/peer-protocol.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { Cluster, electionTimeout, never, raftOptions, type ClusterNode } from "./support/cluster.ts";
import { bytes, codeOf, idOf, member, votersOf, watch } from "./support/members.ts";
import { MemoryRaftStorage } from "./support/memory-raft-storage.ts";
import { RaftStorageState } from "./support/memory-state.ts";
import { NetworkHub } from "./support/network-hub.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const applied = { waitFor: "applied", timeoutMs: 5_000 } as const;

test("a transfer to a named member succeeds within a fraction of an election timeout, and fails no write (H31)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  const target = followers[1]!;
  const writes: ReturnType<typeof watch<unknown>>[] = [];
  const load = (): void => {
    for (const node of cluster.nodes) writes.push(watch(node.gateway.propose(bytes(`w${writes.length}`), applied)));
  };
  load();
  const began = cluster.clock.now();
  const transfer = watch(leader.raft.transferLeadership(target.id));
  for (let step = 0; step < 40; step += 1) {
    load();
    await cluster.clock.advance(5);
    if (transfer.state === "pending") expect(cluster.clock.now() - began).toBeLessThan(0.3 * electionTimeout);
  }
  await cluster.clock.advance(2 * electionTimeout);
  expect([transfer.value, cluster.leader]).toEqual([target.id, target]);
  // While it lasts the leader takes nothing, and whoever asked goes to its successor.
  expect(writes.filter(({ state }) => state !== "resolved")).toEqual([]);
  await cluster.converge();
  expect(target.commands).toHaveLength(writes.length);
  cluster.stop();
});

test("without a target the leader steps down for whoever is most up to date (U8)", async () => {
  const cluster = await Cluster.led();
  const { leader } = cluster;
  const next = await cluster.run(leader.raft.transferLeadership(undefined), electionTimeout);
  expect(next).not.toBe(leader.id);
  expect((await cluster.elect()).id).toBe(next);
  cluster.stop();
});

test("a transfer to a member that is silent is given up after an election timeout, and writes go on (H31)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  hub.isolate(followers[0]!.id);
  const transfer = watch(leader.raft.transferLeadership(followers[0]!.id));
  await cluster.clock.advance(10);
  expect(await codeOf(cluster.run(leader.raft.propose(bytes("x"), applied)))).toBe("NOT_LEADER");
  await cluster.clock.advance(electionTimeout + 50);
  expect([transfer.error?.code, leader.raft.core.role]).toEqual(["TRANSFER_FAILED", "leader"]);
  await cluster.write("goes on", leader);
  cluster.stop();
});

test("a follower transfers nothing", async () => {
  const cluster = await Cluster.led();
  expect(await codeOf(cluster.run(cluster.followers[0]!.raft.transferLeadership(undefined)))).toBe("NOT_LEADER");
  cluster.stop();
});

test("a member that has moved tells the cluster, through the leader, and its id stays the same (S10)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  for (const node of [cluster.followers[0]!, cluster.leader]) {
    const self = member(Number(node.id), { peerAddress: `moved${node.id}:1`, clientAddress: `moved${node.id}:2` });
    const { raft, gateway } = node;
    await cluster.run(new Announcement({ raft, gateway, clock: cluster.clock, logger: silentLogger, retryMs: 200 }).announce(self));
    await cluster.converge();
    for (const other of cluster.nodes) expect(other.raft.core.membership.members.find(({ id }) => id === node.id)).toEqual(self);
  }
  expect(cluster.leader.raft.core.membership.voters).toEqual(votersOf(1, 2, 3).voters);
  cluster.stop();
});

test("a member whose address is known, and a node that is no member, announce nothing", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const outsider = await cluster.add(idOf(9));
  const { lastIndex } = cluster.leader.raft.core;
  for (const node of [cluster.followers[0]!, outsider]) {
    const { raft, gateway } = node;
    await cluster.run(new Announcement({ raft, gateway, clock: cluster.clock, logger: silentLogger, retryMs: 200 }).announce(member(Number(node.id))), 10);
  }
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  cluster.stop();
});

test("an announcement is tried again until there is a leader that takes it, and ends when it is stopped", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const { leader } = cluster;
  const [moved, other] = cluster.followers as [ClusterNode, ClusterNode];
  cluster.crash(leader);
  cluster.hub.isolate(moved.id);
  const announcing = (peerAddress: string): { announcement: Announcement; ended: ReturnType<typeof watch<void>> } => {
    const announcement = new Announcement({ raft: moved.raft, gateway: moved.gateway, clock: cluster.clock, logger: silentLogger, retryMs: 200 });
    return { announcement, ended: watch(announcement.announce(member(Number(moved.id), { peerAddress }))) };
  };
  const stopped = announcing("never:1");
  await cluster.clock.advance(3 * electionTimeout);
  expect(stopped.ended.state).toBe("pending");
  stopped.announcement.stop();
  await cluster.clock.advance(3 * electionTimeout);
  expect(stopped.ended.state).toBe("resolved");
  const { ended } = announcing("new:1");
  cluster.hub.heal();
  await cluster.clock.until(() => ended.state === "resolved", "announced");
  await cluster.converge([moved, other]);
  expect(other.raft.core.membership.members.find(({ id }) => id === moved.id)?.peerAddress).toBe("new:1");
  cluster.stop();
});

test("a message for a region that is not here is answered UNKNOWN_GROUP, whatever it is (S11)", async () => {
  const cluster = await Cluster.led();
  const { receiver } = cluster.leader.host;
  const elsewhere = parseRegionId(7);
  const { lastIndex, currentTerm } = cluster.leader.raft.core;
  for (const name of ["requestVote", "preVote", "appendEntries", "installSnapshot", "timeoutNow", "propose", "readIndex"] as const) {
    const handle = receiver[name] as (from: string, region: number, rpc: PeerCalls[typeof name]["request"]) => Promise<unknown>;
    expect(await codeOf(handle(idOf(2), elsewhere, {} as never))).toBe("UNKNOWN_GROUP");
  }
  expect([cluster.leader.raft.core.lastIndex, cluster.leader.raft.core.currentTerm]).toEqual([lastIndex, currentTerm]);
  cluster.stop();
});

test("two regions on the same hosts have leaders and terms of their own, and share one timer per host (S48, S89, S93)", async () => {
  const clock = new VirtualClock();
  const hub = new NetworkHub(clock);
  const regions = [parseRegionId(1), parseRegionId(2)];
  const hosts = [1, 2, 3].map((number) => ({ id: idOf(number), host: new Host(clock, () => Promise.reject(new Error("none"))) }));
  for (const { id, host } of hosts) {
    for (const region of regions) {
      await host.open({
        region, raft: raftOptions(id), network: hub.networkOf(id).forGroup(region), storage: new MemoryRaftStorage("promises", new RaftStorageState(votersOf(1, 2, 3))),
        clock, crc32, logger: silentLogger, compaction: never, waitingMax: 100, onEvent: () => undefined, onFatal: () => undefined,
      });
    }
    hub.attach(id, host.receiver);
  }
  const replica = (number: number, region: number) => hosts[number - 1]!.host.region(regions[region - 1]!).raft;
  replica(1, 1).campaign();
  replica(2, 2).campaign();
  await clock.advance(electionTimeout / 2);
  expect([replica(3, 1).core.leader, replica(3, 2).core.leader]).toEqual([idOf(1), idOf(2)]);
  const { index } = await (async () => {
    const write = replica(2, 2).propose(bytes("only here"), applied);
    await clock.advance(50);
    return write;
  })();
  expect(index).toBe(2);
  expect([replica(1, 1).core.lastIndex, replica(1, 2).core.lastIndex]).toEqual([1, 2]);
  await clock.advance(3 * electionTimeout);
  expect([replica(3, 1).core.currentTerm, replica(3, 2).core.currentTerm]).toEqual([1, 1]);
  // Besides what the network has under way, a host has one timer.
  for (const { host } of hosts) host.stop();
  await clock.advance(2 * electionTimeout);
  expect(clock.armed).toEqual([]);
  expect(hosts.map(({ host }) => [...host.regions].length)).toEqual([2, 2, 2]);
});
