// What an open transaction of LMDB has written, batch by batch, to be written again when LMDB refuses to commit it: it now and then loses its way in its own
// list of free pages and rolls back (docs/decisions/lmdb.md). One piece of memory that is used again and again, in which each write is
//
//    u32 length of the key | u32 length of the value, 2^32-1 for a deletion | key | value

import { readU32, writeU32 } from "../base/bytes.ts";

export interface Redo {
  readonly key: Uint8Array;
  /** undefined: it is deleted. */
  readonly value: Uint8Array | undefined;
}

const headBytes = 8;
const deletion = 0xffff_ffff;
const bytesMin = 64 * 1024;
/** Memory that was needed for more is given back. */
const bytesKeptMax = 8 * 1024 * 1024;

export class RedoList {
  #bytes = new Uint8Array(bytesMin);
  #length = 0;
  /** Where in the memory the batches end. */
  #ends: number[] = [];

  put(key: Uint8Array, value: Uint8Array): void {
    const at = this.#write(key, value.length, value.length);
    this.#bytes.set(value, at);
  }

  delete(key: Uint8Array): void {
    this.#write(key, deletion, 0);
  }

  /** What was written since the last call belongs together. */
  endBatch(): void {
    this.#ends.push(this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#ends = [];
    if (this.#bytes.length > bytesKeptMax) this.#bytes = new Uint8Array(bytesMin);
  }

  /** Views, valid until something is written or cleared. */
  *batches(): Generator<readonly Redo[]> {
    let at = 0;
    for (const end of this.#ends) {
      const writes: Redo[] = [];
      for (; at < end; at = this.#read(at, writes));
      yield writes;
    }
  }

  /** @returns where the value goes */
  #write(key: Uint8Array, valueMark: number, valueBytes: number): number {
    const at = this.#length;
    const valueAt = at + headBytes + key.length;
    this.#reach(valueAt + valueBytes);
    writeU32(this.#bytes, at, key.length);
    writeU32(this.#bytes, at + 4, valueMark);
    this.#bytes.set(key, at + headBytes);
    return valueAt;
  }

  #reach(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#length = length;
  }

  /** @returns where the next write begins */
  #read(at: number, into: Redo[]): number {
    const keyEnd = at + headBytes + readU32(this.#bytes, at);
    const valueMark = readU32(this.#bytes, at + 4);
    const key = this.#bytes.subarray(at + headBytes, keyEnd);
    if (valueMark === deletion) {
      into.push({ key, value: undefined });
      return keyEnd;
    }
    into.push({ key, value: this.#bytes.subarray(keyEnd, keyEnd + valueMark) });
    return keyEnd + valueMark;
  }
}
