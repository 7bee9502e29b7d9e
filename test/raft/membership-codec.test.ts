// Memberships as bytes: what is encoded comes back, and nothing else is let in.

import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { decodeMembership, encodeMembership, membershipBytesMax, membersMax } from "../../src/raft/membership-codec.ts";
import { emptyMembership } from "../../src/raft/membership.ts";
import { idOf, member, membershipOf } from "./harness/members.ts";

const joint = membershipOf({ voters: ["n1", "n2"], votersOutgoing: ["n2", "n3"], learners: ["n4"], learnersNext: ["n3"] });

test("a membership comes back as it was, the empty one too", () => {
  const replacing = { ...joint, replacements: [{ id: "40213377", leaving: idOf("n3"), newcomer: "n9" }] };
  for (const membership of [joint, emptyMembership, replacing]) expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
});

test("names of any language come back as they were", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (name) => {
      const membership = { ...membershipOf({ voters: ["n1"] }), members: [member("n1", { name })] };
      expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
    }),
  );
});

const broken: Record<string, unknown> = {
  "a number": 7,
  null: null,
  "a list": [],
  "a missing field": { ...joint, learners: undefined },
  "an unknown field": { ...joint, extra: 1 },
  "__proto__ as a field": JSON.parse(`{"__proto__": 1, ${JSON.stringify(joint).slice(1)}`) as unknown,
  "a node id that is a number": { ...joint, voters: [1, 2] },
  "a node id that is zero": { ...joint, voters: ["0", "2"] },
  "a voter named twice": { ...joint, voters: ["1", "1"] },
  "members without a voter": { ...joint, voters: [], votersOutgoing: [], learnersNext: [] },
  "a learner that votes": { ...joint, learners: ["1"] },
  "a next learner that does not leave": { ...joint, learnersNext: ["2"] },
  "a voter without attributes": { ...joint, members: joint.members.slice(1) },
  "attributes of a stranger": { ...joint, members: [...joint.members, member("n9")] },
  "attributes given twice": { ...joint, members: [...joint.members.slice(1), joint.members[1]] },
  "a negative incarnation": { ...joint, members: joint.members.map((each) => ({ ...each, incarnation: -1 })) },
  "masterEligible as a text": { ...joint, members: joint.members.map((each) => ({ ...each, masterEligible: "yes" })) },
  "a name that is too long": { ...joint, members: joint.members.map((each) => ({ ...each, name: "x".repeat(301) })) },
  "an empty list of replacements": { ...joint, replacements: [] },
  "a replacement of a stranger": { ...joint, replacements: [{ id: "1", leaving: "77", newcomer: "n9" }] },
  "a replacement with other fields": { ...joint, replacements: [{ id: "1", leaving: "3", newcomer: "n9", extra: 1 }] },
  "too many voters": { ...joint, voters: Array.from({ length: membersMax + 1 }, (_, position) => String(position + 1)) },
};

test.each(Object.keys(broken))("%s is refused as CORRUPT", (name) => {
  expect(() => decodeMembership(utf8(JSON.stringify(broken[name])))).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

test("bytes that are no JSON, no UTF-8 or too many are refused as CORRUPT", () => {
  for (const bytes of [utf8("{"), new Uint8Array([0xff, 0xfe]), new Uint8Array(membershipBytesMax + 1), new Uint8Array(0)]) {
    expect(() => decodeMembership(bytes)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
  }
});

function votersOrError(bytes: Uint8Array): number | string {
  try {
    return decodeMembership(bytes).voters.length;
  } catch (error) {
    if (!(error instanceof RaftctlError)) throw error;
    return error.code;
  }
}

test("whatever the bytes, the outcome is a membership or a RaftctlError", () => {
  const valid = encodeMembership(joint);
  fc.assert(
    fc.property(fc.nat(valid.length - 1), fc.nat(255), (position, byte) => {
      const bytes = valid.slice();
      bytes[position] = byte;
      expect(votersOrError(bytes)).not.toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("ids are kept to the last digit", () => {
  const id = "18446744073709551615";
  const membership = { ...membershipOf({ voters: [] }), voters: [idOf(id)], members: [{ ...member("n1"), id: idOf(id) }] };
  expect(decodeMembership(encodeMembership(membership)).voters).toEqual([id]);
});
