// A member is replaced by another one in one joint change, by whoever leads, and a crash or a change of leader loses nothing of the operation (N9).

import { expect, test } from "vitest";
import { isJoint } from "../../src/raft/membership.ts";
import { Replacing } from "../../src/host/replacing.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { codeOf, idOf } from "./support/members.ts";

const newcomerId = idOf(4);

async function replacingCluster(): Promise<AdministeredCluster> {
  const world = await AdministeredCluster.led();
  await world.cluster.clock.advance(200);
  return world;
}

/** What the daemon of each node runs. */
function carryOut(world: AdministeredCluster, node: ClusterNode): void {
  const { clock } = world.cluster;
  world.cluster.watch(node, new Replacing({ raft: node.raft, memberChange: world.memberChange(node), clock, logger: world.logger, intervalMs: electionTimeout / 2 }));
}

function begin(world: AdministeredCluster, leaving: string, dryRun = false) {
  return world.cluster.run(world.memberChange().beginReplacement({ leaving, newcomer: "n4", force: false, dryRun }));
}

test("the newcomer joins under its name, and takes the place of the leaving member in one joint change that keeps three voters", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const leaving = cluster.followers[0]!;
  const seen: string[] = [];
  cluster.leader.onEvent = (event) => {
    if (event.kind !== "membershipAppended") return;
    const { membership } = cluster.leader.raft.core;
    seen.push(`${membership.voters.length}${isJoint(membership) ? ` from ${membership.votersOutgoing.length}` : ""}`);
  };
  for (const node of cluster.nodes) carryOut(world, node);
  const begun = await begin(world, `n${leaving.id}`);
  expect(begun).toMatchObject({ applied: true, before: { tolerance: 1 }, after: { tolerance: 1 }, replacement: { leaving: `n${leaving.id}`, newcomer: "n4", stage: "waiting-for-the-newcomer", lag: null } });
  cluster.crash(leaving);
  const newcomer = await cluster.add(newcomerId);
  expect(await cluster.run(world.joining(newcomer).run())).toBe("voter");
  await cluster.clock.advance(2 * electionTimeout);
  const { membership } = cluster.leader.raft.core;
  expect(membership.members.map(({ name }) => name)).not.toContain(`n${leaving.id}`);
  expect([membership.voters.length, membership.replacements]).toEqual([3, undefined]);
  expect(seen).toEqual(["3", "3", "3 from 3", "3"]);
  cluster.stop();
});

test("one that is a learner already takes the place by itself, also when the leader that began it has died", async () => {
  const world = await AdministeredCluster.led({ nodes: 5 });
  const { cluster } = world;
  await cluster.clock.advance(200);
  const newcomer = await cluster.add(idOf(6));
  expect(await cluster.run(world.joining(newcomer, { request: { id: "6", name: "n6", peerAddress: "h6:1", clientAddress: "h6:2", role: "learner", promote: "never" } }).run())).toBe("caught-up");
  const first = cluster.leader;
  const leaving = cluster.followers.find((node) => node !== newcomer)!;
  await cluster.run(world.memberChange().beginReplacement({ leaving: `n${leaving.id}`, newcomer: "n6", force: false, dryRun: false }));
  cluster.crash(first);
  await cluster.clock.advance(5 * electionTimeout);
  for (const node of cluster.nodes) if (node !== first) carryOut(world, node);
  await cluster.clock.advance(5 * electionTimeout);
  const { voters, replacements } = cluster.leader.raft.core.membership;
  expect([voters.includes(idOf(6)), voters.includes(leaving.id), voters.length, replacements]).toEqual([true, false, 5, undefined]);
  cluster.stop();
});

test("a leader that is to be replaced hands over, and its successor does it", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const leaving = cluster.leader;
  for (const node of cluster.nodes) carryOut(world, node);
  await begin(world, `n${leaving.id}`);
  const newcomer = await cluster.add(newcomerId);
  expect(await cluster.run(world.joining(newcomer, { request: { promote: "never" } }).run())).toBe("voter");
  await cluster.clock.advance(6 * electionTimeout);
  expect(cluster.leader).not.toBe(leaving);
  expect(cluster.leader.raft.core.membership.voters).not.toContain(leaving.id);
  expect(cluster.leader.raft.core.membership.voters).toHaveLength(3);
  cluster.stop();
});

test("a newcomer that promotes itself, before the leader has looked, takes the place in that same change (N9)", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const leaving = cluster.followers[0]!;
  const voters: number[] = [];
  cluster.leader.onEvent = (event) => {
    if (event.kind === "membershipAppended") voters.push(cluster.leader.raft.core.membership.voters.length);
  };
  await begin(world, `n${leaving.id}`);
  const newcomer = await cluster.add(newcomerId);
  expect(await cluster.run(world.joining(newcomer).run())).toBe("voter");
  const { membership } = cluster.leader.raft.core;
  expect([membership.voters.includes(newcomerId), membership.voters.includes(leaving.id), membership.replacements]).toEqual([true, false, undefined]);
  expect(voters.every((count) => count === 3)).toBe(true);
  cluster.stop();
});

test("a newcomer that promotes itself in the place of the leader does not take it away: the leader hands over first (N9)", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const leaving = cluster.leader;
  const ruledFromOutside: number[] = [];
  leaving.onEvent = (event) => {
    const { role, membership } = leaving.raft.core;
    if (event.kind === "membershipAppended" && role === "leader" && !membership.voters.includes(leaving.id)) ruledFromOutside.push(event.index);
  };
  await begin(world, `n${leaving.id}`);
  const newcomer = await cluster.add(newcomerId);
  expect(await cluster.run(world.joining(newcomer).run())).toBe("voter");
  expect([cluster.leader, cluster.leader.raft.core.membership.voters.length]).toEqual([leaving, 4]);
  for (const node of cluster.nodes) carryOut(world, node);
  await cluster.clock.advance(3 * electionTimeout);
  expect(cluster.leader).not.toBe(leaving);
  expect([cluster.leader.raft.core.membership.voters.includes(leaving.id), cluster.leader.raft.core.membership.replacements]).toEqual([false, undefined]);
  expect(ruledFromOutside).toEqual([]);
  cluster.stop();
});

test("a replacement that would leave too few who are up is refused, unless it is forced", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const [leaving, other] = cluster.followers;
  const newcomer = await cluster.add(newcomerId);
  expect(await cluster.run(world.joining(newcomer, { request: { promote: "never" } }).run())).toBe("caught-up");
  for (const node of [newcomer, other!]) cluster.crash(node);
  await cluster.clock.advance(3 * electionTimeout);
  const request = { leaving: `n${leaving!.id}`, newcomer: "n4", dryRun: false };
  expect(await codeOf(cluster.run(world.memberChange().beginReplacement({ ...request, force: false })))).toBe("UNSAFE");
  expect(cluster.leader.raft.core.membership.replacements).toBeUndefined();
  expect(await cluster.run(world.memberChange().beginReplacement({ ...request, force: true }))).toMatchObject({ applied: true });
  cluster.stop();
});

test("cancelled, nothing of it is left; who has joined stays", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const before = cluster.leader.raft.core.membership;
  const { replacement } = await begin(world, `n${cluster.followers[0]!.id}`);
  expect(cluster.leader.raft.core.membership.replacements).toHaveLength(1);
  expect(await cluster.run(world.memberChange().cancelReplacement({ id: replacement.id, dryRun: true }))).toMatchObject({ applied: false, index: null });
  expect(await cluster.run(world.memberChange().cancelReplacement({ id: replacement.id, dryRun: false }))).toMatchObject({ applied: true });
  expect(cluster.leader.raft.core.membership).toEqual(before);
  expect(await codeOf(cluster.run(world.memberChange().cancelReplacement({ id: replacement.id, dryRun: false })))).toBe("NOT_FOUND");
  cluster.stop();
});

test("one operation for a member and one for a newcomer; nobody takes his own place, and a dry run records nothing", async () => {
  const world = await replacingCluster();
  const { cluster } = world;
  const [one, other] = cluster.followers.map(({ id }) => `n${id}`);
  expect(await begin(world, one!, true)).toMatchObject({ applied: false, index: null });
  expect(cluster.leader.raft.core.membership.replacements).toBeUndefined();
  await begin(world, one!);
  expect(await codeOf(begin(world, one!))).toBe("CONFLICT");
  expect(await codeOf(begin(world, other!))).toBe("CONFLICT");
  expect(await codeOf(begin(world, "n9"))).toBe("NOT_FOUND");
  expect(await codeOf(cluster.run(world.memberChange().beginReplacement({ leaving: one!, newcomer: one!, force: false, dryRun: false })))).toBe("INVALID_ARGUMENT");
  cluster.stop();
});
