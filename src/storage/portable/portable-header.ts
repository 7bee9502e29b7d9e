// What a portable file says of itself: whose state it is, at which position, and what its bytes are. Canonical JSON: one spelling for each header, so that
// two members write the same bytes at the same index. Nothing in it is of a node or of a time. Whatever is not written exactly so is refused.

import { utf8, utf8Text } from "../../base/bytes.ts";
import { parseClusterId, parseNodeId, parseRegionId, type ClusterId, type RegionId } from "../../base/ids.ts";
import type { Member, Membership } from "../../raft/membership.ts";
import { membershipJson } from "../snapshot-file.ts";
import { compressions, type Compression } from "./portable-ports.ts";

export const imageFormat = 1;
export const membersMax = 256;

export interface PortableHeader {
  readonly clusterId: ClusterId;
  readonly clusterIncarnation: number;
  readonly region: { readonly id: RegionId; readonly name: string };
  readonly index: number;
  readonly term: number;
  /** In force at that index. */
  readonly membership: Membership;
  /** Of the state machine at that index, 32 hexadecimal digits. */
  readonly stateDigest: string;
  readonly imageFormat: number;
  readonly compression: Compression;
}

export function encodeHeader({ clusterId, clusterIncarnation, region, index, term, membership, ...image }: PortableHeader): Uint8Array {
  const position = JSON.stringify({ clusterId, clusterIncarnation, region: { id: region.id, name: region.name }, index, term });
  const content = JSON.stringify({ stateDigest: image.stateDigest, imageFormat: image.imageFormat, compression: image.compression });
  return utf8(`${position.slice(0, -1)},"membership":${membershipJson(membership)},${content.slice(1)}`);
}

/** @returns what is wrong with it, when it is not a header */
export function decodeHeader(bytes: Uint8Array): PortableHeader | string {
  const text = utf8Text(bytes);
  if (text === undefined) return "its header is not UTF-8";
  try {
    const header = JSON.parse(text) as PortableHeader;
    const fault = headerFault(header);
    if (fault !== undefined) return fault;
    return utf8Text(encodeHeader(header)) === text ? header : "its header is not written in the one way that it can be";
  } catch (error) {
    return `its header is not one: ${(error as Error).message.split("\n")[0]}`;
  }
}

function headerFault(header: PortableHeader): string | undefined {
  parseClusterId(header.clusterId);
  parseRegionId(header.region.id);
  if (!isName(header.region.name)) return "its header names no region";
  for (const number of [header.clusterIncarnation, header.index, header.term, header.imageFormat]) if (!Number.isSafeInteger(number) || number < 1) return "its header holds an impossible number";
  if (!/^[0-9a-f]{32}$/.test(header.stateDigest)) return "its header holds no digest of the state";
  if (!compressions.includes(header.compression)) return "its header names an unknown compression";
  return membershipFault(header.membership);
}

function membershipFault({ voters, votersOutgoing, learners, learnersNext, members, replacements = [] }: Membership): string | undefined {
  for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
    if (ids.length > membersMax) return "its header holds too many members";
    for (const id of ids) parseNodeId(id);
  }
  if (members.length > membersMax || replacements.length > membersMax) return "its header holds too many members";
  return members.every(isMember) ? undefined : "its header holds an impossible member";
}

/** One that is only expected has no incarnation yet: 0. */
function isMember({ id, name, peerAddress, clientAddress, incarnation, masterEligible }: Member): boolean {
  parseNodeId(id);
  return isName(name) && isAddress(peerAddress) && isAddress(clientAddress) && Number.isSafeInteger(incarnation) && incarnation >= 0 && typeof masterEligible === "boolean";
}

/** Nothing that could mean something to a file system or a terminal. Whatever a membership may hold: a file that is written can be read. */
function isName(name: unknown): boolean {
  return typeof name === "string" && /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(name);
}

function isAddress(address: unknown): boolean {
  return typeof address === "string" && /^[^\s\p{Cc}]{1,300}$/u.test(address);
}
