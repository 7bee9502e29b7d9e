// The part of a command that is about leases: a put may name one, a grant begins one, a revoke ends one. A lease is named by its id, 8 bytes little-endian where
// a range has its end; its ttl, or the grant that is over, stands where a condition has its version.

import { readU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { LeaseGrantCommand, LeaseRevokeCommand } from "./command-types.ts";

/** A year. */
export const leaseTtlMsMax = 31_536_000_000;
export const leaseIdBytes = 8;
/** Of a revoke, among the flags. */
export const expiredFlag = 0b0001;
const u64Max = 2n ** 64n - 1n;

export function isGrantSound(flags: number, ttlMs: number): boolean {
  return flags === 0 && ttlMs >= 1 && ttlMs <= leaseTtlMsMax;
}

export function isRevokeSound(flags: number, grant: number): boolean {
  return flags === expiredFlag ? grant >= 1 : flags === 0 && grant === 0;
}

/** No lease has the id 0. */
export function isLeaseIdAt(bytes: Uint8Array, offset: number): boolean {
  return readU32(bytes, offset) !== 0 || readU32(bytes, offset + 4) !== 0;
}

export function leaseAt(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, leaseIdBytes).getBigUint64(0, true);
}

export function leaseIdBytesOf(lease: bigint): Uint8Array {
  const bytes = new Uint8Array(leaseIdBytes);
  new DataView(bytes.buffer).setBigUint64(0, lease, true);
  return bytes;
}

/** One after the other. */
export function leaseIdsBytes(leases: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(leases.length * leaseIdBytes);
  for (const [place, lease] of leases.entries()) new DataView(bytes.buffer).setBigUint64(place * leaseIdBytes, lease, true);
  return bytes;
}

/** @returns undefined for what is no row of ids */
export function leaseIdsIn(bytes: Uint8Array): bigint[] | undefined {
  if (bytes.length % leaseIdBytes !== 0) return undefined;
  const leases = Array.from({ length: bytes.length / leaseIdBytes }, (_, place) => leaseAt(bytes, place * leaseIdBytes));
  return leases.includes(0n) ? undefined : leases;
}

/** @throws INVALID_ARGUMENT */
export function checkLease(command: LeaseGrantCommand | LeaseRevokeCommand): void {
  checkLeaseId(command.lease);
  if (command.operation === "leaseGrant" && !isIn(command.ttlMs, leaseTtlMsMax)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not the time of a lease: ${command.ttlMs} ms (want an integer from 1 to ${leaseTtlMsMax}, a year)`);
  }
  if (command.operation === "leaseRevoke" && command.expiredGrant !== undefined && !isIn(command.expiredGrant, Number.MAX_SAFE_INTEGER)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not the index of a grant: ${command.expiredGrant} (want an integer from 1 to 2^53-1)`);
  }
}

/** @throws INVALID_ARGUMENT */
export function checkLeaseId(lease: bigint): void {
  if (lease < 1n || lease > u64Max) throw new RaftctlError("INVALID_ARGUMENT", `not the id of a lease: ${lease} (want 1 to 2^64-1)`);
}

function isIn(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}
