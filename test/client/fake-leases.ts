// The leases of a daemon that is none: they never end by themselves, unless a test says so.

import type { LeaseGrantCommand, LeaseRevokeCommand } from "../../src/wire/command-types.ts";
import type { AdminMethods } from "../../src/wire/admin-protocol.ts";
import type { LeaseReport } from "../../src/wire/lease-reports.ts";
import { leaseText, parseLease } from "../../src/base/lease-id.ts";
import type { ResultStatus } from "../../src/wire/command-result.ts";

interface FakeLease {
  readonly ttlMs: number;
  readonly grantIndex: number;
  readonly keys: Set<string>;
}

export class FakeLeases {
  readonly granted = new Map<bigint, FakeLease>();
  /** Of the keep-alives, in order: the leases that each one named. */
  readonly keptAlive: bigint[][] = [];

  execute(command: LeaseGrantCommand | LeaseRevokeCommand, index: number): { readonly status: ResultStatus; readonly keys: readonly string[] } {
    const known = this.granted.get(command.lease);
    if (command.operation === "leaseGrant") {
      if (known !== undefined && known.ttlMs !== command.ttlMs) return { status: "conflict", keys: [] };
      this.granted.set(command.lease, { ttlMs: command.ttlMs, grantIndex: index, keys: known?.keys ?? new Set() });
      return { status: "ok", keys: [] };
    }
    if (known === undefined) return { status: "leaseNotFound", keys: [] };
    this.granted.delete(command.lease);
    return { status: "ok", keys: [...known.keys] };
  }

  /** false: there is no such lease. */
  attach(key: string, lease: bigint | undefined): boolean {
    if (lease !== undefined && !this.granted.has(lease)) return false;
    for (const { keys } of this.granted.values()) keys.delete(key);
    if (lease !== undefined) this.granted.get(lease)!.keys.add(key);
    return true;
  }

  page({ after, limit }: AdminMethods["leaseList"]["params"]): AdminMethods["leaseList"]["result"] {
    const found = [...this.granted.keys()].map(leaseText).toSorted().filter((id) => after === null || id > after);
    return { leases: found.slice(0, limit).map((id) => this.#report(id)), more: found.length > limit };
  }

  details({ lease, keys }: AdminMethods["leaseInfo"]["params"]): AdminMethods["leaseInfo"]["result"] {
    const found = this.granted.get(parseLease(lease)!);
    if (found === undefined) return null;
    return { ...this.#report(lease), attached: keys ? [...found.keys].toSorted().map((key) => Buffer.from(key, "hex")) : null, more: false };
  }

  #report(id: string): LeaseReport {
    const { ttlMs, grantIndex, keys } = this.granted.get(parseLease(id)!)!;
    return { id, ttlMs, remainingMs: ttlMs - 1, grantIndex, keys: keys.size };
  }

  keepAlive(ids: readonly bigint[]): (number | undefined)[] {
    this.keptAlive.push([...ids]);
    return ids.map((id) => this.granted.get(id)?.ttlMs);
  }
}
