// Linearizable reads (diss. §6.4; S110, S111, S118): on the leader, on followers, on a leader that is new, deposed or was paused.

import { expect, test } from "vitest";
import type { AppendEntriesRpc } from "../../src/wire/peer-protocol.ts";
import { Cluster, electionTimeout } from "./support/cluster.ts";
import { bytes, codeOf, watch } from "./support/members.ts";

const applied = { waitFor: "applied", timeoutMs: 5_000 } as const;
const entriesOf = (rpc: unknown): number => (rpc as AppendEntriesRpc).entries.length;

test("a read on any member sees what was written before it (S118)", async () => {
  const cluster = await Cluster.led();
  for (let round = 0; round < 5; round += 1) {
    await cluster.write(`w${round}`);
    for (const node of cluster.nodes) {
      await cluster.run(node.gateway.readable(5_000));
      expect(node.commands).toHaveLength(round + 1);
    }
  }
  cluster.stop();
});

test("all reads that wait share one round of heartbeats, on the leader and from a follower (diss. §6.4)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  await cluster.clock.advance(5);
  const before = hub.calls.length;
  const reads = Array.from({ length: 100 }, () => leader.gateway.readable(1_000));
  const elsewhere = Array.from({ length: 100 }, () => followers[0]!.gateway.readable(1_000));
  await cluster.clock.advance(20);
  await Promise.all([...reads, ...elsewhere]);
  // The first question of the follower, and one for all that came while it was asked.
  expect(hub.callsOf("readIndex", before)).toHaveLength(2);
  expect(hub.callsOf("appendEntries", before).length).toBeLessThanOrEqual(3 * 2);
  cluster.stop();
});

test("a follower's read never joins a question that was asked before it (H22, S118)", async () => {
  const cluster = await Cluster.led();
  const { followers, hub } = cluster;
  const reader = followers[0]!;
  // The answer to the first question is on its way while a write is acknowledged.
  hub.delayOf = ({ name, from }) => (name === "readIndex" && from === reader.id ? 5 : 0);
  const first = watch(reader.gateway.readable(5_000));
  await cluster.clock.advance(8);
  const { index } = await cluster.write("new");
  const second = watch(reader.gateway.readable(5_000));
  await cluster.clock.until(() => second.state !== "pending", "the second read");
  expect(first.state).toBe("resolved");
  expect(second.value).toBeGreaterThanOrEqual(index);
  expect(reader.commands).toEqual(["new"]);
  cluster.stop();
});

test("a deposed leader that does not know it never serves a stale read (H22, S118)", async () => {
  const cluster = await Cluster.led();
  const { leader: old, followers, hub } = cluster;
  await cluster.write("old");
  // TimeoutNow is the last that anybody hears of it: its successor is elected at once, long before it could notice.
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
  expect([old.raft.core.role, next.raft.core.role]).toEqual(["leader", "leader"]);
  const reads = [watch(old.raft.readIndex(60_000)), watch(old.gateway.readable(60_000))];
  await cluster.clock.advance(2 * electionTimeout + 100);
  expect(reads.map(({ error }) => error?.code)).toEqual(["NOT_LEADER", "NO_LEADER"]);
  cluster.stop();
});

test("a leader that was paused, with reads and old answers waiting for it, serves none of them stale (H22, S118)", async () => {
  const cluster = await Cluster.led();
  const { leader: old, followers, hub } = cluster;
  await cluster.write("old");
  // What was sent to it before the pause arrives after it: heartbeat answers of its own term among them.
  hub.responseFate = ({ from }) => (from === old.id ? "drop" : "deliver");
  hub.fate = ({ to, from }) => (to === old.id || from === old.id ? "drop" : "deliver");
  await cluster.clock.until(() => followers.some(({ raft }) => raft.core.role === "leader" && raft.core.termCommitted), "a successor");
  const next = followers.find(({ raft }) => raft.core.role === "leader")!;
  const { index } = await cluster.write("new", next);
  hub.fate = () => "deliver";
  hub.responseFate = () => "deliver";
  const read = watch(old.gateway.readable(5_000));
  await cluster.clock.until(() => read.state !== "pending", "an answer");
  if (read.state === "resolved") expect(read.value).toBeGreaterThanOrEqual(index);
  else expect(["NOT_LEADER", "NO_LEADER"]).toContain(read.error!.code);
  expect(old.raft.core.role).not.toBe("leader");
  cluster.stop();
});

test("repeated and late answers to heartbeats confirm no read that came after them (H22)", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  await cluster.write("a");
  // Answers are delivered twice, the second time long after.
  hub.fate = ({ name }) => (name === "appendEntries" ? "twice" : "deliver");
  await cluster.clock.advance(3 * 100);
  hub.fate = () => "drop";
  const read = watch(leader.raft.readIndex(electionTimeout / 2));
  await cluster.clock.advance(electionTimeout / 2 - 50);
  expect(read.state).toBe("pending");
  await cluster.clock.advance(150);
  expect(read.error?.code).toBe("NO_LEADER");
  cluster.stop();
});

test("a new leader serves no read before an entry of its own term is committed (H21, S110)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  await cluster.write("a");
  const target = followers[0]!;
  // Followers answer its heartbeats, but its first entry reaches nobody.
  hub.fate = ({ from, name, rpc }) => (from === target.id && name === "appendEntries" && entriesOf(rpc) > 0 ? "drop" : "deliver");
  leader.raft.transferLeadership(target.id).catch(() => undefined);
  await cluster.clock.until(() => target.raft.core.role === "leader", "the target leads");
  const reads = [watch<unknown>(target.raft.ensureConsistency(5_000)), watch<unknown>(target.gateway.readable(5_000))];
  await cluster.clock.advance(electionTimeout / 2);
  expect(target.raft.core.termCommitted).toBe(false);
  expect(reads.map(({ state }) => state)).toEqual(["pending", "pending"]);
  hub.fate = () => "deliver";
  await cluster.clock.advance(electionTimeout / 2);
  expect(reads.map(({ state }) => state)).toEqual(["resolved", "resolved"]);
  cluster.stop();
});

test("a read waits until the state machine has reached what was committed when it came (H23)", async () => {
  const cluster = await Cluster.led();
  for (const reader of cluster.nodes) {
    reader.storage.machine.close();
    const { index } = await cluster.run(cluster.leader.raft.propose(bytes("x"), { ...applied, waitFor: "committed" }));
    const read = watch(reader.gateway.readable(5_000));
    await cluster.clock.advance(300);
    expect([reader.raft.core.lastApplied < index, read.state]).toEqual([true, "pending"]);
    reader.storage.machine.open();
    await cluster.clock.advance(300);
    expect(read.state).toBe("resolved");
    expect(reader.raft.core.lastApplied).toBeGreaterThanOrEqual(index);
  }
  cluster.stop();
});

test("a forced round is a round of its own, answered by a majority (S111)", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  await cluster.clock.advance(5);
  const before = hub.calls.length;
  const [first, second] = [leader.raft.forceReplication(), leader.raft.forceReplication()];
  await cluster.run(Promise.all([first, second]));
  const rounds = hub.callsOf("appendEntries", before).map(({ rpc }) => (rpc as AppendEntriesRpc).round);
  expect(new Set(rounds).size).toBe(2);
  cluster.stop();
});

test("a forced round rejects on a follower, and on a leader that is deposed while it waits (S111)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  expect(await codeOf(cluster.run(followers[0]!.raft.forceReplication()))).toBe("NOT_LEADER");
  hub.isolate(leader.id);
  const forced = watch(leader.raft.forceReplication());
  await cluster.clock.advance(2 * electionTimeout);
  expect(forced.error?.code).toBe("NOT_LEADER");
  cluster.stop();
});

test("a single voter serves reads by itself", async () => {
  const cluster = await Cluster.led({ nodes: 1 });
  const { index } = await cluster.write("a");
  expect(await cluster.run(cluster.leader.gateway.readable(1_000), 10)).toBeGreaterThanOrEqual(index);
  cluster.stop();
});

test("readers on every member, through leader changes and cuts, never see less than what was acknowledged before (H21, H22, S118)", async () => {
  const cluster = await Cluster.led();
  const { hub, clock } = cluster;
  let acknowledged = 0;
  let served = 0;
  const stale: string[] = [];
  const read = (node: (typeof cluster.nodes)[number]): void => {
    const floor = acknowledged;
    node.gateway.readable(2_000).then(
      () => {
        served += 1;
        if (node.raft.core.lastApplied < floor) stale.push(`${node.id} served ${node.raft.core.lastApplied}, acknowledged was ${floor}`);
      },
      () => undefined,
    );
  };
  for (let round = 0; round < 10; round += 1) {
    const { leader } = cluster;
    if (round % 2 === 0) hub.isolate(leader.id);
    else hub.heal();
    for (let step = 0; step < 60; step += 1) {
      for (const node of cluster.nodes) {
        read(node);
        if (step % 3 !== 0) continue;
        node.gateway.propose(bytes(`${round}-${step}-${node.id}`), { waitFor: "committed", timeoutMs: 2_000 }).then(
          ({ index }) => void (acknowledged = Math.max(acknowledged, index)),
          () => undefined,
        );
      }
      await clock.advance(50);
    }
  }
  expect(stale).toEqual([]);
  expect(served).toBeGreaterThan(300);
  expect(acknowledged).toBeGreaterThan(50);
  cluster.stop();
});

test("the log can be read for audits, and says where it begins (S103)", async () => {
  const cluster = await Cluster.led();
  for (const content of ["a", "b"]) await cluster.write(content);
  const { auditTrail } = cluster.leader.raft;
  expect([auditTrail.first, auditTrail.last]).toEqual([1, 3]);
  expect(auditTrail.entries(1, 3).map(({ index, data }) => [index, new TextDecoder().decode(data)])).toEqual([[1, ""], [2, "a"], [3, "b"]]);
  cluster.stop();
});
