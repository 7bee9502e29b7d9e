// Hands persist batches to storage and says when they are durable, in order. On a full disk it holds what could not be written, tries again until
// space returns, and lets nothing overtake. Messages that depend on a batch wait here until it is durable (diss. §3.8).

import { assert } from "../base/assert.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { MaybePromise } from "../base/deferred.ts";
import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { Envelope, PersistBatch, Ready } from "../raft/ready.ts";
import type { RaftStorage } from "./raft-storage.ts";

/** A full disk is tried again this often, ms. */
export const noSpaceRetryMs = 200;

export interface PersisterOwner {
  /** Every batch up to this sequence is durable; called in order, possibly before `persist` returns. */
  persisted(sequence: number): void;
  fatal(error: Error): void;
}

export class Persister {
  readonly #storage: RaftStorage;
  readonly #clock: Clock;
  readonly #owner: PersisterOwner;
  #dependents: Ready["messagesAfterPersist"][number][] = [];
  /** In order; while there are any, only the first one is written. */
  #refused: PersistBatch[] = [];
  /** The first one is on its way again. */
  #retrying = false;
  #retryTimer: Timer | undefined;
  #durable = 0;
  #stopped = false;

  constructor(storage: RaftStorage, clock: Clock, owner: PersisterOwner) {
    this.#storage = storage;
    this.#clock = clock;
    this.#owner = owner;
  }

  persist(batch: PersistBatch): void {
    if (this.#refused.length > 0) {
      mark("persist-queued-behind-a-refused-batch");
      this.#refused.push(batch);
    } else this.#write(batch);
  }

  hold(dependents: Ready["messagesAfterPersist"]): void {
    this.#dependents.push(...dependents);
  }

  /** What may leave now, in the order in which the core gave it. */
  release(): readonly Envelope[] {
    if (this.#dependents.length === 0 || this.#dependents[0]!.sequence > this.#durable) return [];
    const free = this.#dependents.filter((dependent) => dependent.sequence <= this.#durable);
    this.#dependents = this.#dependents.filter((dependent) => dependent.sequence > this.#durable);
    return free;
  }

  stop(): void {
    this.#stopped = true;
    this.#dependents = [];
    this.#refused = [];
    this.#retryTimer?.cancel();
  }

  #write(batch: PersistBatch): void {
    let written: MaybePromise<void>;
    try {
      written = this.#storage.persist(batch);
    } catch (error) {
      return this.#failed(batch, error as Error);
    }
    if (!(written instanceof Promise)) return this.#done(batch);
    written
      .then(
        () => this.#done(batch),
        (error: Error) => this.#failed(batch, error),
      )
      .catch((error: Error) => this.#owner.fatal(error));
  }

  #done({ sequence }: PersistBatch): void {
    if (this.#stopped) return;
    assert(sequence === this.#durable + 1, "persist batches become durable in order");
    this.#durable = sequence;
    const wasRefused = this.#refused[0]?.sequence === sequence;
    if (wasRefused) {
      mark("persist-refused-batch-written-at-last");
      this.#refused.shift();
      this.#retrying = false;
    }
    this.#owner.persisted(sequence);
    if (wasRefused) this.#retry();
  }

  #failed(batch: PersistBatch, error: Error): void {
    if (this.#stopped) return;
    if (!(error instanceof RaftctlError) || error.code !== "NO_SPACE") return this.#owner.fatal(error);
    mark("persist-refused-no-space");
    // Those that were on their way together are refused together, and each may come back after a later one was put here.
    if (!this.#refused.includes(batch)) this.#refused = [...this.#refused, batch].toSorted((left, right) => left.sequence - right.sequence);
    else if (this.#refused[0] === batch) this.#retrying = false;
    this.#retryTimer ??= this.#clock.at(this.#clock.now() + noSpaceRetryMs, () => {
      this.#retryTimer = undefined;
      this.#retry();
    });
  }

  /** One after the other: a full log still takes a vote or a term, which must not overtake the entries before it. */
  #retry(): void {
    const next = this.#refused[0];
    if (next === undefined || this.#stopped || this.#retrying) return;
    this.#retrying = true;
    this.#write(next);
  }
}
