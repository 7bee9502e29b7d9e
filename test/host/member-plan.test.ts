// What an operator is told before a member goes, and what a region says of its tolerance and its missing votes.

import { expect, test } from "vitest";
import { findMember, planRemoval } from "../../src/host/member-plan.ts";
import { failureTolerance, nameOf, quorumOf } from "../../src/host/status.ts";
import type { RaftctlError } from "../../src/base/errors.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout } from "./support/cluster.ts";
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

test("the last voter is not removed, not even by force (H30)", () => {
  for (const force of [false, true]) {
    expect(() => planRemoval({ ...votersOf(1), learners: [idOf(2)], members: [member(1), member(2)] }, idOf(1), everybody, force)).toThrow(expect.objectContaining({ code: "UNSAFE" }) as Error);
  }
});

test("a removal says what it does to the tolerance", () => {
  const plan = planRemoval(votersOf(1, 2, 3, 4), idOf(4), everybody, false);
  expect([plan.member.name, plan.before, plan.after]).toEqual(["n4", { voters: 4, tolerance: 1 }, { voters: 3, tolerance: 1 }]);
});

test("a removal that would leave no quorum of those who are up is refused unless forced", () => {
  const removal = (force: boolean) => () => planRemoval(votersOf(1, 2, 3), idOf(2), only(1, 2), force);
  let error: unknown;
  try {
    removal(false)();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: "UNSAFE", details: { before: { voters: 3, tolerance: 0 }, after: { voters: 2, tolerance: -1 } } });
  expect((error as RaftctlError).message).toBe("without n2 only 1 of 2 voters would be up, and writes need 2");
  expect(removal(true)().after.tolerance).toBe(-1);
  // A dead one may always go.
  expect(planRemoval(votersOf(1, 2, 3), idOf(3), only(1, 2), false).after).toEqual({ voters: 2, tolerance: 0 });
});

test("a learner may always go: it never counted", () => {
  const withLearner = { ...votersOf(1, 2, 3), learners: [idOf(4)], members: [1, 2, 3, 4].map((number) => member(number)) };
  const plan = planRemoval(withLearner, idOf(4), only(1), false);
  expect(plan.after).toEqual(plan.before);
});

test("a member is removed by a joint change, the others go on, and a dry run changes nothing (H30, S84)", async () => {
  const world = await AdministeredCluster.led({ nodes: 4 });
  const { cluster } = world;
  const gone = cluster.followers[0]!;
  const { lastIndex } = cluster.leader.raft.core;
  await cluster.clock.advance(200);
  const dry = await cluster.run(world.memberChange().remove(gone.id, { force: false, dryRun: true }));
  expect(dry).toEqual({ removed: `n${gone.id}`, regions: ["global"], before: { voters: 4, tolerance: 1 }, after: { voters: 3, tolerance: 1 }, applied: false, index: null });
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  const done = await cluster.run(world.memberChange().remove(gone.id, { force: false, dryRun: false }));
  expect(done).toMatchObject({ applied: true, index: lastIndex + 2 });
  expect(cluster.leader.raft.core.membership.voters).not.toContain(gone.id);
  await cluster.write("goes on");
  cluster.stop();
});

test("a removal that would lose the quorum is refused by who is heard of, and nothing is proposed", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  const [dead, alive] = cluster.followers;
  cluster.crash(dead!);
  await cluster.clock.advance(3 * electionTimeout);
  const { lastIndex } = cluster.leader.raft.core;
  expect(await codeOf(cluster.run(world.memberChange().remove(alive!.id, { force: false, dryRun: false })))).toBe("UNSAFE");
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  await cluster.run(world.memberChange().remove(dead!.id, { force: false, dryRun: false }));
  expect(cluster.leader.raft.core.membership.voters).toHaveLength(2);
  cluster.stop();
});

test("the leader does not remove itself: leadership goes first", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  expect(await codeOf(cluster.run(world.memberChange().remove(cluster.leader.id, { force: false, dryRun: false })))).toBe("CONFLICT");
  cluster.stop();
});
