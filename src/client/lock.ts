// A lock that is held: a place at the head of its queue, and the lease that keeps it there. See docs/locks.md for what may be relied on.

import type { Lease } from "./lease.ts";
import type { TxnComparison } from "./txn.ts";

export interface HeldPlace {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly token: number;
  readonly lease: Lease;
}

export class Lock implements AsyncDisposable {
  readonly name: string;
  /** Nobody else writes it: the lease is in its name. */
  readonly key: string;
  /** What others see of the holder. */
  readonly value: string;
  /** The fencing token: larger than that of every earlier holder. Who is acted upon refuses one that is lower than one seen before. */
  readonly token: number;
  readonly #lease: Lease;

  constructor({ name, key, value, token, lease }: HeldPlace) {
    this.name = name;
    this.key = key;
    this.value = value;
    this.token = token;
    this.#lease = lease;
  }

  /** Aborted when the lock is not held any more, or may be not, and before another one can have it unless somebody has revoked the lease. Never after `release`. */
  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  /** For so long the lock is surely held, ms; 0 once it is lost. */
  get remainingMs(): number {
    return this.#lease.remainingMs;
  }

  /** Calls each time that `remainingMs` has grown; one listener at most. */
  onKeptAlive(call: () => void): void {
    this.#lease.onKeptAlive(call);
  }

  /** Of a transaction: it is carried out only while the lock is held. Part of `compare`. */
  guard(): TxnComparison {
    return { key: this.key, createIndex: this.token };
  }

  /** The next one has its turn. @throws LEASE_NOT_FOUND when it was not held any more, besides what a write throws */
  release(): Promise<void> {
    return this.#lease.revoke();
  }

  /** As `release`, but what cannot be released now ends by itself. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#lease[Symbol.asyncDispose]();
  }
}
