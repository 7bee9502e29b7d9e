// Changes in the words of operators: names instead of ids, sequences that are planned one after the other, and members that are added from afar.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { planSequence, resolveChange } from "../../src/host/member-request.ts";
import type { MemberPlanRequest } from "../../src/wire/admin-protocol.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { codeOf, idOf, member, votersOf } from "./support/members.ts";

const everybody = (): boolean => true;
const change = (parts: Partial<MemberPlanRequest>): MemberPlanRequest => ({ add: [], promote: [], demote: [], remove: [], ...parts });

test("names and ids become ids, and an update changes only what it says", () => {
  const update = { node: "n2", name: null, peerAddress: "other:1", clientAddress: null, masterEligible: false };
  expect(resolveChange(votersOf(1, 2, 3), { promote: [], demote: ["n1"], remove: ["3"], update: [update] })).toEqual({
    promote: [], demote: [idOf(1)], remove: [idOf(3)], upsert: [member(2, { peerAddress: "other:1", masterEligible: false })],
  });
  expect(() => resolveChange(votersOf(1), { promote: [], demote: [], remove: ["n9"], update: [] })).toThrow('no member is called "n9"');
});

test("in a sequence each change starts where the one before it ends (N4)", () => {
  const report = planSequence(votersOf(1, 2, 3), [change({ add: ["n4", "n5"] }), change({ remove: ["n1", "n4"] }), change({ demote: ["n5"] })], everybody);
  expect(report.changes.map(({ steps }) => steps.at(-1)!.configuration.voters.join(" "))).toEqual(["n1 n2 n3 n4 n5", "n2 n3 n5", "n2 n3"]);
  expect([report.before.tolerance, report.after]).toEqual([1, { voters: ["n2", "n3"], votersOutgoing: [], learners: ["n5"], quorum: [2], tolerance: 0, critical: ["n2", "n3"] }]);
});

test("what would be unsafe is said and the sequence goes on; what cannot be done at all ends it", () => {
  const onlyOne = (id: string): boolean => id === "1";
  const report = planSequence(votersOf(1, 2), [change({ remove: ["n1"] }), change({ remove: ["n2"] }), change({ add: ["n7"] })], onlyOne);
  expect(report.changes.map(({ refusal }) => refusal)).toEqual(["only 0 of the 1 voters n2 would be up, and writes need 1", "no voter would remain: promote another member first"]);
});

test("an address that nobody answers at is refused unless that is allowed: then a learner of that name is expected, and join becomes it (PRODUCT row 2)", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  const add = (parts: object) => cluster.run(world.memberChange().add({ peerAddress: "h4:1", name: null, unreachableOk: false, dryRun: false, ...parts }));
  expect(await codeOf(add({}))).toBe("UNSAFE");
  expect(await codeOf(add({ unreachableOk: true }))).toBe("INVALID_ARGUMENT");
  const { lastIndex } = cluster.leader.raft.core;
  expect(await add({ unreachableOk: true, name: "n4", dryRun: true })).toMatchObject({ applied: false, member: { name: "n4", reached: false } });
  expect(cluster.leader.raft.core.lastIndex).toBe(lastIndex);
  expect(await add({ unreachableOk: true, name: "n4" })).toMatchObject({ applied: true, before: { tolerance: 1 }, after: { tolerance: 1, learners: ["n4"] } });
  const newcomer = await cluster.add(idOf(4));
  expect(await cluster.run(world.joining(newcomer).run())).toBe("voter");
  const { members, voters, learners } = cluster.leader.raft.core.membership;
  expect([members.filter(({ name }) => name === "n4").map(({ id }) => id), voters.length, learners]).toEqual([[idOf(4)], 4, []]);
  cluster.stop();
});

test("a node of this cluster that is no member becomes a learner; another cluster's and a member's address are refused", async () => {
  const world = await AdministeredCluster.led();
  const { cluster } = world;
  await cluster.clock.advance(200);
  await cluster.add(idOf(4));
  const add = (peerAddress: string) => cluster.run(world.memberChange().add({ peerAddress, name: null, unreachableOk: false, dryRun: false }));
  expect(await add("h4:1")).toMatchObject({ applied: true, member: { id: "4", reached: true } });
  expect(cluster.leader.raft.core.membership.learners).toEqual([idOf(4)]);
  world.found.set("h5:1", { clusterId: "f".repeat(32) });
  await cluster.add(idOf(5));
  expect(await codeOf(add("h5:1"))).toBe("CLUSTER_MISMATCH");
  world.found.set("h6:1", new RaftctlError("UNREACHABLE", "refused"));
  expect(await codeOf(add("h6:1"))).toBe("UNSAFE");
  cluster.stop();
});
