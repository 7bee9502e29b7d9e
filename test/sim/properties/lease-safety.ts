// Lease Safety: a lease whose grant or keep-alive was answered with yes is not ended because of its time before its ttl is over since that request was sent
// (H24, H25); docs/leases.md.
//
// Measured in the time of the world, in which the holder lives; the leader's clock may run faster, by as much as the run says at most. The end counts from when
// the first replica applies it.

import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { commandFault, decodeCommand } from "../../../src/wire/command.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { Violation, type LeasePromise, type Property, type ReplicaView } from "./property.ts";

export interface LeaseSafetyOptions {
  /** ms, virtual. */
  readonly now: () => number;
  /** Of the fastest clock that any node ever had, against the time of the world. */
  readonly clockRateMax: () => number;
}

/** Of sums of times that are no whole numbers, ms. */
const roundingMs = 0.001;

export class LeaseSafety implements Property {
  readonly name = "Lease Safety";
  readonly #options: LeaseSafetyOptions;
  readonly #promises = new Map<bigint, LeasePromise>();
  readonly #endedAt = new Map<bigint, number>();
  #lastApplied = 0;

  constructor(options: LeaseSafetyOptions) {
    this.#options = options;
  }

  /** The holder was told so; answers overtake each other. */
  leaseKept(promise: LeasePromise): void {
    const known = this.#promises.get(promise.lease);
    if (known === undefined || known.sentAt < promise.sentAt) this.#promises.set(promise.lease, promise);
    this.#check(promise.lease);
  }

  applied(_replica: ReplicaView, entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    for (const [place, entry] of entries.entries()) {
      if (entry.index <= this.#lastApplied) continue;
      this.#lastApplied = entry.index;
      const lease = endedBy(entry, results[place]);
      if (lease === undefined) continue;
      this.#endedAt.set(lease, this.#options.now());
      this.#check(lease);
    }
  }

  #check(lease: bigint): void {
    const [promise, endedAt] = [this.#promises.get(lease), this.#endedAt.get(lease)];
    if (promise === undefined || endedAt === undefined) return;
    const livedMs = endedAt - promise.sentAt;
    const leastMs = promise.ttlMs / this.#options.clockRateMax();
    if (livedMs + roundingMs >= leastMs) return;
    throw new Violation(this.name, `lease ${lease} of ${promise.ttlMs} ms has ended ${livedMs.toFixed(3)} ms after a request was sent that was answered with yes (clocks allow ${leastMs.toFixed(3)} ms)`);
  }
}

/** The lease that the entry has ended because its time was over. */
function endedBy({ type, data }: Entry, result: Uint8Array | undefined): bigint | undefined {
  if (type !== entryTypes.command || result === undefined || commandFault(data) !== undefined) return undefined;
  const command = decodeCommand(data);
  return command.operation === "leaseRevoke" && command.expiredGrant !== undefined && decodeResult(result).status === "ok" ? command.lease : undefined;
}
