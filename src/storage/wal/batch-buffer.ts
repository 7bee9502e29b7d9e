// Puts the records of a batch behind one another in memory that is used again for the next batch: the one copy on the way to the disk. One batch
// is on the disk at a time, so one buffer is enough.

import type { Crc32 } from "../../base/crc.ts";
import { batchExtent, batchHeaderBytes, sealBatch, type BatchPlace } from "./batch.ts";

export class BatchBuffer {
  readonly #crc32: Crc32;
  readonly #keptBytesMax: number;
  #memory: Uint8Array;

  /** @param keptBytesMax a larger batch gets memory of its own, which is given back */
  constructor(crc32: Crc32, keptBytesMax: number) {
    this.#crc32 = crc32;
    this.#keptBytesMax = keptBytesMax;
    this.#memory = new Uint8Array(batchExtent(Math.min(64 * 1024, keptBytesMax)));
  }

  /** The bytes are valid until the next call. */
  fill(runs: readonly Uint8Array[], payloadLength: number, place: BatchPlace): { bytes: Uint8Array; headerCrc: number } {
    const bytes = this.#take(batchExtent(payloadLength));
    let offset = batchHeaderBytes;
    for (const run of runs) {
      bytes.set(run, offset);
      offset += run.length;
    }
    bytes.fill(0, offset);
    return { bytes, headerCrc: sealBatch(bytes, payloadLength, place, this.#crc32) };
  }

  #take(extent: number): Uint8Array {
    if (extent > this.#keptBytesMax) return new Uint8Array(extent);
    if (extent > this.#memory.length) this.#memory = new Uint8Array(Math.min(this.#keptBytesMax, extent * 2));
    return this.#memory.subarray(0, extent);
  }
}
