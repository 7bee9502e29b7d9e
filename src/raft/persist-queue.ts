// What is on its way to the disk. Batches are numbered without gaps and become durable in order. An index counts as durable only when the
// batch that holds its present entry is: when a suffix is overwritten, batches that still carry the old entries stop vouching for it, so
// that a late completion never counts for the new entries at the same indexes.

import { assert } from "../base/assert.ts";
import { mark } from "../base/mark.ts";
import type { HardState } from "./entry.ts";

interface BatchInFlight {
  readonly sequence: number;
  /** The last index of the present log for which this batch vouches. */
  lastIndex: number;
  readonly handedOutAt: number;
}

export class PersistQueue {
  #inFlight: BatchInFlight[] = [];
  #nextSequence = 1;
  #persistedSequence = 0;
  #persistedIndex: number;
  #handedOutIndex: number;
  #hardState: HardState;
  #hardStateSequence = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(hardState: HardState, lastIndex: number) {
    this.#hardState = hardState;
    this.#persistedIndex = lastIndex;
    this.#handedOutIndex = lastIndex;
  }

  /** Every entry up to here is durable on this server. */
  get persistedIndex(): number {
    return this.#persistedIndex;
  }

  get persistedSequence(): number {
    return this.#persistedSequence;
  }

  /** Every entry up to here was given to the host to persist. */
  get handedOutIndex(): number {
    return this.#handedOutIndex;
  }

  /** The hard state that the latest batch with one carries. */
  get hardState(): HardState {
    return this.#hardState;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get idle(): boolean {
    return this.#inFlight.length === 0;
  }

  /** Since when the disk owes an answer: a batch that was handed out behind another one is only due once that one is durable. */
  get silentSince(): number | undefined {
    const oldest = this.#inFlight[0];
    return oldest === undefined ? undefined : Math.max(oldest.handedOutAt, this.#answeredAt);
  }

  /** The sequence that the next batch has, now that it is handed out. */
  handOut(lastIndex: number, hardState: HardState | undefined, now: number): number {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    this.#inFlight.push({ sequence, lastIndex, handedOutAt: now });
    this.#handedOutIndex = lastIndex;
    if (hardState !== undefined) {
      const { currentTerm, votedFor } = this.#hardState;
      // Nothing ever waits for the commit hint.
      if (hardState.currentTerm !== currentTerm || hardState.votedFor !== votedFor) this.#hardStateSequence = sequence;
      this.#hardState = hardState;
    }
    return sequence;
  }

  persisted(sequence: number, now: number): void {
    assert(sequence < this.#nextSequence, "only a batch that was handed out becomes durable");
    this.#answeredAt = now;
    while (this.#inFlight.length > 0 && this.#inFlight[0]!.sequence <= sequence) {
      const batch = this.#inFlight.shift()!;
      this.#persistedSequence = batch.sequence;
      this.#persistedIndex = Math.max(this.#persistedIndex, batch.lastIndex);
    }
  }

  truncatedFrom(index: number): void {
    if (this.#inFlight.some((batch) => batch.lastIndex >= index)) mark("persist-overwritten-on-its-way-to-the-disk");
    this.#persistedIndex = Math.min(this.#persistedIndex, index - 1);
    this.#handedOutIndex = Math.min(this.#handedOutIndex, index - 1);
    for (const batch of this.#inFlight) batch.lastIndex = Math.min(batch.lastIndex, index - 1);
  }

  /** The host replaced the log by a snapshot, durably. */
  restored(lastIndex: number): void {
    this.#persistedIndex = lastIndex;
    this.#handedOutIndex = lastIndex;
    if (this.#inFlight.length > 0) mark("persist-under-way-when-an-install-ends");
    // What is still on its way was handed out during the install: a term or a vote, no entries.
    for (const batch of this.#inFlight) batch.lastIndex = Math.min(batch.lastIndex, lastIndex);
  }

  /**
   * The batch on which a message depends that speaks of the present term and vote, and of the log up to `index`.
   * @returns undefined when all of it is durable already.
   */
  dependency(index: number, hardStateDirty: boolean): number | undefined {
    if (hardStateDirty) return this.#nextSequence;
    const forHardState = this.#hardStateSequence > this.#persistedSequence ? this.#hardStateSequence : undefined;
    if (index <= this.#persistedIndex) return forHardState;
    const batch = this.#inFlight.find((each) => each.lastIndex >= index);
    return Math.max(batch?.sequence ?? this.#nextSequence, forHardState ?? 0);
  }
}
