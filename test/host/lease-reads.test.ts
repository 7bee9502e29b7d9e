// Reads under the leader's lease, on hosts: what they cost, what they see, and what becomes of them where there is no lease (H24, S110, S118).

import { expect, test } from "vitest";
import { History } from "../../src/cli/check/history.ts";
import { checkLinearizability } from "../../src/cli/check/linearizability.ts";
import { Cluster, electionTimeout, type ClusterNode, type ClusterOptions } from "./support/cluster.ts";
import { bytes, watch } from "./support/members.ts";

const leaseReads = { driftMax: 0.1 };

/** With a lease. */
async function led(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.led({ raft: { leaseReads }, ...options });
  await cluster.clock.until(() => holdsLease(cluster.leader, cluster), "the leader holds a lease");
  return cluster;
}

function holdsLease(node: ClusterNode, { clock }: Cluster): boolean {
  return node.raft.core.leaseIndex(clock.now() * node.clock.rate - node.clock.behindMs) !== undefined;
}

test("a read under a lease sees what was written before it, asks nobody and takes no time (H24, S118)", async () => {
  const cluster = await led();
  const { leader, hub, clock } = cluster;
  for (let round = 0; round < 20; round += 1) {
    await cluster.write(`w${round}`);
    const [before, began] = [hub.calls.length, clock.now()];
    await leader.gateway.readableByLease(5_000);
    expect([leader.commands.length, hub.calls.length, clock.now()]).toEqual([round + 1, before, began]);
    await clock.advance(70);
  }
  cluster.stop();
});

test("it waits for what is committed and not applied yet (H24, S118)", async () => {
  const cluster = await led();
  const { leader, clock } = cluster;
  leader.storage.machine.close();
  const written = watch(leader.raft.propose(bytes("w"), { waitFor: "committed", timeoutMs: 5_000 }));
  await clock.until(() => written.state !== "pending", "the write");
  const read = watch(leader.gateway.readableByLease(5_000));
  await clock.advance(50);
  expect([read.state, leader.commands]).toEqual(["pending", []]);
  leader.storage.machine.open();
  await clock.until(() => read.state === "resolved", "the read");
  expect(leader.commands).toEqual(["w"]);
  cluster.stop();
});

test("a leader that is cut off answers it until its lease is over, and never after somebody else has written (H24, S118)", async () => {
  const cluster = await led();
  const { leader: old, followers, hub, clock } = cluster;
  await cluster.write("old");
  const cutAt = clock.now();
  hub.isolate(old.id);
  let answeredAt = 0;
  while (followers.every(({ raft }) => raft.core.role !== "leader")) {
    const read = watch(old.gateway.readableByLease(1));
    await clock.advance(5);
    if (read.state === "resolved") answeredAt = clock.now() - 5;
  }
  expect(answeredAt).toBeGreaterThan(cutAt + 0.6 * electionTimeout);
  expect(answeredAt).toBeLessThanOrEqual(cutAt + 0.9 * electionTimeout);
  await cluster.write("new", await cluster.elect(followers));
  const late = watch(old.gateway.readableByLease(60_000));
  await clock.advance(2 * electionTimeout);
  expect(late.error?.code).toBe("NO_LEADER");
  cluster.stop();
});

test("a leader whose successor was elected at its own wish never answers it from its lease (H24, H31)", async () => {
  const cluster = await led();
  const { leader: old, followers, hub } = cluster;
  // TimeoutNow is the last that anybody hears of it: its successor is elected long before its lease would be over.
  let silent = false;
  hub.fate = ({ from, to, name }) => {
    if (silent && (from === old.id || to === old.id)) return "drop";
    if (name === "timeoutNow") silent = true;
    return "deliver";
  };
  hub.responseFate = ({ from }) => (silent && from === old.id ? "drop" : "deliver");
  old.raft.transferLeadership(followers[0]!.id).catch(() => undefined);
  const next = await cluster.elect(followers);
  await cluster.write("new", next);
  expect(old.raft.core.role).toBe("leader");
  const read = watch(old.gateway.readableByLease(60_000));
  await cluster.clock.advance(2 * electionTimeout + 100);
  expect(read.error?.code).toBe("NO_LEADER");
  cluster.stop();
});

test("without a lease, on a follower or on a leader that has none, it is a read that asks the others (S110, S118)", async () => {
  const off = await Cluster.led();
  await off.write("w");
  const before = off.hub.calls.length;
  await off.run(off.leader.gateway.readableByLease(5_000));
  expect(off.hub.callsOf("appendEntries", before).length).toBeGreaterThan(0);
  off.stop();
  const cluster = await led();
  for (const follower of cluster.followers) {
    await cluster.write("w");
    const asked = cluster.hub.calls.length;
    await cluster.run(follower.gateway.readableByLease(5_000));
    expect(cluster.hub.callsOf("readIndex", asked)).toHaveLength(1);
    expect(follower.commands).toEqual(cluster.leader.commands);
  }
  cluster.stop();
});

// ── what it rests on ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The leader is cut off, somebody else leads and writes, and then the old leader is read. */
async function readAfterSuccession(cluster: Cluster, asleep: "no clock" | "the monotonic clock" | "both clocks"): Promise<string> {
  const { leader: old, followers, hub, clock } = cluster;
  const history = new History(() => clock.now());
  const writing = async (node: ClusterNode, value: string): Promise<void> => {
    const call = history.begin("writer", "k", { kind: "put", value });
    await cluster.write(value, node);
    call.ok({});
  };
  await writing(old, "old");
  hub.isolate(old.id);
  while (followers.every(({ raft }) => raft.core.role !== "leader")) {
    await clock.advance(5);
    if (asleep !== "no clock") old.clock.behindMs += 5;
    if (asleep === "both clocks") old.clock.wallBehindMs += 5;
  }
  await writing(await cluster.elect(followers), "new");
  const call = history.begin("reader", "k", { kind: "get" });
  const read = watch(old.gateway.readableByLease(1));
  await clock.advance(0);
  if (read.state === "resolved") call.ok({ value: old.commands.at(-1) });
  else call.failed();
  cluster.stop();
  return checkLinearizability(history.operations(), { configurationsMax: 1_000 }).verdict;
}

test("a machine that sleeps notices it when it wakes: its wall clock is ahead of the clock that slept with it (H24)", async () => {
  expect(await readAfterSuccession(await led(), "no clock")).toBe("linearizable");
  expect(await readAfterSuccession(await led(), "the monotonic clock")).toBe("linearizable");
});

test("a machine whose clocks both stand still while those of others run breaks it, and the checker sees that: the bound is an assumption (H24)", async () => {
  expect(await readAfterSuccession(await led(), "both clocks")).toBe("violated");
});

test("after a jump of the wall clock a leader asks the others for an election timeout, and goes on under its lease (H24, H25)", async () => {
  const cluster = await led();
  const { leader, hub, clock } = cluster;
  const asks = async (): Promise<boolean> => {
    const before = hub.calls.length;
    const read = watch(leader.gateway.readableByLease(5_000));
    await clock.advance(0);
    const asked = hub.calls.length > before;
    await clock.until(() => read.state === "resolved", "the read");
    return asked;
  };
  expect(await asks()).toBe(false);
  leader.clock.wallBehindMs += 60_000;
  expect(await asks()).toBe(true);
  await clock.advance(0.8 * electionTimeout);
  expect(await asks()).toBe(true);
  await clock.advance(0.2 * electionTimeout);
  expect(await asks()).toBe(false);
  cluster.stop();
});

test("a leader whose clock is too slow notices it by the answers to its heartbeats, says so once for each, and goes on without a lease (H24)", async () => {
  const cluster = await Cluster.start({ raft: { leaseReads } });
  const slow = cluster.nodes[0]!;
  slow.clock.rate = 0.5;
  slow.raft.campaign();
  await cluster.elect();
  expect(cluster.leader).toBe(slow);
  await cluster.clock.advance(3_000);
  expect(slow.events.filter(({ kind }) => kind === "peerClockTooFast")).toHaveLength(2);
  expect(holdsLease(slow, cluster)).toBe(false);
  const before = cluster.hub.calls.length;
  await cluster.run(slow.gateway.readableByLease(5_000));
  expect(cluster.hub.callsOf("appendEntries", before).length).toBeGreaterThan(0);
  cluster.stop();
});
