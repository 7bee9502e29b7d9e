import { expect, test } from "vitest";
import { parseClusterId, parseNodeId } from "../../../src/base/ids.ts";
import { planRecovery, type RecoveryPlan } from "../../../src/daemon/recovery/recovery-plan.ts";
import type { Survivor } from "../../../src/daemon/recovery/survivor.ts";
import { idOf, member, membershipOf } from "../../raft/harness/members.ts";
import { clusterId } from "./histories.ts";

const five = membershipOf({ voters: ["n1", "n2", "n3", "n4", "n5"] });
const four = membershipOf({ voters: ["n1", "n2", "n3", "n4"] });
const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;

/** @param terms of the entries from index 1 on */
function survivor(name: string, terms: readonly number[], changes: Partial<Survivor> & { commitIndex?: number } = {}): Survivor {
  const { commitIndex = 0, ...rest } = changes;
  return {
    directory: `/data/${name}`, clusterId, clusterIncarnation: 1, nodeId: idOf(name), name, incarnation: 1,
    hardState: { currentTerm: terms.at(-1) ?? 0, votedFor: undefined, commitIndex },
    appliedIndex: 0,
    snapshot: { index: 0, term: 0 },
    lastIndex: terms.length,
    terms: terms.flatMap((term, position) => (position > 0 && terms[position - 1] === term ? [] : [{ firstIndex: position + 1, term }])),
    memberships: [{ index: 0, membership: five }],
    tail: terms.map((term, position) => ({ index: position + 1, term, keys: [`${name}/${position + 1}`] })).slice(commitIndex),
    ...rest,
  };
}

const plan = (survivors: readonly Survivor[], dead: readonly string[]): RecoveryPlan => planRecovery({ survivors, dead, planId: "p1", madeAt: "now" });

test("the survivor that would win an election is chosen, becomes the only voter, and the other one joins again (N3)", () => {
  const made = plan([survivor("n1", [1, 1, 2], { commitIndex: 2 }), survivor("n2", [1, 1, 2, 2], { commitIndex: 1 })], ["n3", "n4", "n5"]);
  expect(made).toMatchObject({
    survivor: { name: "n2", last: { index: 4, term: 2 } }, rejoin: [{ name: "n1" }], fromIncarnation: 1, clusterIncarnation: 2,
    entry: { index: 5, term: 3 }, membership: { voters: ["2"], votersOutgoing: [], learners: [], members: [member("n2")] }, deadCouldDecide: true,
  });
  expect(made.dead.map(({ name }) => name)).toEqual(["n3", "n4", "n5"]);
});

test("of equal logs the lowest node id is chosen, whatever the order in which they are given", () => {
  const [two, ten] = [survivor("n2", [1, 1]), survivor("n10", [1, 1], {})].map((each) => ({ ...each, memberships: [{ index: 0, membership: membershipOf({ voters: ["n2", "n10", "n3", "n4", "n5"] }) }] }));
  for (const order of [[two!, ten!], [ten!, two!]]) expect(plan(order, ["n3", "n4", "n5"]).survivor.name).toBe("n2");
});

test("the new term is above every term that a survivor has seen", () => {
  const seen = { currentTerm: 9, votedFor: "3", commitIndex: 0 };
  expect(plan([survivor("n1", [1, 2]), survivor("n2", [1], { hardState: seen })], ["n3", "n4", "n5"]).entry).toEqual({ index: 3, term: 10 });
});

test("a later term does not beat a log that is known to be committed: its owner would have lost to the dead (Figure 8)", () => {
  // n1 took index 2 from the leader of term 4, who is dead, and was told that it is committed; n2 led term 3 alone and wrote another index 2.
  const made = plan([survivor("n1", [1, 2], { commitIndex: 2 }), survivor("n2", [1, 3], { commitIndex: 1 })], ["n3", "n4", "n5"]);
  expect(made.survivor.name).toBe("n1");
  expect(made.loss).toMatchObject({ committedUpTo: 2, unproven: undefined, unknownFrom: 3, entries: [] });
});

test("when the dead are a majority, what they decided alone may differ from the first index on that is not known to be committed", () => {
  const { loss } = plan([survivor("n1", [1, 1, 1, 2, 2], { commitIndex: 3 }), survivor("n2", [1, 1, 1], { commitIndex: 1 })], ["n3", "n4", "n5"]);
  expect(loss).toEqual({ committedUpTo: 3, unproven: { from: 4, to: 5, keys: ["n1/4", "n1/5"] }, unknownFrom: 4, entries: [] });
});

test("what only another survivor holds is listed with its keys when it and the dead could have committed it (Figure 8)", () => {
  const memberships = [{ index: 0, membership: four }];
  const { loss, survivor: chosen, deadCouldDecide } = plan([survivor("n1", [1, 2, 2], { commitIndex: 1, memberships }), survivor("n2", [1, 3], { commitIndex: 1, memberships })], ["n3", "n4"]);
  expect(chosen.name).toBe("n2");
  expect(deadCouldDecide).toBe(false);
  expect(loss).toEqual({
    committedUpTo: 1, unproven: { from: 2, to: 2, keys: ["n2/2"] }, unknownFrom: undefined,
    entries: [{ from: 2, to: 3, term: 2, heldBy: ["1"], keys: ["n1/2", "n1/3"] }],
  });
});

test("entries that two survivors hold count for both, and what too few could have committed is not listed", () => {
  const memberships = [{ index: 0, membership: membershipOf({ voters: ["n1", "n2", "n3", "n4", "n5", "n6"] }) }];
  const held = [survivor("n1", [1, 2, 2], { memberships }), survivor("n2", [1, 2], { memberships }), survivor("n3", [1, 3], { memberships })];
  const { loss } = plan(held, ["n4", "n5", "n6"]);
  expect(loss.entries).toEqual([
    { from: 2, to: 2, term: 2, heldBy: ["1", "2"], keys: ["n1/2"] },
    { from: 3, to: 3, term: 2, heldBy: ["1"], keys: ["n1/3"] },
  ]);
  const learner = survivor("n7", [1, 2], { memberships: [{ index: 0, membership: membershipOf({ voters: ["n1", "n2", "n3", "n4"], learners: ["n7"] }) }] });
  const rest = { memberships: learner.memberships };
  const { loss: small } = plan([learner, survivor("n1", [1, 3], rest), survivor("n2", [1], rest)], ["n3", "n4"]);
  expect(small.entries).toEqual([]);
});

test("under a joint membership both majorities count, and what it turns into counts too (§6)", () => {
  const joint = membershipOf({ voters: ["n3", "n4", "n5"], votersOutgoing: ["n1", "n2", "n3"] });
  const [one, two] = [survivor("n1", [1, 1], { memberships: [{ index: 2, membership: joint }] }), survivor("n2", [1, 1], { memberships: [{ index: 2, membership: joint }] })];
  expect(plan([one, two], ["n3", "n4", "n5"])).toMatchObject({ deadCouldDecide: true, loss: { unknownFrom: 1 } });
  const before = { index: 0, membership: membershipOf({ voters: ["n1", "n2", "n3"] }) };
  expect(() => plan([survivor("n1", [1, 1], { memberships: [before] }), survivor("n2", [1], { memberships: [before] })], ["n3"])).toThrow("the quorum is not lost: a majority of the 3 voters is here (n1, n2)");
});

test("a membership behind the known commitment counts, be it committed or not: the dead may have decided by it (§6)", () => {
  const base = { index: 0, membership: membershipOf({ voters: ["n1", "n2", "n3"] }) };
  const later = { index: 2, membership: membershipOf({ voters: ["n3", "n4", "n5"], learners: ["n1", "n2"] }) };
  const [one, two] = [survivor("n1", [1, 1], { commitIndex: 1, memberships: [base, later] }), survivor("n2", [1], { commitIndex: 1, memberships: [base] })];
  expect(plan([one, two], ["n3", "n4", "n5"])).toMatchObject({ deadCouldDecide: true, loss: { unknownFrom: 2 }, survivor: { name: "n1" } });
});

test("a membership that was replaced before the known commitment counts no more", () => {
  const memberships = [{ index: 0, membership: membershipOf({ voters: ["n4"] }) }, { index: 2, membership: four }];
  expect(plan([survivor("n1", [1, 1, 1], { commitIndex: 2, memberships }), survivor("n2", [1, 1], { memberships })], ["n3", "n4"]).deadCouldDecide).toBe(false);
  expect(plan([survivor("n1", [1, 1, 1], { commitIndex: 1, memberships }), survivor("n2", [1, 1], { memberships })], ["n3", "n4"]).deadCouldDecide).toBe(true);
});

test("a snapshot stands for everything before its end, whatever the other log remembers", () => {
  const compacted = survivor("n1", [1, 1, 1, 1], { snapshot: { index: 3, term: 1 }, terms: [{ firstIndex: 4, term: 1 }], commitIndex: 3, memberships: [{ index: 3, membership: five }] });
  const { survivor: chosen, loss } = plan([compacted, survivor("n2", [1, 1], { commitIndex: 1 })], ["n3", "n4", "n5"]);
  expect([chosen.name, loss.committedUpTo, loss.entries]).toEqual(["n1", 3, []]);
});

test("a survivor that was not eligible to lead is made eligible: nobody else could", () => {
  const membership = { ...five, members: five.members.map((each) => ({ ...each, masterEligible: each.name !== "n1" })) };
  expect(plan([survivor("n1", [1], { memberships: [{ index: 0, membership }] })], ["n2", "n3", "n4", "n5"]).membership.members[0]!.masterEligible).toBe(true);
});

test("a quorum that is not lost is refused, and so is a member that is neither collected nor named dead (N3)", () => {
  const three = ["n1", "n2", "n3"].map((name) => survivor(name, [1]));
  expect(() => plan(three, ["n4", "n5"])).toThrow(code("UNSAFE"));
  expect(() => plan(three.slice(0, 2), ["n3", "n4"])).toThrow("n5: neither collected nor named dead");
  expect(() => plan(three.slice(0, 2), ["n2", "n3", "n4", "n5"])).toThrow("n2 is named dead, but its data directory is here");
  expect(() => plan(three.slice(0, 2), ["n3", "n4", "n9"])).toThrow(code("NOT_FOUND"));
  expect(plan(three.slice(0, 2), ["3", "n4", "n5", "n5"]).dead).toHaveLength(3);
});

test("directories that do not belong together are refused: other clusters, copies, empty ones, older incarnations, former members (N3)", () => {
  const [one, two] = [survivor("n1", [1, 1]), survivor("n2", [1])];
  const dead = ["n3", "n4", "n5"];
  const refusals: readonly [Partial<Survivor>, string][] = [
    [{ clusterId: parseClusterId("cd".repeat(16)) }, "belongs to cluster"],
    [{ nodeId: one.nodeId }, "one is a copy"],
    [{ lastIndex: 0, terms: [] }, "holds no log"],
    [{ clusterIncarnation: 0 }, "was recovered without it"],
    [{ nodeId: parseNodeId("77") }, "is not a member of the cluster any more"],
  ];
  for (const [change, reason] of refusals) {
    const made = (): RecoveryPlan => plan([one, { ...two, ...change }], dead);
    expect(made).toThrow(code("UNSAFE"));
    expect(made).toThrow(reason);
  }
  expect(() => plan([], dead)).toThrow(code("UNSAFE"));
});

test("two survivors that know different entries to be committed are damage, not a choice", () => {
  expect(() => plan([survivor("n1", [1, 2], { commitIndex: 2 }), survivor("n2", [1, 3, 3], { commitIndex: 3 })], ["n3", "n4", "n5"])).toThrow(code("CORRUPT"));
});

test("a log that ends before what its node knows to be committed is not what it was (13)", () => {
  const hardState = { currentTerm: 2, votedFor: undefined, commitIndex: 3 };
  expect(() => plan([survivor("n1", [1, 1], { hardState }), survivor("n2", [1])], ["n3", "n4", "n5"])).toThrow(expect.objectContaining({ code: "CORRUPT", message: expect.stringContaining("knows index 3 to be committed, but its log ends at 2") as string }) as Error);
});

test("what a survivor has applied was committed, however little its log says of it, and decides who goes on (Figure 8)", () => {
  const survivors = [survivor("n1", [1, 2], { commitIndex: 1, appliedIndex: 2 }), survivor("n2", [1, 3], { commitIndex: 1, appliedIndex: 1 })];
  expect(plan(survivors, ["n3", "n4", "n5"])).toMatchObject({ survivor: { name: "n1" }, loss: { committedUpTo: 2, unproven: undefined, unknownFrom: 3 } });
  expect(() => plan([survivor("n1", [1, 2], { appliedIndex: 2 }), survivor("n2", [1, 3], { appliedIndex: 2 })], ["n3", "n4", "n5"])).toThrow("both know index 2 to be committed, with terms 3 and 2");
});
