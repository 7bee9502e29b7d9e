// What the state machine's refusals mean where a lease was named.

import { RaftctlError } from "../base/errors.ts";
import type { Command } from "../wire/command.ts";
import { leaseText } from "../base/lease-id.ts";

export function noSuchLease(lease: bigint): RaftctlError {
  return new RaftctlError("LEASE_NOT_FOUND", `there is no lease ${leaseText(lease)}: it has expired, was revoked or was never granted`, {
    hint: "raftctl lease grant TTL", details: { lease: leaseText(lease) },
  });
}

/** Nobody has confirmed in time that it is still there. */
export function leaseMayBeGone(lease: bigint, cause?: RaftctlError): RaftctlError {
  return new RaftctlError("LEASE_NOT_FOUND", `lease ${leaseText(lease)} may have ended: no keep-alive was answered in time`, { cause, details: { lease: leaseText(lease) } });
}

export function leaseNotFound(command: Command): RaftctlError {
  if (command.operation === "txn") return new RaftctlError("LEASE_NOT_FOUND", "a put of the transaction names a lease that there is not (any more); nothing was done", { hint: "raftctl lease list" });
  return noSuchLease(leaseOf(command));
}

export function leaseConflict(command: Command): RaftctlError {
  const id = leaseText(leaseOf(command));
  return new RaftctlError("CONFLICT", `lease ${id} exists with another ttl; nothing was changed`, { hint: `raftctl lease info ${id}`, details: { lease: id } });
}

/** Of a put, or of a grant. */
export function leaseIsFull(command: Command): RaftctlError {
  if (command.operation === "leaseGrant") {
    return new RaftctlError("TOO_LARGE", "the cluster has all the leases that it may have; none was granted", { hint: "raftctl lease list; share a lease among keys that end together" });
  }
  return new RaftctlError("TOO_LARGE", `lease ${leaseText(leaseOf(command))} has all the keys that it may have; nothing was written`, { hint: "grant another lease for further keys" });
}

function leaseOf(command: Command): bigint {
  return "lease" in command ? (command.lease ?? 0n) : 0n;
}
