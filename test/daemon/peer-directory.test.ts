// Where peers are: from the log, before it from who admitted this node, and from the peer itself while nobody can bring its address into the log.

import { expect, test } from "vitest";
import { MembershipDirectory } from "../../src/daemon/peer-directory.ts";
import type { Membership } from "../../src/raft/membership.ts";
import { idOf, member, votersOf } from "../host/support/members.ts";

test("the log's address counts, and the introduction where the log has none", () => {
  const log: { membership?: Membership } = {};
  const directory = new MembershipDirectory(() => log.membership);
  expect(directory.addressOf(idOf(1))).toBeUndefined();
  directory.introduce([{ id: "1", peerAddress: "first:1" }, { id: "9", peerAddress: "ninth:1" }]);
  expect(directory.addressOf(idOf(1))).toBe("first:1");
  log.membership = votersOf(1, 2);
  expect([1, 2, 9].map((number) => directory.addressOf(idOf(number)))).toEqual(["h1:1", "h2:1", "ninth:1"]);
  expect(directory.ids.toSorted()).toEqual([1, 2, 9].map(idOf));
});

test("a member that says itself where it is, is looked for there until the log knows another address (PRODUCT row 9)", () => {
  let membership = votersOf(1, 2);
  const directory = new MembershipDirectory(() => membership);
  directory.heard(idOf(2), "moved:1");
  expect(directory.addressOf(idOf(2))).toBe("moved:1");
  membership = { ...membership, members: [member(1), member(2, { peerAddress: "again:1" })] };
  expect(directory.addressOf(idOf(2))).toBe("again:1");
  directory.heard(idOf(2), "again:1");
  directory.heard(idOf(7), "nobody:1");
  expect([directory.addressOf(idOf(2)), directory.addressOf(idOf(7))]).toEqual(["again:1", undefined]);
});
