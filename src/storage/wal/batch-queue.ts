// What was appended and is not durable yet, in the order in which it came: at most one batch is on the disk, the others collect. Everything that
// is added while the same batch collects shares its promise, so appends complete in order and a thousand of them cost one promise.

import { defer, type Deferred } from "../../base/deferred.ts";
import { mark } from "../../base/mark.ts";
import { batchExtent } from "./batch.ts";
import type { FirstSegment, WalWrite } from "./region-record.ts";

export interface Batch {
  readonly writes: (WalWrite | FirstSegment)[];
  /** Their records, in order. */
  readonly runs: Uint8Array[];
  /** When its first append came. */
  readonly since: number;
  readonly done: Deferred<void>;
  bytes: number;
}

export class BatchQueue {
  readonly #batchBytesMax: number;
  #waiting: Batch[] = [];
  #writing: Batch | undefined;

  /** @param batchBytesMax a batch that would grow over this takes no more; a first append may be larger */
  constructor(batchBytesMax: number) {
    this.#batchBytesMax = batchBytesMax;
  }

  get writing(): Batch | undefined {
    return this.#writing;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get empty(): boolean {
    return this.#writing === undefined && this.#waiting.length === 0;
  }

  get oldest(): Batch | undefined {
    return this.#writing ?? this.#waiting[0];
  }

  get newest(): Batch | undefined {
    return this.#waiting.at(-1) ?? this.#writing;
  }

  /** What all of it will take on the disk. */
  get extent(): number {
    const waiting = this.#waiting.reduce((sum, batch) => sum + batchExtent(batch.bytes), 0);
    return waiting + (this.#writing === undefined ? 0 : batchExtent(this.#writing.bytes));
  }

  /** The batch that collects, with room for so many more bytes; a new one when there is none. */
  collecting(bytes: number, now: number): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.bytes + bytes <= this.#batchBytesMax) return last;
    if (last !== undefined) mark("wal-batch-full-next-one-begun");
    const batch: Batch = { writes: [], runs: [], since: now, done: defer<void>(), bytes: 0 };
    // Whoever appended sees a rejection; the log itself reports failures through onFatal.
    batch.done.promise.catch(() => undefined);
    this.#waiting.push(batch);
    return batch;
  }

  /** The oldest waiting batch goes to the disk. */
  take(): Batch | undefined {
    this.#writing = this.#waiting.shift();
    return this.#writing;
  }

  written(): void {
    this.#writing = undefined;
  }

  /** Everything that is not durable, oldest first; the queue is empty afterwards. */
  drain(): Batch[] {
    const all = this.#writing === undefined ? this.#waiting : [this.#writing, ...this.#waiting];
    this.#writing = undefined;
    this.#waiting = [];
    return all;
  }
}
