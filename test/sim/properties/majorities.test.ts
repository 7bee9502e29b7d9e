// Majorities: more than half of each group of voters, and nobody else.

import { expect, test } from "vitest";
import { emptyMembership } from "../../../src/raft/membership.ts";
import { idOf, membershipOf } from "../../raft/harness/members.ts";
import { haveMajorities } from "./majorities.ts";

const agreeing = (...names: readonly string[]) => (id: string) => names.some((name) => idOf(name) === id);

test("more than half is needed, and half is not enough (§5.2)", () => {
  const four = membershipOf({ voters: ["n1", "n2", "n3", "n4"], learners: ["n5"] });
  expect(haveMajorities(four, agreeing("n1", "n2"))).toBe(false);
  expect(haveMajorities(four, agreeing("n1", "n2", "n5"))).toBe(false);
  expect(haveMajorities(four, agreeing("n1", "n2", "n3"))).toBe(true);
});

test("a joint membership needs both groups (§6, H27)", () => {
  const joint = membershipOf({ voters: ["n1", "n4", "n5"], votersOutgoing: ["n1", "n2", "n3"] });
  expect(haveMajorities(joint, agreeing("n1", "n4", "n5"))).toBe(false);
  expect(haveMajorities(joint, agreeing("n1", "n2", "n3"))).toBe(false);
  expect(haveMajorities(joint, agreeing("n1", "n2", "n4"))).toBe(true);
});

test("without voters nothing is decided", () => {
  expect(haveMajorities(emptyMembership, () => true)).toBe(false);
});
