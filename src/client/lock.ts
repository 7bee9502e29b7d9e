// A lock that is held: a place at the head of its queue, and the lease that keeps it there. See docs/locks.md for what may be relied on.

import type { RaftctlError } from "../base/errors.ts";
import type { CallOptions } from "./deadline.ts";
import type { Lease } from "./lease.ts";
import type { TxnComparison } from "./txn.ts";

export interface HeldPlace {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly token: number;
  readonly lease: Lease;
  /** Resolves with why the place is lost although the lease may live, or with undefined when the signal ends the watching. Never rejects. */
  readonly gone: (signal: AbortSignal) => Promise<RaftctlError | undefined>;
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
  readonly #gone = new AbortController();
  /** The holder has given it back. */
  readonly #released = new AbortController();
  readonly #lost: AbortSignal;

  constructor({ name, key, value, token, lease, gone }: HeldPlace) {
    this.name = name;
    this.key = key;
    this.value = value;
    this.token = token;
    this.#lease = lease;
    this.#lost = AbortSignal.any([lease.lost, this.#gone.signal]);
    void gone(AbortSignal.any([lease.lost, this.#released.signal])).then((reason) => this.#placeIsGone(reason));
  }

  /**
   * Aborted when the lock is not held any more, or may be not: before another one can have it, or, where somebody has deleted the key or revoked the lease by
   * hand, as soon as that is heard of. Its reason is a LEASE_NOT_FOUND. Never after `release`.
   */
  get lost(): AbortSignal {
    return this.#lost;
  }

  /** For so long the lock is surely held, ms; 0 once it is lost. */
  get remainingMs(): number {
    return this.#lost.aborted ? 0 : this.#lease.remainingMs;
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
  release(options: CallOptions = {}): Promise<void> {
    this.#released.abort();
    return this.#lease.revoke(options);
  }

  /** As `release`, but what cannot be released now ends by itself. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#released.abort();
    return this.#lease[Symbol.asyncDispose]();
  }

  #placeIsGone(reason: RaftctlError | undefined): void {
    if (reason === undefined || this.#released.signal.aborted || this.#lost.aborted) return;
    this.#gone.abort(reason);
    // It keeps nothing any more, and its end is nobody's news.
    void this.#lease[Symbol.asyncDispose]();
  }
}
