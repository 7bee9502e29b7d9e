// `raftctl lease keep-alive`: one keep-alive, or one after the other until the lease is gone.

import { setTimeout as sleep } from "node:timers/promises";
import { toRaftctlError } from "../base/errors.ts";
import type { Leases } from "../client/leases.ts";
import { clockDriftMax } from "../client/lease.ts";
import { leaseMayBeGone, noSuchLease } from "../client/lease-errors.ts";

type Keeper = Pick<Leases, "keepAlive">;

const pauseMsMax = 500;

/** @returns ms that are left. @throws LEASE_NOT_FOUND */
export async function keepAliveOnce(leases: Keeper, id: bigint): Promise<number> {
  const [remainingMs] = await leases.keepAlive([id]);
  if (remainingMs === undefined) throw noSuchLease(id);
  return remainingMs;
}

/** Goes on for ever. @throws LEASE_NOT_FOUND once the lease has ended, or may have; and what the first keep-alive throws */
export async function keepAliveOnAndOn(leases: Keeper, id: bigint, tell: (remainingMs: number) => void): Promise<never> {
  let sentAt = performance.now();
  let remainingMs = await keepAliveOnce(leases, id);
  for (;;) {
    tell(remainingMs);
    const safeUntil = sentAt + remainingMs * (1 - clockDriftMax);
    await sleep(remainingMs / 3);
    [sentAt, remainingMs] = await nextAnswer(leases, id, safeUntil);
  }
}

async function nextAnswer(leases: Keeper, id: bigint, safeUntil: number): Promise<[number, number]> {
  for (;;) {
    const sentAt = performance.now();
    const [answer] = await leases.keepAlive([id], { timeoutMs: Math.max(1, safeUntil - sentAt) }).catch((thrown: unknown) => [toRaftctlError(thrown)]);
    if (typeof answer === "number") return [sentAt, answer];
    if (answer === undefined) throw noSuchLease(id);
    if (performance.now() >= safeUntil) throw leaseMayBeGone(id, answer);
    await sleep(Math.min(pauseMsMax, Math.max(0, safeUntil - performance.now())));
  }
}
