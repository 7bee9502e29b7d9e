// Quorum arithmetic against a model that tries every set, and the property on which everything rests: two decisions always share a voter.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeId } from "../../src/base/ids.ts";
import { nextMembership } from "../../src/raft/membership-change.ts";
import { leaveJoint } from "../../src/raft/membership.ts";
import type { Membership } from "../../src/raft/membership.ts";
import { majority, quorumDecision, quorumValue } from "../../src/raft/quorum.ts";
import { idOf, membershipOf } from "./harness/members.ts";

const names = ["n1", "n2", "n3", "n4", "n5"];

function subsets(of: readonly string[]): string[][] {
  return Array.from({ length: 2 ** of.length }, (_, bits) => of.filter((_name, position) => (bits & (1 << position)) !== 0));
}

/** The definition, spelt out: more than half of each group, and there is a group. */
function decides(groups: readonly (readonly string[])[], yes: readonly string[]): boolean {
  const used = groups.filter((group) => group.length > 0);
  return groups[0]!.length > 0 && used.every((group) => 2 * group.filter((name) => yes.includes(name)).length > group.length);
}

test("a majority is more than half", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(majority)).toEqual([1, 2, 2, 3, 3, 4, 4]);
});

test("votes are decided as the definition says, for every pair of voter sets of up to five and every set of votes (H27)", () => {
  for (const voters of subsets(names)) {
    for (const votersOutgoing of subsets(names)) {
      const membership = membershipOf({ voters, votersOutgoing });
      for (const yes of subsets(names)) {
        const ids = new Set(yes.map(idOf));
        const won = decides([voters, votersOutgoing], yes);
        expect(quorumDecision(membership, (id) => ids.has(id))).toBe(won ? "won" : "lost");
        // Those who have not answered may still refuse.
        expect(quorumDecision(membership, (id) => (ids.has(id) ? true : undefined)) === "won").toBe(won);
        // Those who have not answered may still grant.
        const open = quorumDecision(membership, (id) => (ids.has(id) ? false : undefined));
        const rest = names.filter((name) => !yes.includes(name));
        expect(open === "lost").toBe(!decides([voters, votersOutgoing], rest));
      }
    }
  }
});

test("the committed index is the highest that a majority of each group has reached, for all indexes (S24, H27)", () => {
  const indexes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 5, maxLength: 5 });
  const group = fc.subarray(names);
  fc.assert(
    fc.property(group, group, indexes, (voters, votersOutgoing, values) => {
      const valueOf = (id: NodeId): number => values[Number(id) - 1]!;
      const reached = (index: number): boolean => decides([voters, votersOutgoing], names.filter((name) => valueOf(idOf(name)) >= index));
      const expected = [6, 5, 4, 3, 2, 1].find(reached) ?? 0;
      expect(quorumValue(membershipOf({ voters, votersOutgoing }), valueOf)).toBe(expected);
    }),
    { numRuns: 3000 },
  );
});

test("a membership without voters decides nothing (H30)", () => {
  expect(quorumDecision(membershipOf({}), () => true)).toBe("lost");
  expect(quorumValue(membershipOf({}), () => 9)).toBe(0);
});

test("learners count in no quorum (S39, H29)", () => {
  const membership = membershipOf({ voters: ["n1", "n2"], learners: ["n3", "n4", "n5"] });
  expect(quorumDecision(membership, (id) => id !== idOf("n2"))).toBe("lost");
  expect(quorumValue(membership, (id) => (id === idOf("n2") ? 1 : 9))).toBe(1);
});

/** Every set of servers that can decide something. */
function quorums(membership: Membership): string[][] {
  return subsets(names).filter((yes) => quorumDecision(membership, (id) => yes.map(idOf).includes(id)) === "won");
}

test("replacing any two of five voters in one change never lets two disjoint sets decide, at any step (S24)", () => {
  const all = ["n1", "n2", "n3", "n4", "n5"];
  const promote = fc.subarray(["n4", "n5"], { minLength: 1 });
  const remove = fc.subarray(["n1", "n2", "n3"], { maxLength: 2 });
  fc.assert(
    fc.property(promote, remove, fc.boolean(), (promoted, leaving, demotes) => {
      const old = membershipOf({ voters: all.slice(0, 3), learners: ["n4", "n5"] });
      const joint = nextMembership(old, { promote: promoted.map(idOf), [demotes ? "demote" : "remove"]: leaving.map(idOf) });
      const final = leaveJoint(joint);
      for (const [left, right] of [[old, joint], [joint, joint], [joint, final]] as const) {
        for (const one of quorums(left)) for (const other of quorums(right)) expect(one.some((name) => other.includes(name))).toBe(true);
      }
    }),
  );
});
