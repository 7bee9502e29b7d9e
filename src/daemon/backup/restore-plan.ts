// What a directory that is restored from a file becomes: which cluster, which node, which members. Ids of a cluster of several are derived from what all of
// them are given (the image and its origin, the members, the token), so that the same command on each machine makes members of one cluster that have never
// spoken; somebody who gives anything else gets another cluster id, and is turned away. A node alone, without a token, gets ids by chance.

import { createHash, randomBytes } from "node:crypto";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion, globalRegionName, nodeIdFromBigint, parseClusterId, type ClusterId, type NodeId } from "../../base/ids.ts";
import type { IdentitySettings } from "../../config/identity-settings.ts";
import type { Member, Membership } from "../../raft/membership.ts";
import { dataFormat, type Identity } from "../../storage/data-dir.ts";
import { firstClusterIncarnation } from "../../wire/handshake.ts";
import type { ImageHeader } from "./image-file.ts";

export interface RestoreRequest {
  readonly name: string;
  /** All of the new cluster, this node included; empty: this node alone. */
  readonly members: readonly { readonly name: string; readonly peerAddress: string }[];
  /** Tells clusters apart that are restored from the same file with the same members. */
  readonly token: string | undefined;
  /** The cluster stays itself, one incarnation later, so that nobody of the old one is heard. */
  readonly keepClusterId: boolean;
  /** By how much indexes go up. */
  readonly bumpIndex: number;
  readonly settings: IdentitySettings;
}

/** What was read of the file, to its end. */
export interface RestoreSource {
  readonly header: ImageHeader;
  /** SHA-256 of the image. */
  readonly imageDigest: string;
}

export interface RestorePlan {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly position: { readonly index: number; readonly term: number };
  readonly bumpIndex: number;
}

/** @throws INCOMPATIBLE for a region or file that cannot be restored so, INVALID_ARGUMENT for members that make no cluster */
export function planRestore({ header, imageDigest }: RestoreSource, request: RestoreRequest): RestorePlan {
  const { name, settings, bumpIndex } = request;
  if (header.region.id !== globalRegion) throw new RaftctlError("INCOMPATIBLE", `the file holds ${header.region.name}: this version restores the region ${globalRegionName} alone`);
  const index = header.index + bumpIndex;
  if (!Number.isSafeInteger(index)) throw new RaftctlError("INVALID_ARGUMENT", `index ${header.index} cannot go up by ${bumpIndex}: indexes end at 2^53-1`);
  const seed = seedOf({ header, imageDigest }, request);
  const { clusterId, clusterIncarnation } = clusterOf(seed, header, request);
  const membership = membershipOf(seed, request);
  const identity: Identity = { formatVersion: dataFormat, clusterId, clusterIncarnation, nodeId: nodeIdOf(seed, name), incarnation: 1, name, foundedBy: "restore", settings: { ...settings } };
  return { identity, membership, position: { index, term: header.term }, bumpIndex };
}

function seedOf({ header, imageDigest }: RestoreSource, { members, token, bumpIndex, keepClusterId }: RestoreRequest): Buffer {
  if (members.length <= 1 && token === undefined) return randomBytes(32);
  const all = members.map(({ name, peerAddress }) => [name, peerAddress]).toSorted(byFirst);
  const { clusterId, clusterIncarnation, index, term } = header;
  return sha256("raftctl restore, cluster", [clusterId, clusterIncarnation ?? 0, index, term, imageDigest, all, token ?? null, bumpIndex, keepClusterId]);
}

function byFirst(left: readonly string[], right: readonly string[]): number {
  return left[0]! < right[0]! ? -1 : 1;
}

function clusterOf(seed: Buffer, header: ImageHeader, { keepClusterId }: RestoreRequest): { clusterId: ClusterId; clusterIncarnation: number } {
  if (!keepClusterId) return { clusterId: parseClusterId(seed.toString("hex", 0, 16)), clusterIncarnation: firstClusterIncarnation };
  if (header.clusterIncarnation === undefined) {
    throw new RaftctlError("INCOMPATIBLE", "a node's own snapshot does not say in which incarnation its cluster is, so the cluster id cannot be kept", { hint: "restore a file that raftctl snapshot --output has written, or take a new cluster id" });
  }
  return { clusterId: parseClusterId(header.clusterId), clusterIncarnation: header.clusterIncarnation + 1 };
}

function membershipOf(seed: Buffer, { name, members, settings }: RestoreRequest): Membership {
  const { listenPeer, listenClient, advertisePeer = listenPeer, advertiseClient = listenClient } = settings;
  const self = { name, peerAddress: advertisePeer, clientAddress: advertiseClient };
  // The same on every machine, and of one member alone: where it serves clients, each of them announces when it has started.
  const all = members.length === 0 ? [self] : members.map((member) => ({ ...member, clientAddress: member.peerAddress }));
  refuseMembers(name, all);
  const made = all.map(({ name: memberName, ...addresses }): Member => ({ id: nodeIdOf(seed, memberName), name: memberName, ...addresses, incarnation: 1, masterEligible: true }));
  const sorted = made.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return { voters: sorted.map(({ id }) => id), votersOutgoing: [], learners: [], learnersNext: [], members: sorted };
}

function refuseMembers(name: string, members: readonly { readonly name: string; readonly peerAddress: string }[]): void {
  const names = members.map((member) => member.name);
  const unusable = names.find((found) => !/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(found) || /^\d+$/.test(found));
  if (unusable !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `--members: ${JSON.stringify(unusable)} is no name of a node: letters, digits, ".", "_" and "-", at most 64, not only digits`);
  const twice = names.find((found, place) => names.indexOf(found) !== place);
  if (twice !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `--members names ${twice} twice`);
  const addresses = members.map(({ peerAddress }) => peerAddress);
  const shared = addresses.find((found, place) => addresses.indexOf(found) !== place);
  if (shared !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `--members gives the address ${shared} to two members`);
  if (!names.includes(name)) throw new RaftctlError("INVALID_ARGUMENT", `--members does not name this node: ${name} is not among ${names.join(", ")}`, { hint: "give --name one of them" });
}

function nodeIdOf(seed: Buffer, name: string): NodeId {
  const value = sha256("raftctl restore, node", [seed.toString("hex"), name]).readBigUInt64LE(0);
  return nodeIdFromBigint(value === 0n ? 1n : value);
}

function sha256(purpose: string, parts: unknown): Buffer {
  return createHash("sha256").update(`${purpose}\0${JSON.stringify(parts)}`).digest();
}
