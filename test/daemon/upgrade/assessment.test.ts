// From what the members know to what can be finalized (PRODUCT §1 row 5).

import { expect, test } from "vitest";
import { assess } from "../../../src/daemon/upgrade/assessment.ts";
import type { UpgradeMember } from "../../../src/wire/admin-protocol.ts";
import { clusterVersions, type ClusterVersions } from "../../../src/wire/cluster-version.ts";

const table: ClusterVersions = { ...clusterVersions, newest: 9, commands: { ...clusterVersions.commands, append: 2, deleteRange: 3 } };
const member = (name: string, levels: [number, number] | null): UpgradeMember => ({
  id: "1", name, address: `${name}:1`, version: levels === null ? null : "1.0.0", levels: levels === null ? null : { min: levels[0], max: levels[1] },
  error: levels === null ? { code: "UNREACHABLE", message: "nobody answers" } : null,
});

function outcome(finalized: number, ...members: ([number, number] | null)[]): [number, string[]] {
  const { target, obstacles } = assess(finalized, members.map((levels, place) => member(`n${place + 1}`, levels)), table);
  return [target, obstacles.map(({ code }) => code)];
}

test("the target is the highest level that all members know; members that know more wait for the others", () => {
  expect(outcome(1, [1, 1], [1, 1])).toEqual([1, []]);
  expect(outcome(1, [1, 2], [1, 2], [1, 2])).toEqual([2, []]);
  expect(outcome(1, [1, 2], [1, 3], [1, 4])).toEqual([2, []]);
  expect(outcome(2, [1, 3])).toEqual([3, []]);
  expect(outcome(3, [1, 3], [2, 3])).toEqual([3, []]);
});

test("while some know a newer level and others do not, nothing can be finalized, and those others are named", () => {
  expect(outcome(1, [1, 2], [1, 1])).toEqual([1, ["INCOMPATIBLE"]]);
  expect(outcome(2, [2, 3], [1, 2], [2, 4])).toEqual([2, ["INCOMPATIBLE"]]);
  const { obstacles } = assess(1, [member("n1", [1, 2]), member("n2", [1, 1]), member("n3", [1, 1])], table);
  expect(obstacles).toEqual([{ code: "INCOMPATIBLE", message: "the members know no version above 1 in common: n1 knows 1 to 2, n2 knows 1, n3 knows 1", hint: "upgrade n2, n3 first" }]);
});

test("a member that does not know what is in force, or no longer serves what would be, is in the way", () => {
  expect(outcome(2, [1, 2], [1, 1])).toEqual([2, ["INCOMPATIBLE"]]);
  expect(outcome(1, [1, 2], [3, 4])).toEqual([2, ["INCOMPATIBLE"]]);
});

test("who does not answer is in the way by itself, and named with its address and reason", () => {
  expect(outcome(1, [1, 2], null)).toEqual([2, ["CONFLICT"]]);
  expect(outcome(1, [1, 2], [1, 1], null)).toEqual([1, ["CONFLICT", "INCOMPATIBLE"]]);
  expect(assess(1, [member("n1", [1, 2]), member("n2", null)], table).obstacles[0]?.message).toContain("no answer from n2 at n2:1 (nobody answers)");
});

test("what it allows is what can be written from the target on and not before, as the node at hand knows it", () => {
  expect(assess(1, [member("n1", [1, 3])], table).allows).toEqual(["deleteRange", "append"]);
  expect(assess(2, [member("n1", [1, 3])], table).allows).toEqual(["deleteRange"]);
  expect(assess(3, [member("n1", [1, 3])], table).allows).toEqual([]);
  expect(assess(1, [member("n1", [1, 12])], table).target).toBe(9);
});
