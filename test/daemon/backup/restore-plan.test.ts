// Who a restored node is: members of one cluster without having spoken, and nobody's member by accident.

import { expect, test } from "vitest";
import { parseClusterId, parseRegionId, globalRegion } from "../../../src/base/ids.ts";
import type { ImageHeader } from "../../../src/daemon/backup/image-file.ts";
import { planRestore, type RestorePlan, type RestoreRequest } from "../../../src/daemon/backup/restore-plan.ts";
import { votersOf } from "../../host/support/members.ts";
import { clusterId } from "./backup-files.ts";

const header: ImageHeader = {
  kind: "backup", clusterId, clusterIncarnation: 4, region: { id: globalRegion, name: "global" }, index: 100, term: 7, membership: votersOf(1, 2, 3), stateDigest: "0".repeat(32), compression: "none",
};
const imageDigest = "ab".repeat(32);
const members = ["n1", "n2", "n3"].map((name, place) => ({ name, peerAddress: `10.0.0.${place + 1}:7401` }));
const alone: RestoreRequest = { name: "n1", members: [], token: undefined, keepClusterId: false, bumpIndex: 0, settings: { listenPeer: "127.0.0.1:1", listenClient: "127.0.0.1:2" } };

const plan = (changes: Partial<RestoreRequest> = {}, source: Partial<ImageHeader> = {}, digest = imageDigest): RestorePlan => planRestore({ header: { ...header, ...source }, imageDigest: digest }, { ...alone, ...changes });

test("a node alone is the only voter of a cluster with an id by chance", () => {
  const [one, other] = [plan(), plan()];
  expect(one.membership).toMatchObject({ voters: [one.identity.nodeId], members: [{ name: "n1", peerAddress: "127.0.0.1:1", clientAddress: "127.0.0.1:2", incarnation: 1 }] });
  expect(one.identity).toMatchObject({ foundedBy: "restore", incarnation: 1, clusterIncarnation: 1, name: "n1" });
  expect(new Set([one.identity.clusterId, other.identity.clusterId, clusterId]).size).toBe(3);
  expect(one.identity.nodeId).not.toBe(other.identity.nodeId);
});

test("the same file and members make one cluster of all machines, in whatever order they are named", () => {
  const [one, two, three] = ["n1", "n2", "n3"].map((name, place) => plan({ name, members: [...members.slice(place), ...members.slice(0, place)], settings: { listenPeer: `x:${place + 1}`, listenClient: `y:${place + 1}` } }));
  expect(new Set([one, two, three].map((made) => made!.identity.clusterId)).size).toBe(1);
  expect(two!.membership).toEqual(one!.membership);
  expect(three!.membership).toEqual(one!.membership);
  expect([one, two, three].map((made) => made!.identity.nodeId)).toEqual(one!.membership.voters);
  expect(new Set(one!.membership.voters).size).toBe(3);
});

test("whoever gives anything else gets another cluster, and other ids", () => {
  const several = { members };
  const usual = plan(several);
  const others = [
    plan({ ...several, token: "t" }), plan({ ...several, token: "u" }), plan({ ...several, bumpIndex: 1 }),
    plan({ members: [{ ...members[0]!, peerAddress: "10.0.0.9:7401" }, ...members.slice(1)] }), plan({ members: members.slice(0, 2) }),
    plan(several, { index: 101 }), plan(several, { clusterId: parseClusterId("1".repeat(32)) }), plan(several, {}, "cd".repeat(32)),
  ];
  expect(new Set([usual, ...others].map(({ identity }) => identity.clusterId)).size).toBe(9);
  expect(new Set([usual, ...others].map(({ identity }) => identity.nodeId)).size).toBe(9);
  expect(plan({ token: "t" }).identity).toEqual(plan({ token: "t" }).identity);
});

test("a cluster that keeps its id is one incarnation later, with other nodes than before (H8)", () => {
  const kept = plan({ members, keepClusterId: true });
  expect(kept.identity).toMatchObject({ clusterId, clusterIncarnation: 5 });
  expect(header.membership.voters).not.toContain(kept.identity.nodeId);
  expect(() => plan({ keepClusterId: true }, { clusterIncarnation: undefined })).toThrow("does not say in which incarnation");
});

test("indexes go up by what was asked for, and never beyond what a number holds", () => {
  expect(plan({ bumpIndex: 1_000 }).position).toEqual({ index: 1_100, term: 7 });
  expect(() => plan({ bumpIndex: Number.MAX_SAFE_INTEGER })).toThrow("indexes end at 2^53-1");
});

test("members that make no cluster, and a region that is not restored here, are refused", () => {
  expect(() => plan({ name: "n9", members })).toThrow("n9 is not among n1, n2, n3");
  expect(() => plan({ members: [...members, members[0]!] })).toThrow("names n1 twice");
  expect(() => plan({ members: [members[0]!, { name: "n4", peerAddress: members[0]!.peerAddress }] })).toThrow("to two members");
  for (const name of ["n/../2", "", "7", "n\u0000", "-n"]) expect(() => plan({ members: [...members, { name, peerAddress: "x:1" }] }), JSON.stringify(name)).toThrow("is no name of a node");
  expect(() => plan({}, { region: { id: parseRegionId(2), name: "eu" } })).toThrow("the file holds eu");
});
