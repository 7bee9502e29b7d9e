// What an operator may ask for, and the membership that comes of it.

import { expect, test } from "vitest";
import type { RaftctlError } from "../../src/base/errors.ts";
import { nextMembership } from "../../src/raft/membership-change.ts";
import { isJoint, leaveJoint } from "../../src/raft/membership.ts";
import type { Membership, MembershipChange } from "../../src/raft/membership.ts";
import { idOf, member, membershipOf } from "./harness/members.ts";

const current = membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4", "n5"] });

function codeOf(change: MembershipChange, from: Membership = current): string | undefined {
  try {
    nextMembership(from, change);
    return undefined;
  } catch (error) {
    return (error as RaftctlError).code;
  }
}

test("a new member is added as a learner, in one simple step", () => {
  const next = nextMembership(current, { upsert: [member("n6")] });
  expect(isJoint(next)).toBe(false);
  expect(next).toEqual(membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4", "n5", "n6"] }));
});

test("attributes change in one simple step and move nobody", () => {
  const next = nextMembership(current, { upsert: [member("n2", { peerAddress: "elsewhere:1" })] });
  expect(next.members.find((each) => each.id === idOf("n2"))?.peerAddress).toBe("elsewhere:1");
  expect({ ...next, members: [] }).toEqual({ ...current, members: [] });
});

test("promotion, demotion and removal of a voter go through a joint membership (§6, S24)", () => {
  const next = nextMembership(current, { promote: [idOf("n4")], demote: [idOf("n1")], remove: [idOf("n2")] });
  expect(next).toEqual({
    ...membershipOf({ voters: ["n3", "n4"], votersOutgoing: ["n1", "n2", "n3"], learners: ["n5"], learnersNext: ["n1"] }),
    members: current.members,
  });
  const final = membershipOf({ voters: ["n3", "n4"], learners: ["n5", "n1"] });
  expect(leaveJoint(next)).toEqual({ ...final, members: current.members.filter((each) => each.id !== idOf("n2")) });
});

test("a learner is removed in one simple step", () => {
  expect(nextMembership(current, { remove: [idOf("n5")] })).toEqual(membershipOf({ voters: ["n1", "n2", "n3"], learners: ["n4"] }));
});

test("a learner that leaves together with a voter is gone at once, the voter when the joint membership is left", () => {
  const next = nextMembership(current, { remove: [idOf("n5"), idOf("n1")] });
  expect(next.members.map((each) => each.name)).toEqual(["n1", "n2", "n3", "n4"]);
  expect(leaveJoint(next)).toEqual(membershipOf({ voters: ["n2", "n3"], learners: ["n4"] }));
});

test.each([
  { why: "nothing is asked for", change: {}, code: "INVALID_ARGUMENT" },
  { why: "a member is named twice", change: { remove: [idOf("n4"), idOf("n4")] }, code: "INVALID_ARGUMENT" },
  { why: "a member is moved in two ways", change: { promote: [idOf("n4")], remove: [idOf("n4")] }, code: "INVALID_ARGUMENT" },
  { why: "a member is added twice", change: { upsert: [member("n6"), member("n6")] }, code: "INVALID_ARGUMENT" },
  { why: "a member is changed and removed", change: { upsert: [member("n4")], remove: [idOf("n4")] }, code: "INVALID_ARGUMENT" },
  { why: "a name is empty", change: { upsert: [member("n6", { name: "" })] }, code: "INVALID_ARGUMENT" },
  { why: "an unknown member is removed", change: { remove: [idOf("n9")] }, code: "NOT_FOUND" },
  { why: "an unknown member is promoted", change: { promote: [idOf("n9")] }, code: "NOT_FOUND" },
  { why: "an unknown member is demoted", change: { demote: [idOf("n9")] }, code: "NOT_FOUND" },
  { why: "a new member skips being a learner", change: { upsert: [member("n6")], promote: [idOf("n6")] }, code: "NOT_FOUND" },
  { why: "a voter is promoted", change: { promote: [idOf("n1")] }, code: "CONFLICT" },
  { why: "a learner is demoted", change: { demote: [idOf("n4")] }, code: "CONFLICT" },
  { why: "a name is taken", change: { upsert: [member("n6", { name: "n1" })] }, code: "CONFLICT" },
  { why: "a peer address is taken", change: { upsert: [member("n6", { peerAddress: "n1:7001" })] }, code: "CONFLICT" },
  { why: "a client address is taken", change: { upsert: [member("n6", { clientAddress: "n1:7002" })] }, code: "CONFLICT" },
  { why: "the incarnation is an older one (H8)", change: { upsert: [member("n4", { incarnation: 0 })] }, code: "CONFLICT" },
  { why: "a voter has lost its disk (H8)", change: { upsert: [member("n1", { incarnation: 2 })] }, code: "UNSAFE" },
  { why: "no voter would remain (H30)", change: { remove: [idOf("n1"), idOf("n2"), idOf("n3")] }, code: "UNSAFE" },
  { why: "no voter would remain (H30)", change: { demote: [idOf("n1"), idOf("n2"), idOf("n3")] }, code: "UNSAFE" },
])("refused when $why", ({ change, code }) => {
  expect(codeOf(change)).toBe(code);
});

test("refused when no voter that may lead would remain (S96)", () => {
  const members = current.members.map((each) => ({ ...each, masterEligible: each.name === "n1" }));
  expect(codeOf({ remove: [idOf("n1")] }, { ...current, members })).toBe("UNSAFE");
});

test("refused while another change is in progress", () => {
  expect(codeOf({ upsert: [member("n6")] }, nextMembership(current, { remove: [idOf("n1")] }))).toBe("CHANGE_IN_PROGRESS");
});

test("the place of a removed member is free for one of the same name and addresses", () => {
  const next = nextMembership(current, { remove: [idOf("n5")], upsert: [member("n6", { name: "n5", peerAddress: "n5:7001" })] });
  expect(next.members.map((each) => each.name)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
});

test("a learner whose disk was replaced is taken with its new incarnation (H8)", () => {
  const next = nextMembership(current, { upsert: [member("n4", { incarnation: 2 })] });
  expect(next.members.find((each) => each.name === "n4")?.incarnation).toBe(2);
});

test("an operation that replaces a member is recorded, carried through every change, and over when the member leaves (N9)", () => {
  const three = membershipOf({ voters: ["n1", "n2", "n3"] });
  const operation = { id: "7", leaving: idOf("n3"), newcomer: "n4" };
  const begun = nextMembership(three, { beginReplacement: operation });
  expect(begun).toEqual({ ...three, replacements: [operation] });
  const learning = nextMembership(begun, { upsert: [member("n4")] });
  const joint = nextMembership(learning, { promote: [idOf("n4")], demote: [idOf("n2")] });
  expect([learning.replacements, joint.replacements, leaveJoint(joint).replacements]).toEqual([[operation], [operation], [operation]]);
  const swapped = nextMembership(learning, { promote: [idOf("n4")], remove: [idOf("n3")] });
  expect([swapped.votersOutgoing.length, swapped.replacements, leaveJoint(swapped).replacements]).toEqual([3, undefined, undefined]);
  expect(nextMembership(begun, { cancelReplacement: "7" })).toEqual(three);
});

test("a replacement of a stranger, a second one of the same member or by the same newcomer, and the end of none are refused", () => {
  const begun = nextMembership(membershipOf({ voters: ["n1", "n2", "n3"] }), { beginReplacement: { id: "7", leaving: idOf("n3"), newcomer: "n4" } });
  const begin = (leaving: string, newcomer: string) => () => nextMembership(begun, { beginReplacement: { id: "8", leaving: idOf(leaving), newcomer } });
  expect(begin("n9", "n5")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }) as Error);
  expect(begin("n3", "n5")).toThrow(expect.objectContaining({ code: "CONFLICT" }) as Error);
  expect(begin("n2", "n4")).toThrow(expect.objectContaining({ code: "CONFLICT" }) as Error);
  expect(() => nextMembership(begun, { cancelReplacement: "8" })).toThrow(expect.objectContaining({ code: "NOT_FOUND" }) as Error);
});
