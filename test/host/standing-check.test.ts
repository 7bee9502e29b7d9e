// Who was removed is told so, and believes it only about a time after its own; who is looked for elsewhere says where it is (PRODUCT §1 rows 9, 10, 12, 13).

import { expect, test } from "vitest";
import { globalRegion } from "../../src/base/ids.ts";
import { StandingCheck } from "../../src/host/standing-check.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { codeOf, idOf, member } from "./support/members.ts";
import { removalOf } from "./support/removal.ts";

const takenBack: string[] = [];

/** What the daemon of a node runs. */
function check({ cluster, logger }: AdministeredCluster, node: ClusterNode, admittedAt: () => number | undefined = () => 0): void {
  const { hub } = cluster;
  cluster.watch(node, new StandingCheck({
    raft: node.raft, gateway: node.gateway, network: hub.networkOf(node.id).forGroup(globalRegion), clock: cluster.clockOf(node), logger, electionTimeout, admittedAt,
    others: () => cluster.nodes.map(({ id }) => id), self: () => member(Number(node.id)), onTakenBack: () => takenBack.push(node.id),
  }));
}

async function removed(world: AdministeredCluster, gone: ClusterNode): Promise<void> {
  const { cluster } = world;
  await cluster.clock.advance(200);
  await cluster.run(world.memberChange().apply(removalOf(gone.id, { force: false, dryRun: false })));
}

/** One of four, which runs on and believes it. */
async function removedAndTold(): Promise<{ cluster: AdministeredCluster["cluster"]; gone: ClusterNode }> {
  const world = await AdministeredCluster.led({ nodes: 4 });
  const gone = world.cluster.followers[0]!;
  check(world, gone);
  await removed(world, gone);
  await world.cluster.clock.advance(8 * electionTimeout);
  expect(gone.gateway.removedAt).toBeDefined();
  return { cluster: world.cluster, gone };
}

test("a voter that was removed hears it from the others, and says it to whoever asks it", async () => {
  const world = await AdministeredCluster.led({ nodes: 4 });
  const { cluster } = world;
  const gone = cluster.followers[0]!;
  check(world, gone);
  await removed(world, gone);
  const { membershipIndex } = cluster.leader.raft.core.status();
  expect(gone.gateway.removedAt).toBeUndefined();
  await cluster.clock.advance(8 * electionTimeout);
  expect(gone.gateway.removedAt).toBe(membershipIndex);
  expect(await codeOf(cluster.run(gone.gateway.readable(1_000)))).toBe("REMOVED");
  expect(cluster.leader.raft.core.role).toBe("leader");
  cluster.stop();
});

test("who still belongs to the others is never told otherwise, however long it is cut off or without a leader", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  for (const node of cluster.nodes) check(world, node);
  const cut = cluster.followers[0]!;
  cluster.hub.fate = ({ from, to }) => (from === cut.id || to === cut.id ? "drop" : "deliver");
  await cluster.clock.advance(10 * electionTimeout);
  cluster.hub.fate = () => "deliver";
  for (const node of cluster.nodes.filter((each) => each !== cut)) cluster.crash(node);
  await cluster.clock.advance(10 * electionTimeout);
  expect(cut.gateway.removedAt).toBeUndefined();
  expect(await codeOf(cluster.run(cut.gateway.readable(500)))).toBe("NO_LEADER");
  cluster.stop();
});

test("a removal from before the index at which a leader admitted this node is an old story (row 12)", async () => {
  const world = await AdministeredCluster.led({ nodes: 4 });
  const { cluster } = world;
  const gone = cluster.followers[0]!;
  let admitted: number | undefined;
  check(world, gone, () => admitted);
  await removed(world, gone);
  await cluster.clock.advance(8 * electionTimeout);
  expect(gone.gateway.removedAt).toBeUndefined();
  const { membershipIndex } = cluster.leader.raft.core.status();
  admitted = membershipIndex + 1;
  await cluster.clock.advance(4 * electionTimeout);
  expect(gone.gateway.removedAt).toBeUndefined();
  admitted = membershipIndex;
  await cluster.clock.advance(4 * electionTimeout);
  expect(gone.gateway.removedAt).toBe(membershipIndex);
  cluster.stop();
});

test("a log that has this node again takes the removal back", async () => {
  const { cluster, gone } = await removedAndTold();
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(Number(gone.id))] }));
  await cluster.clock.advance(4 * electionTimeout);
  expect(gone.gateway.removedAt).toBeUndefined();
  expect(takenBack).toEqual([gone.id]);
  cluster.stop();
});

test("who was removed, and added again at a wrong address before it heard of that, is found all the same (row 9)", async () => {
  const { cluster, gone } = await removedAndTold();
  cluster.hub.fate = ({ to }) => (to === gone.id ? "drop" : "deliver");
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(Number(gone.id), { peerAddress: "elsewhere:1" })] }));
  await cluster.clock.advance(12 * electionTimeout);
  expect(cluster.leader.raft.core.membership.members.find(({ id }) => id === gone.id)?.peerAddress).toBe(`h${gone.id}:1`);
  cluster.hub.fate = () => "deliver";
  await cluster.clock.advance(4 * electionTimeout);
  expect(gone.gateway.removedAt).toBeUndefined();
  cluster.stop();
});

test("a learner that was removed while it was away hears it too, although it never campaigns", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const learner = await cluster.add(idOf(4));
  expect(await cluster.run(world.joining(learner, { request: { role: "learner" } }).run())).toBe("caught-up");
  check(world, learner);
  cluster.hub.fate = ({ from, to }) => (from === learner.id || to === learner.id ? "drop" : "deliver");
  await cluster.run(world.memberChange().apply(removalOf(learner.id, { force: false, dryRun: false })));
  cluster.hub.fate = () => "deliver";
  await cluster.clock.advance(8 * electionTimeout);
  expect(learner.gateway.removedAt).toBeDefined();
  cluster.stop();
});

test("a member that the others look for at a wrong address says where it is, through one that it reaches (row 9)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const lost = cluster.followers[0]!;
  check(world, lost);
  // Nobody reaches it, so neither do the news of the change; it reaches everybody.
  cluster.hub.fate = ({ to }) => (to === lost.id ? "drop" : "deliver");
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(Number(lost.id), { peerAddress: "elsewhere:1" })] }));
  const known = (): string | undefined => cluster.leader.raft.core.membership.members.find(({ id }) => id === lost.id)?.peerAddress;
  expect(known()).toBe("elsewhere:1");
  await cluster.clock.advance(8 * electionTimeout);
  expect(known()).toBe(`h${lost.id}:1`);
  cluster.stop();
});

test("a newcomer that is looked for at a wrong address before the log has reached it, asks those who let it in", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const newcomer = await cluster.add(idOf(4));
  cluster.hub.fate = ({ to }) => (to === newcomer.id ? "drop" : "deliver");
  await cluster.run(world.memberChange().admit(world.request(4)));
  check(world, newcomer);
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(4, { peerAddress: "elsewhere:1" })] }));
  expect(newcomer.raft.core.membership.members).toEqual([]);
  await cluster.clock.advance(8 * electionTimeout);
  expect(cluster.leader.raft.core.membership.members.find(({ id }) => id === newcomer.id)?.peerAddress).toBe("h4:1");
  cluster.stop();
});
