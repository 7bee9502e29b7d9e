// A newcomer's way into a cluster: dialled back before anything is proposed, a learner first, a voter when it has caught up, and no trace when it fails.

import { expect, test, vi } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { MemberChange } from "../../src/host/member-change.ts";
import { isJoint } from "../../src/raft/membership.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout } from "./support/cluster.ts";
import { codeOf, idOf, member, votersOf, watch } from "./support/members.ts";

const newcomerId = idOf(4);

test("a newcomer asks a member, enters as a learner, catches up and becomes a voter by a joint change (S84, U9, PRODUCT row 4)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  for (const content of ["a", "b"]) await cluster.write(content);
  const newcomer = await cluster.add(newcomerId);
  const seen: string[] = [];
  cluster.leader.onEvent = (event) => {
    if (event.kind !== "membershipAppended") return;
    const { membership } = cluster.leader.raft.core;
    seen.push(`${membership.voters.join("+")} from ${membership.votersOutgoing.join("+")} learning ${membership.learners.join("+")}${isJoint(membership) ? " joint" : ""}`);
  };
  const joining = world.joining(newcomer);
  expect(joining.progress().stage).toBe("asking");
  expect(await cluster.run(joining.run())).toBe("voter");
  await cluster.converge();
  expect(seen).toEqual(["1+2+3 from  learning 4", "1+2+3+4 from 1+2+3 learning  joint", "1+2+3+4 from  learning "]);
  expect(newcomer.commands).toEqual(["a", "b"]);
  expect(joining.progress()).toMatchObject({ stage: "voter", error: null });
  cluster.stop();
});

test("a follower that is asked hands the request on once (S83)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const { leader } = cluster;
  const follower = cluster.nodes.find((node) => node !== leader && node !== newcomer)!;
  expect(await cluster.run(world.joining(newcomer, { seeds: [`h${follower.id}:1`] }).run())).toBe("voter");
  expect(cluster.hub.callsOf("admin").filter(({ from, to }) => from === follower.id && to === leader.id)).toHaveLength(1);
  cluster.stop();
});

test("nothing is proposed for a newcomer that the leader cannot reach", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const { lastIndex } = cluster.leader.raft.core;
  const error = await cluster.run(world.memberChange().admit(world.request(9))).catch((thrown: RaftctlError) => thrown);
  expect(error).toMatchObject({ code: "UNREACHABLE" });
  expect((error as RaftctlError).message).toContain("h9:1");
  expect([cluster.leader.raft.core.lastIndex, world.probes]).toEqual([lastIndex, ["h9:1"]]);
  cluster.stop();
});

for (const [what, found, code] of [
  ["belongs to another cluster", { clusterId: "f".repeat(32) }, "CLUSTER_MISMATCH"],
  ["belongs to no cluster", { clusterId: undefined }, "CLUSTER_MISMATCH"],
  ["is another node", { nodeId: idOf(7) }, "PEER_IDENTITY_MISMATCH"],
] as const) {
  test(`nothing is proposed when the node at the newcomer's address ${what} (T11)`, async () => {
    const world = await AdministeredCluster.led();
    const { cluster } = world;
    await cluster.add(newcomerId);
    world.found.set("h4:1", found);
    const { lastIndex } = cluster.leader.raft.core;
    expect(await codeOf(cluster.run(world.memberChange().admit(world.request(4))))).toBe(code);
    expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
    cluster.stop();
  });
}

test("a dry run dials back and proposes nothing", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.add(newcomerId);
  const { lastIndex } = cluster.leader.raft.core;
  const reply = await cluster.run(world.memberChange().admit(world.request(4, { dryRun: true })));
  expect(reply).toMatchObject({ leader: cluster.leader.id, members: [{ id: "1" }, { id: "2" }, { id: "3" }] });
  expect([cluster.leader.raft.core.lastIndex, world.probes]).toEqual([lastIndex, ["h4:1"]]);
  cluster.stop();
});

test("asking twice admits once, and the second answer is as good as the first", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.add(newcomerId);
  const first = await cluster.run(world.memberChange().admit(world.request(4)));
  const { lastIndex } = cluster.leader.raft.core;
  const second = await cluster.run(world.memberChange().admit(world.request(4)));
  expect([second, cluster.leader.raft.core.lastIndex]).toEqual([first, lastIndex]);
  expect(second.members.map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
  cluster.stop();
});

test("a voter whose disk was replaced does not come back as a voter with an empty log (H8)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const { lastIndex } = cluster.leader.raft.core;
  for (const incarnation of [0, 2]) expect(["UNSAFE", "CONFLICT"]).toContain(await codeOf(cluster.run(world.memberChange().admit(world.request(2, { incarnation })))));
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  cluster.stop();
});

test("a name or an address that another member has is refused", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.add(newcomerId);
  world.found.set("h2:1", { nodeId: newcomerId });
  expect(await codeOf(cluster.run(world.memberChange().admit(world.request(4, { name: "n2" }))))).toBe("CONFLICT");
  expect(await codeOf(cluster.run(world.memberChange().admit(world.request(4, { peerAddress: "h2:1" }))))).toBe("CONFLICT");
  cluster.stop();
});

test("joining as a learner, or without automatic promotion, ends as a caught-up learner", async () => {
  for (const request of [{ role: "learner" }, { promote: "manual" }, { promote: "never" }] as const) {
    const world = await AdministeredCluster.led();
    const { cluster } = world;
    const newcomer = await cluster.add(newcomerId);
    expect(await cluster.run(world.joining(newcomer, { request }).run())).toBe("caught-up");
    await cluster.clock.advance(20 * electionTimeout);
    expect(cluster.leader.raft.core.membership.learners).toEqual([newcomerId]);
    cluster.stop();
  }
});

test("joining goes on when the leader changes in the middle of it", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const { leader } = cluster;
  const joining = world.joining(newcomer, { seeds: ["h1:1", "h2:1", "h3:1"] });
  const ended = watch(joining.run());
  await cluster.clock.until(() => joining.progress().stage === "added", "the newcomer is a learner");
  cluster.crash(leader);
  await cluster.clock.until(() => ended.state !== "pending", "joining ends");
  expect(ended.value).toBe("voter");
  cluster.stop();
});

test("joining goes on after a restart of the newcomer, without being admitted again", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const joining = world.joining(newcomer);
  void joining.run();
  await cluster.clock.until(() => joining.progress().stage === "added" && newcomer.raft.core.membership.learners.includes(newcomerId), "the newcomer is a learner");
  await cluster.restart(newcomer);
  const probes = world.probes.length;
  // There is nobody to ask, and nothing to ask for.
  expect(await cluster.run(world.joining(newcomer, { seeds: [] }).run())).toBe("voter");
  expect(world.probes).toHaveLength(probes);
  cluster.stop();
});

test("a definite refusal ends joining at once, with its code and hint", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  world.found.set("h4:1", { clusterId: "f".repeat(32) });
  const joining = world.joining(newcomer);
  expect(await cluster.run(joining.run(), 100)).toBe("failed");
  expect(joining.progress()).toMatchObject({ stage: "failed", error: { code: "CLUSTER_MISMATCH" } });
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer that asks again from another address is known by that one", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  await cluster.add(newcomerId);
  const first = await cluster.run(world.memberChange().admit(world.request(4)));
  expect((await cluster.run(world.memberChange().admit(world.request(4)))).membershipIndex).toBe(first.membershipIndex);
  await cluster.run(world.memberChange().admit(world.request(4, { clientAddress: "moved:2" })));
  expect(cluster.leader.raft.core.membership.members.find(({ id }) => id === newcomerId)?.clientAddress).toBe("moved:2");
  cluster.stop();
});

test("seeds that are down are tried again until the time is over, and the error says why", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const joining = world.joining(newcomer, { seeds: ["h8:1", "h9:1"], giveUpMs: 3_000 });
  const ended = watch(joining.run());
  await cluster.clock.advance(2_900);
  expect([ended.state, joining.progress().error?.code]).toEqual(["pending", "UNREACHABLE"]);
  await cluster.clock.advance(500);
  expect([ended.value, joining.progress().error?.code]).toEqual(["failed", "UNREACHABLE"]);
  expect(joining.progress().ms).toBeLessThan(3_500);
  cluster.stop();
});

test.each(["INCARNATION_REFUSED", "CLUSTER_RECOVERED"] as const)("a seed that the cluster itself turns away decides nothing: the next one is asked (%s)", async (code) => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const turnedAway = cluster.nodes.find((node) => node !== cluster.leader && node !== newcomer)!;
  vi.spyOn(turnedAway.host.receiver, "admin").mockRejectedValue(new RaftctlError(code, "node 1 comes with incarnation 1, the cluster knows 8"));
  expect(await cluster.run(world.joining(newcomer, { seeds: [`h${turnedAway.id}:1`, `h${cluster.leader.id}:1`] }).run())).toBe("voter");
  const another = await cluster.add(idOf(5));
  const alone = world.joining(another, { seeds: [`h${turnedAway.id}:1`] });
  expect(await cluster.run(alone.run())).toBe("failed");
  expect(alone.progress().error?.code).toBe(code);
  cluster.stop();
});

test("a learner that cannot be promoted in time is removed again", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const refuse = cluster.leader.raft.changeMembership.bind(cluster.leader.raft);
  cluster.leader.raft.changeMembership = (change) =>
    change.promote === undefined ? refuse(change) : Promise.reject(new RaftctlError("UNSAFE", "not now"));
  const joining = world.joining(newcomer);
  expect(await cluster.run(joining.run())).toBe("failed");
  expect(joining.progress().error).toMatchObject({ code: "UNSAFE" });
  await cluster.clock.advance(100);
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer that was admitted and that the log never reaches ends in failure and is removed again", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  // It can ask and be dialled, but what the cluster sends to it is lost.
  cluster.hub.fate = ({ to }) => (to === newcomerId ? "drop" : "deliver");
  const joining = world.joining(newcomer, { giveUpMs: 3_000 });
  const ended = watch(joining.run());
  await cluster.clock.advance(electionTimeout);
  expect(cluster.leader.raft.core.membership.learners).toEqual([newcomerId]);
  await cluster.clock.advance(13 * electionTimeout);
  expect([ended.value, joining.progress().error?.code]).toEqual(["failed", "TIMEOUT"]);
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer that gives up before it has heard of its admission removes itself when it can", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const wait = newcomer.raft.waitForApplied.bind(newcomer.raft);
  newcomer.raft.waitForApplied = (index, timeoutMs) => wait(index, timeoutMs).then(() => Promise.reject(new RaftctlError("CORRUPT", "the state is damaged")));
  expect(await cluster.run(world.joining(newcomer).run())).toBe("failed");
  await cluster.clock.advance(100);
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer that vanishes before it is promoted is removed, and was never counted", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  await cluster.run(world.memberChange().admit(world.request(4)));
  await cluster.clock.advance(5 * electionTimeout);
  expect(cluster.leader.raft.core.membership.learners).toEqual([newcomerId]);
  cluster.crash(newcomer);
  await cluster.write("still writable");
  await cluster.clock.advance(9 * electionTimeout);
  expect(cluster.leader.raft.core.membership.learners).toEqual([newcomerId]);
  await cluster.clock.advance(3 * electionTimeout);
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer that vanishes is also removed when the leader that admitted it is not the one that leads", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const { leader } = cluster;
  await cluster.run(world.memberChange().admit(world.request(4)));
  await cluster.run(leader.raft.transferLeadership(undefined));
  expect(await cluster.elect()).not.toBe(leader);
  // It asks again, as it does until it is promoted, and is gone afterwards.
  await cluster.run(world.memberChange().admit(world.request(4)));
  cluster.crash(newcomer);
  await cluster.clock.advance(13 * electionTimeout);
  expect(cluster.leader.raft.core.membership).toEqual(votersOf(1, 2, 3));
  cluster.stop();
});

test("a newcomer of which the leader does not know yet that it has caught up asks again, and is not removed (H33)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const change = vi.spyOn(MemberChange.prototype, "change").mockRejectedValueOnce(new RaftctlError("CONFLICT", "n4 has not caught up: it holds index 0 of 4099"));
  expect(await cluster.run(world.joining(newcomer).run())).toBe("voter");
  expect(change).toHaveBeenCalledTimes(2);
  change.mockRestore();
  cluster.stop();
});

test("a learner that has not caught up is not promoted (H30)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.run(cluster.leader.raft.changeMembership({ upsert: [member(4)] }));
  for (let number = 0; number < 1_100; number += 1) void cluster.leader.raft.propose(new Uint8Array(1), { waitFor: "applied", timeoutMs: 60_000 }).catch(() => undefined);
  await cluster.clock.advance(100);
  const { lastIndex } = cluster.leader.raft.core;
  const code = await codeOf(cluster.run(world.memberChange().change({ promote: [newcomerId] })));
  expect(["CONFLICT", "NOT_READY"]).toContain(code);
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  cluster.stop();
});

test.each([
  { what: "goes on when the leader has halted over its state: there will be another one", isOwn: false, stage: "voter" },
  { what: "ends when the newcomer itself has halted over its state", isOwn: true, stage: "failed" },
])("joining $what (S42)", async ({ isOwn, stage }) => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const newcomer = await cluster.add(newcomerId);
  const error = new RaftctlError("CORRUPT", "another state than the others");
  if (isOwn) vi.spyOn(newcomer.raft, "divergence", "get").mockReturnValue(error);
  const asked = vi.spyOn(newcomer.gateway, "readable").mockRejectedValueOnce(error);
  const joining = world.joining(newcomer);
  expect(await cluster.run(joining.run())).toBe(stage);
  expect(asked).toHaveBeenCalled();
  if (isOwn) expect(joining.progress().error).toMatchObject({ code: "CORRUPT" });
  cluster.stop();
});
