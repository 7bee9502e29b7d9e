// Who is who. Ids are decimal strings of a u64, because JavaScript's numbers end at 2^53; branded, so that a node id is never taken for a
// cluster id. Terms and indexes are plain numbers inside (safe integers) and strings in JSON.

import { RaftctlError } from "./errors.ts";

declare const brand: unique symbol;
/** A u64 in decimal, 1 to 2^64-1, chosen at random by `init` or `join` and never typed by hand. */
export type NodeId = string & { readonly [brand]: "NodeId" };
/** 32 hexadecimal digits, chosen at random by `init`. */
export type ClusterId = string & { readonly [brand]: "ClusterId" };
/** A Raft group, 1 to 2^32-1. On every peer message, log record and snapshot. */
export type RegionId = number & { readonly [brand]: "RegionId" };

/** The region that always exists: cluster-wide data, and what is used when no region is named. */
export const globalRegion = 1 as RegionId;
export const globalRegionName = "global";

const u64Max = 2n ** 64n - 1n;

export function parseNodeId(text: string): NodeId {
  if (!/^[1-9][0-9]{0,19}$/.test(text) || BigInt(text) > u64Max) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a node id: ${JSON.stringify(text)} (want a decimal from 1 to 2^64-1)`);
  }
  return text as NodeId;
}

export function nodeIdFromBigint(value: bigint): NodeId {
  return parseNodeId(value.toString());
}

export function parseClusterId(text: string): ClusterId {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a cluster id: ${JSON.stringify(text)} (want 32 hexadecimal digits)`);
  }
  return text as ClusterId;
}

export function parseRegionId(value: number): RegionId {
  if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a region id: ${value} (want an integer from 1 to 2^32-1)`);
  }
  return value as RegionId;
}
