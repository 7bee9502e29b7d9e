// What the leader tells of leases: how long each one lasts at least, and which keys go with it. Pages and lists are bounded, so that an answer fits a frame.

import type { Lessor } from "../host/lessor.ts";
import type { Lease } from "../machine/leases.ts";
import type { Machine } from "../machine/machine.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { LeaseReport } from "../wire/lease-reports.ts";
import { leaseText, parseLease } from "../base/lease-id.ts";

export const leasePageMax = 1_000;
/** Of the keys in one answer. */
const keysBytesMax = 512 * 1024;
const keysMax = 10_000;

export interface LeaseSources {
  readonly lessor: Lessor;
  readonly machine: Pick<Machine, "leases" | "leasePage" | "keysOfLease">;
}

type Remaining = (lease: bigint) => number | undefined;

export async function keepAliveAtLeader(lessor: Lessor, { leases }: AdminMethods["leaseKeepAlive"]["params"], timeoutMs: number): Promise<AdminMethods["leaseKeepAlive"]["result"]> {
  const remaining = await lessor.keepAlive(leases.map(idOf), timeoutMs);
  return { remainingMs: remaining.map((ms) => ms ?? null) };
}

export async function leaseList({ lessor, machine }: LeaseSources, { after, limit }: AdminMethods["leaseList"]["params"], timeoutMs: number): Promise<AdminMethods["leaseList"]["result"]> {
  const remaining = await lessor.remaining(timeoutMs);
  const first = after === null ? 1n : idOf(after) + 1n;
  const found = first === 2n ** 64n ? [] : machine.leasePage(first, limit + 1);
  return { leases: found.slice(0, limit).map((lease) => reportOf(lease, remaining)), more: found.length > limit };
}

export async function leaseInfo({ lessor, machine }: LeaseSources, { lease: text, keys }: AdminMethods["leaseInfo"]["params"], timeoutMs: number): Promise<AdminMethods["leaseInfo"]["result"]> {
  const remaining = await lessor.remaining(timeoutMs);
  const lease = machine.leases.get(idOf(text));
  if (lease === undefined) return null;
  const attached = keys ? fitting(machine.keysOfLease(lease.id, keysMax)) : null;
  return { ...reportOf(lease, remaining), attached, more: attached !== null && attached.length < lease.keys };
}

function reportOf({ id, ttlMs, grantIndex, keys }: Lease, remaining: Remaining): LeaseReport {
  return { id: leaseText(id), ttlMs, remainingMs: remaining(id) ?? 0, grantIndex, keys };
}

function fitting(keys: readonly Uint8Array[]): Uint8Array[] {
  let bytes = 0;
  const end = keys.findIndex((key) => (bytes += key.length + 8) > keysBytesMax);
  return keys.slice(0, end === -1 ? keys.length : end);
}

/** Of a text that the door has let in. */
function idOf(text: string): bigint {
  return parseLease(text) ?? 0n;
}
