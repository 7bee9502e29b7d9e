// How many disks may still be lost: as told by memberships that nodes hold, whatever they are worth.

import { expect, test } from "vitest";
import type { Membership } from "../../../src/raft/membership.ts";
import { membershipOf } from "../../raft/harness/members.ts";
import { diskSlack } from "./disk-slack.ts";
import type { SimNode } from "./sim-node.ts";

const five = membershipOf({ voters: ["n1", "n2", "n3", "n4", "n5"] });

function node(held: Membership | undefined, { committed = held, unsound = false, masterEligible = true } = {}): SimNode {
  return { memberships: held === undefined ? [] : [held, committed], unsound, masterEligible } as unknown as SimNode;
}

const running = (count: number, membership = five): SimNode[] => Array.from({ length: count }, () => node(membership));

test("a minority of the voters may lose their disks", () => {
  expect(diskSlack(running(5))).toBe(2);
  expect(diskSlack(running(4, membershipOf({ voters: ["n1", "n2", "n3", "n4"] })))).toBe(1);
  expect(diskSlack(running(1, membershipOf({ voters: ["n1"] })))).toBe(0);
});

test("one that is lost already, one that is damaged and one that never leads are not relied on", () => {
  expect(diskSlack([...running(4), node(five, { unsound: true })])).toBe(1);
  expect(diskSlack([...running(4), node(five, { masterEligible: false })])).toBe(1);
  expect(diskSlack(running(4))).toBe(1);
});

test("every membership that anybody holds counts, committed or not, and both halves of a joint one", () => {
  const shrunk = membershipOf({ voters: ["n1", "n2", "n3"] });
  expect(diskSlack([...running(4), node(five, { committed: shrunk })])).toBe(1);
  expect(diskSlack([...running(4), node(shrunk)])).toBe(1);
  expect(diskSlack([...running(4), node({ ...five, votersOutgoing: shrunk.voters })])).toBe(1);
});

test("a newcomer that knows no membership yet changes nothing, and as long as nobody knows one nothing may be lost", () => {
  expect(diskSlack([...running(5), node(membershipOf({ voters: [] }))])).toBe(2);
  expect(diskSlack([node(undefined), node(undefined)])).toBe(0);
});
