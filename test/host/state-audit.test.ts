// Nodes compare their states while they run, and whoever has another state than the majority halts (S42, H38).

import { expect, test } from "vitest";
import { AdministeredCluster } from "./support/administration.ts";
import { Cluster, electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { codeOf, idOf } from "./support/members.ts";

/** From now on its state machine has another history, as by a bug or a broken memory. */
function corrupt(node: ClusterNode): void {
  node.storage.state.machine.chain = "deadbeef";
}

async function write(cluster: Cluster, count: number, prefix = "w"): Promise<void> {
  for (let number = 0; number < count; number += 1) await cluster.write(`${prefix}${number}`);
  await cluster.clock.advance(300);
}

function halted(cluster: Cluster): string[] {
  return cluster.nodes.filter(({ raft }) => raft.divergence !== undefined).map(({ id }) => id);
}

test("equal states are never accused: over writes, a change of leader, a restart and a snapshot for one that was away", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 2_000, logBytesMax: 8_000, trailingEntries: 4, trailingBytes: 200 } });
  await write(cluster, 40);
  const away = cluster.followers[0]!;
  cluster.crash(away);
  await write(cluster, 100, "x");
  await cluster.boot(away);
  await write(cluster, 40, "y");
  const first = cluster.leader;
  cluster.crash(first);
  await cluster.elect(cluster.nodes.filter((node) => node !== first));
  await cluster.boot(first);
  await write(cluster, 40, "z");
  await cluster.converge();
  expect(halted(cluster)).toEqual([]);
  expect(new Set(cluster.nodes.map(({ storage }) => storage.state.machine.chain)).size).toBe(1);
  cluster.stop();
});

test("a follower whose state is not the majority's halts at the next checkpoint: it applies nothing, answers CORRUPT, and the others go on", async () => {
  const cluster = await Cluster.led();
  await write(cluster, 20);
  const wrong = cluster.followers[0]!;
  corrupt(wrong);
  await write(cluster, 20);
  expect(halted(cluster)).toEqual([wrong.id]);
  expect(wrong.raft.divergence).toMatchObject({ code: "CORRUPT", details: { index: 24 }, message: expect.stringContaining("a majority has another state than this node at index 24") as string });
  const { commands } = wrong;
  const count = commands.length;
  await write(cluster, 20);
  expect(wrong.commands).toHaveLength(count);
  expect(await codeOf(cluster.run(wrong.gateway.readable(500)))).toBe("CORRUPT");
  expect(await codeOf(cluster.run(wrong.gateway.propose(new Uint8Array(1), { waitFor: "applied", timeoutMs: 500 })))).toBe("CORRUPT");
  expect(wrong.fatal).toEqual([]);
  cluster.stop();
});

test("one that halted halts again after a restart, as soon as a leader speaks to it", async () => {
  const cluster = await Cluster.led();
  const wrong = cluster.followers[0]!;
  corrupt(wrong);
  await write(cluster, 20);
  expect(halted(cluster)).toEqual([wrong.id]);
  await cluster.restart(wrong);
  expect(halted(cluster)).toEqual([]);
  await cluster.clock.advance(300);
  expect(halted(cluster)).toEqual([wrong.id]);
  cluster.stop();
});

test("what the leader of an earlier term says of others' states is not believed any more, what the leader of this term says is", async () => {
  const cluster = await Cluster.led();
  await write(cluster, 20);
  const first = cluster.leader;
  cluster.crash(first);
  const others = cluster.nodes.filter((node) => node !== first);
  await cluster.elect(others);
  await cluster.converge(others);
  const follower = others.find(({ raft }) => raft.core.role === "follower")!;
  const { currentTerm, lastIndex } = follower.raft.core.status();
  const said = (leaderId: typeof first.id, term: number): Promise<unknown> => cluster.run(follower.raft.inbox.appendEntries(leaderId, {
    type: "appendEntries", requestId: 1_000_000 + term, term, leaderId, prevLogIndex: lastIndex, prevLogTerm: currentTerm, leaderCommit: 0, round: 0, entries: new Uint8Array(0), checkpoint: { index: 8, digest: "0".repeat(32) },
  }));
  await said(first.id, currentTerm - 1);
  expect(halted(cluster)).toEqual([]);
  await said(cluster.leader.id, currentTerm).catch(() => undefined);
  expect(halted(cluster)).toEqual([follower.id]);
  cluster.stop();
});

test("a leader that a majority contradicts halts, and the others elect one of theirs and lose nothing", async () => {
  const cluster = await Cluster.led();
  await write(cluster, 20);
  const wrong = cluster.leader;
  corrupt(wrong);
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, number) => codeOf(cluster.run(wrong.raft.propose(new TextEncoder().encode(`x${number}`), { waitFor: "committed", timeoutMs: 5_000 })))));
  const acknowledged = outcomes.flatMap((code, number) => (code === "resolved" ? [`x${number}`] : []));
  await cluster.clock.until(() => wrong.raft.divergence !== undefined, "the leader halts");
  const others = cluster.nodes.filter((node) => node !== wrong);
  await cluster.elect(others);
  await write(cluster, 20, "y");
  await cluster.converge(others);
  expect(halted(cluster)).toEqual([wrong.id]);
  expect(acknowledged.length).toBeGreaterThan(0);
  for (const node of others) expect(node.commands).toEqual(expect.arrayContaining([...acknowledged, "y19"]));
  expect(await codeOf(cluster.run(wrong.gateway.readable(500)))).toBe("CORRUPT");
  cluster.stop();
});

test("when two differ and no third can tell who is right, the leader waits two election timeouts and halts: the check never fails open", async () => {
  const cluster = await Cluster.led();
  const [wrong, third] = cluster.followers;
  const { leader } = cluster;
  cluster.crash(third!);
  corrupt(wrong!);
  await write(cluster, 10);
  expect(halted(cluster)).toEqual([]);
  await cluster.clock.advance(2 * electionTimeout);
  expect(halted(cluster)).toEqual([leader.id]);
  expect(leader.raft.divergence?.message).toContain("no majority says which one is right");
  expect(await codeOf(cluster.run(leader.raft.propose(new Uint8Array(1), { waitFor: "applied", timeoutMs: 500 })))).toBe("CORRUPT");
  cluster.stop();
});

test("a third that comes back in time decides it", async () => {
  const cluster = await Cluster.led();
  const [wrong, third] = cluster.followers;
  cluster.crash(third!);
  corrupt(wrong!);
  await write(cluster, 10);
  expect(halted(cluster)).toEqual([]);
  await cluster.boot(third!);
  await cluster.clock.advance(3 * electionTimeout);
  expect(halted(cluster)).toEqual([wrong!.id]);
  cluster.stop();
});

test("of two members that differ neither goes on: there is no majority on any side", async () => {
  const cluster = await Cluster.led({ nodes: 2 });
  corrupt(cluster.followers[0]!);
  const { leader } = cluster;
  await write(cluster, 6);
  await codeOf(cluster.run(leader.raft.propose(new Uint8Array(1), { waitFor: "applied", timeoutMs: 500 })));
  await cluster.clock.advance(300);
  expect(halted(cluster)).toEqual([leader.id]);
  cluster.stop();
});

test("a learner is compared and counts for nobody", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const learner = await cluster.add(idOf(4));
  expect(await cluster.run(world.joining(learner, { request: { role: "learner" } }).run())).toBe("caught-up");
  corrupt(learner);
  await write(cluster, 20);
  expect(halted(cluster)).toEqual([learner.id]);
  await cluster.clock.advance(3 * electionTimeout);
  expect(halted(cluster)).toEqual([learner.id]);
  cluster.stop();
});

test("a new leader finds out anew, also of one that differed while nobody could tell", async () => {
  const cluster = await Cluster.led({ nodes: 5 });
  const wrong = cluster.followers[0]!;
  cluster.hub.fate = ({ from, to }) => (from === wrong.id || to === wrong.id ? "drop" : "deliver");
  corrupt(wrong);
  await write(cluster, 20);
  const first = cluster.leader;
  cluster.crash(first);
  await cluster.elect(cluster.nodes.filter((node) => node !== first && node !== wrong));
  cluster.hub.fate = () => "deliver";
  await cluster.clock.advance(3 * electionTimeout);
  await write(cluster, 10);
  expect(halted(cluster)).toEqual([wrong.id]);
  cluster.stop();
});
