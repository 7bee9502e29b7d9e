// What an operator is told before a member goes, and what a region says of its tolerance and its missing votes.

import { expect, test } from "vitest";
import { configurationReport, findMember, planChange } from "../../src/host/member-plan.ts";
import { failureTolerance, nameOf, quorumOf } from "../../src/host/status.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout } from "./support/cluster.ts";
import { removalOf } from "./support/removal.ts";
import { codeOf, idOf, member, votersOf } from "./support/members.ts";

const everybody = (): boolean => true;
const only = (...numbers: number[]) => (id: string): boolean => numbers.map(String).includes(id);

test("a quorum is more than half of the voters", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).toEqual([1, 2, 2, 3, 3, 4, 4]);
});

test("the tolerance counts who is up, and goes below zero when the quorum is lost", () => {
  const five = votersOf(1, 2, 3, 4, 5);
  expect([failureTolerance(five, everybody), failureTolerance(five, only(1, 2, 3)), failureTolerance(five, only(1, 2)), failureTolerance(five, only())]).toEqual([2, 0, -1, -3]);
  expect(failureTolerance({ ...votersOf(1, 2, 3), learners: [idOf(4)] }, everybody)).toBe(1);
});

test("while joint the weaker of both majorities decides (§6)", () => {
  const joint = { ...votersOf(1, 2, 3), votersOutgoing: [idOf(3), idOf(4), idOf(5)] };
  expect([failureTolerance(joint, everybody), failureTolerance(joint, only(1, 2, 3)), failureTolerance(joint, only(3, 4, 5))]).toEqual([1, -1, -1]);
});

test("a member is found by name or id, and an unknown one is answered with the names there are", () => {
  expect([findMember(votersOf(1, 2), "n2").id, findMember(votersOf(1, 2), "1").name, nameOf(votersOf(1), idOf(1)), nameOf(votersOf(1), idOf(9))]).toEqual(["2", "n1", "n1", "9"]);
  expect(() => findMember(votersOf(1, 2), "n3")).toThrow('no member is called "n3" (there are: n1, n2)');
});

const report = (voters: string, tolerance: number, critical = ""): unknown => expect.objectContaining({ voters: voters.split(" "), tolerance, critical: critical === "" ? [] : critical.split(" ") });

test("a configuration says who decides, with how many votes, and whose failure alone would stop writes", () => {
  expect(configurationReport(votersOf(1, 2, 3), everybody)).toEqual({ voters: ["n1", "n2", "n3"], votersOutgoing: [], learners: [], quorum: [2], tolerance: 1, critical: [] });
  expect(configurationReport(votersOf(1, 2, 3), only(1, 3))).toMatchObject({ tolerance: 0, critical: ["n1", "n3"] });
  expect(configurationReport(votersOf(1, 2, 3), only(2))).toMatchObject({ tolerance: -1, critical: [] });
  const joint = { ...votersOf(1, 2, 3, 4), voters: [idOf(1), idOf(2), idOf(4)], votersOutgoing: [idOf(1), idOf(2), idOf(3)] };
  expect(configurationReport(joint, only(1, 2, 4))).toEqual({ voters: ["n1", "n2", "n4"], votersOutgoing: ["n1", "n2", "n3"], learners: [], quorum: [2, 2], tolerance: 0, critical: ["n1", "n2"] });
});

test("a change of voters goes through a joint configuration in which both majorities decide (§6, N4)", () => {
  const plan = planChange(votersOf(1, 2, 3), { remove: [idOf(3)] }, everybody);
  expect(plan.steps.map(({ what }) => what)).toEqual(["n3 leaves: joint, both majorities decide", "the change is complete"]);
  expect(plan.steps.map(({ configuration }) => configuration)).toEqual([report("n1 n2", 0, "n1 n2"), report("n1 n2", 0, "n1 n2")]);
  expect([plan.before.tolerance, plan.after.tolerance, plan.refusal]).toEqual([1, 0, undefined]);
});

test("a newcomer enters as a learner, and then votes in one change with all that is moved besides", () => {
  const plan = planChange(votersOf(1, 2, 3), { add: [member(4)], remove: [idOf(1)] }, only(2, 3));
  expect(plan.steps.map(({ what }) => what)).toEqual(["n4 enters as a learner", "n4 becomes a voter, n1 leaves: joint, both majorities decide", "the change is complete"]);
  expect(plan.steps[0]!.configuration).toMatchObject({ voters: ["n1", "n2", "n3"], learners: ["n4"], tolerance: 0 });
  expect(plan.after).toEqual(report("n2 n3 n4", 1));
  expect(plan.membership.voters).toEqual([2, 3, 4].map(idOf));
});

test("what touches only learners and attributes is one step", () => {
  expect(planChange(votersOf(1, 2, 3), { update: [member(3, { peerAddress: "other:1" })] }, everybody).steps).toMatchObject([{ what: "n3 is updated" }]);
  const withLearner = { ...votersOf(1, 2, 3), learners: [idOf(4)], members: [1, 2, 3, 4].map((number) => member(number)) };
  const plan = planChange(withLearner, { remove: [idOf(4)] }, only(1));
  expect([plan.steps.length, plan.after.learners, plan.refusal]).toEqual([1, [], undefined]);
});

test("no voter left is refused, whoever is up (H30)", () => {
  expect(() => planChange({ ...votersOf(1), learners: [idOf(2)], members: [member(1), member(2)] }, { remove: [idOf(1)] }, everybody)).toThrow(expect.objectContaining({ code: "UNSAFE" }) as Error);
});

test("voters that would be no majority of those who are up are a reason to refuse; a dead one may always go (H30)", () => {
  expect(planChange(votersOf(1, 2, 3), { remove: [idOf(2)] }, only(1, 2)).refusal).toBe("only 1 of the 2 voters n1 and n3 would be up, and writes need 2");
  expect(planChange(votersOf(1, 2, 3), { remove: [idOf(3)] }, only(1, 2)).refusal).toBeUndefined();
  const withDeadLearners = { ...votersOf(1, 2, 3, 4, 5), voters: [1, 2, 3].map(idOf), learners: [4, 5].map(idOf) };
  expect(planChange(withDeadLearners, { promote: [idOf(4), idOf(5)] }, only(1, 2)).refusal).toBe("only 2 of the 5 voters n1, n2, n3, n4 and n5 would be up, and writes need 3");
});

test("a member is removed by a joint change, the others go on, and a dry run changes nothing (H30, S84)", async () => {
  const world = await AdministeredCluster.led({ nodes: 4 });
  const { cluster } = world;
  const gone = cluster.followers[0]!;
  const { lastIndex } = cluster.leader.raft.core;
  await cluster.clock.advance(200);
  const dry = await cluster.run(world.memberChange().apply(removalOf(gone.id, { force: false, dryRun: true })));
  expect(dry).toMatchObject({ before: { tolerance: 1, voters: { length: 4 } }, after: { tolerance: 1, voters: { length: 3 } }, refusal: null, applied: false, index: null });
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  const done = await cluster.run(world.memberChange().apply(removalOf(gone.id, { force: false, dryRun: false })));
  expect(done).toMatchObject({ applied: true, index: lastIndex + 2 });
  expect(cluster.leader.raft.core.membership.voters).not.toContain(gone.id);
  await cluster.write("goes on");
  cluster.stop();
});

test("a removal that would lose the quorum is refused by who is heard of, and nothing is proposed unless it is forced", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const [dead, alive] = cluster.followers;
  cluster.crash(dead!);
  await cluster.clock.advance(3 * electionTimeout);
  const { lastIndex } = cluster.leader.raft.core;
  expect(await cluster.run(world.memberChange().apply(removalOf(alive!.id, { force: false, dryRun: true })))).toMatchObject({ applied: false, refusal: expect.stringContaining("would be up") as string });
  expect(await codeOf(cluster.run(world.memberChange().apply(removalOf(alive!.id, { force: false, dryRun: false }))))).toBe("UNSAFE");
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  await cluster.run(world.memberChange().apply(removalOf(dead!.id, { force: false, dryRun: false })));
  expect(cluster.leader.raft.core.membership.voters).toHaveLength(2);
  void world.memberChange().apply(removalOf(cluster.followers.find(({ id }) => id === alive!.id)!.id, { force: true, dryRun: false }));
  await cluster.clock.advance(200);
  expect(cluster.leader.raft.core.lastIndex).toBeGreaterThan(lastIndex + 2);
  cluster.stop();
});

test("the leader neither removes nor demotes itself: leadership goes first", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const { id } = cluster.leader;
  expect(await codeOf(cluster.run(world.memberChange().apply(removalOf(id, { force: false, dryRun: false }))))).toBe("CONFLICT");
  expect(await codeOf(cluster.run(world.memberChange().apply({ ...removalOf(id, { force: true, dryRun: false }), remove: [], demote: [id] })))).toBe("CONFLICT");
  cluster.stop();
});
