// Who is let in after a disk was lost or replaced: the directory of peers that every connection is checked against.

import { expect, test } from "vitest";
import { parseNodeId } from "../../src/base/ids.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { MembershipDirectory } from "../../src/daemon/peer-directory.ts";
import type { Membership } from "../../src/raft/membership.ts";
import type { PeerIdentity } from "../../src/wire/peer-protocol.ts";

const member = (id: string, incarnation: number) =>
  ({ id: parseNodeId(id), name: `n${id}`, peerAddress: `h${id}:1`, clientAddress: `h${id}:2`, incarnation, masterEligible: true });
const membership: Membership = {
  voters: ["1", "2"].map(parseNodeId), votersOutgoing: [], learners: [parseNodeId("3")], learnersNext: [], members: [member("1", 1), member("2", 4), member("3", 2)],
};
const peer = (id: string, incarnation: number): PeerIdentity => ({ nodeId: parseNodeId(id), incarnation, name: `n${id}`, regions: [] });

test("a member that comes with an older disk than the cluster knows is refused, with its id, both incarnations and the remedy, voter or learner (H8, PRODUCT row 18)", () => {
  const directory = new MembershipDirectory(() => membership);
  for (const [id, old] of [["2", 3], ["2", 1], ["3", 1]] as const) {
    const refusal = directory.refusalOf(peer(id, old));
    expect(refusal).toBeInstanceOf(RaftctlError);
    expect(refusal).toMatchObject({ code: "INCARNATION_REFUSED", message: expect.stringContaining(`incarnation ${old}`) as string });
    expect(JSON.stringify((refusal as RaftctlError).hint)).toContain("join again with an empty directory");
  }
});

test("a member with the disk that the cluster knows is heard, and so is a newcomer, because the cluster learns of it by listening (H8)", () => {
  const directory = new MembershipDirectory(() => membership);
  expect([peer("1", 1), peer("2", 4), peer("3", 2), peer("9", 1)].map((each) => directory.refusalOf(each))).toEqual([undefined, undefined, undefined, undefined]);
  expect(new MembershipDirectory(() => undefined).refusalOf(peer("1", 1))).toBeUndefined();
});

test("the check is made against the membership of the moment: an incarnation that was replaced while it was connected is refused from then on (H8)", () => {
  let current = membership;
  const directory = new MembershipDirectory(() => current);
  expect(directory.refusalOf(peer("3", 2))).toBeUndefined();
  current = { ...membership, members: [member("1", 1), member("2", 4), member("3", 3)] };
  expect(directory.refusalOf(peer("3", 2))).toMatchObject({ code: "INCARNATION_REFUSED" });
});
