// The machine's content as a stream of bytes: what a snapshot carries. Equal content gives equal bytes, and every single damaged bit is noticed
// when it is read back. Little-endian:
//
//    "RAFTIMG" | u8 format, 1
//    pairs, ascending by key:   u16 key length, not 0 | u32 value length | key | value
//    u16 0 | u64 number of pairs | u32 CRC-32 of everything before

import { assert } from "../base/assert.ts";
import { compareBytes, concatBytes, equalBytes, readSafeU64, readU16, readU32, utf8, writeSafeU64, writeU16, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { limits } from "../wire/limits.ts";
import { recordHeaderBytesMax } from "./record.ts";
import { imageChunkBytes } from "./state-machine.ts";
import { type KeyValue, storeKeyBytesMax } from "./store.ts";

const pairHeaderBytes = 6;
const trailerBytes = 14;
const pairValueBytesMax = limits.valueBytesMax + recordHeaderBytesMax;
const head = concatBytes([utf8("RAFTIMG"), Uint8Array.of(1)]);

/**
 * Chunks of exactly imageChunkBytes; the last one may be shorter.
 * @param into memory of that size into which every chunk is filled, so that each is valid until the next; absent: each has its own
 */
export function* encodeImage(pairs: Iterable<KeyValue>, crc32: Crc32, into?: Uint8Array): Generator<Uint8Array> {
  const cutter = new ChunkCutter(crc32, into);
  yield* cutter.push(head);
  for (const pair of pairs) yield* cutter.pushPair(pair);
  yield* cutter.end();
}

/** The same bytes, from pairs that come one by one. */
export async function* encodeImageAsync(pairs: AsyncIterable<KeyValue>, crc32: Crc32): AsyncGenerator<Uint8Array> {
  const cutter = new ChunkCutter(crc32);
  yield* cutter.push(head);
  for await (const pair of pairs) yield* cutter.pushPair(pair);
  yield* cutter.end();
}

class ChunkCutter {
  readonly #crc32: Crc32;
  #checksum = 0;
  readonly #into: Uint8Array | undefined;
  #chunk: Uint8Array;
  #length = 0;
  #pairs = 0;

  constructor(crc32: Crc32, into?: Uint8Array) {
    assert(into === undefined || into.length === imageChunkBytes, "a chunk fits exactly into the memory that is given for it");
    this.#crc32 = crc32;
    this.#into = into;
    this.#chunk = into ?? new Uint8Array(imageChunkBytes);
  }

  *pushPair({ key, value }: KeyValue): Generator<Uint8Array> {
    const pairHead = new Uint8Array(pairHeaderBytes);
    writeU16(pairHead, 0, key.length);
    writeU32(pairHead, 2, value.length);
    yield* this.push(concatBytes([pairHead, key]));
    yield* this.push(value);
    this.#pairs += 1;
  }

  *end(): Generator<Uint8Array> {
    const trailer = new Uint8Array(trailerBytes);
    writeSafeU64(trailer, 2, this.#pairs);
    yield* this.push(trailer.subarray(0, 10));
    writeU32(trailer, 10, this.#checksumNow());
    yield* this.push(trailer.subarray(10));
    yield this.#take();
  }

  /** Whoever takes a chunk may let others use the store before he goes on: what is left of the bytes by then is copied. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    let rest = bytes;
    while (rest.length > 0) {
      const part = rest.subarray(0, imageChunkBytes - this.#length);
      this.#chunk.set(part, this.#length);
      this.#length += part.length;
      rest = rest.subarray(part.length);
      if (this.#length < imageChunkBytes) return;
      if (rest.buffer === bytes.buffer) rest = rest.slice();
      yield this.#take();
    }
  }

  /** Of everything pushed. */
  #checksumNow(): number {
    return this.#crc32(this.#chunk.subarray(0, this.#length), this.#checksum);
  }

  #take(): Uint8Array {
    this.#checksum = this.#checksumNow();
    const chunk = this.#chunk.subarray(0, this.#length);
    this.#chunk = this.#into ?? new Uint8Array(imageChunkBytes);
    this.#length = 0;
    return chunk;
  }
}

/** Yields each pair when it is whole; keys ascend. Holds one pair and one chunk at most. Throws CORRUPT for any other bytes. */
export async function* decodeImage(chunks: AsyncIterable<Uint8Array>, crc32: Crc32): AsyncGenerator<KeyValue> {
  const reader = new ImageReader(crc32);
  for await (const chunk of chunks) {
    reader.push(chunk);
    for (let pair = reader.next(); pair !== undefined; pair = reader.next()) yield pair;
  }
  reader.finish();
}

class ImageReader {
  readonly #crc32: Crc32;
  #bytes: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #checksum = 0;
  #isHeadRead = false;
  #isFinished = false;
  #count = 0;
  #lastKey: Uint8Array | undefined;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  push(chunk: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#offset);
    this.#bytes = rest.length === 0 ? chunk : concatBytes([rest, chunk]);
    this.#offset = 0;
    if (this.#isFinished && this.#bytes.length > 0) throw corrupt("bytes follow its end");
  }

  next(): KeyValue | undefined {
    if (!this.#isHeadRead && !this.#readHead()) return undefined;
    if (this.#isFinished || this.#available() < 2) return undefined;
    const keyLength = readU16(this.#bytes, this.#offset);
    if (keyLength === 0) return this.#readTrailer();
    return this.#readPair(keyLength);
  }

  finish(): void {
    if (!this.#isFinished) throw corrupt("it ends early");
  }

  #available(): number {
    return this.#bytes.length - this.#offset;
  }

  #readHead(): boolean {
    if (this.#available() < head.length) return false;
    if (!equalBytes(this.#take(head.length), head)) throw corrupt("it does not begin like one");
    this.#isHeadRead = true;
    return true;
  }

  #readPair(keyLength: number): KeyValue | undefined {
    if (this.#available() < pairHeaderBytes) return undefined;
    const valueLength = readU32(this.#bytes, this.#offset + 2);
    // Checked before anything is collected, so that a damaged length cannot make us hold gigabytes.
    if (keyLength > storeKeyBytesMax || valueLength > pairValueBytesMax) throw corrupt("a pair is larger than any can be");
    if (this.#available() < pairHeaderBytes + keyLength + valueLength) return undefined;
    this.#take(pairHeaderBytes);
    const key = this.#take(keyLength);
    const value = this.#take(valueLength);
    if (this.#lastKey !== undefined && compareBytes(this.#lastKey, key) >= 0) throw corrupt("its keys do not ascend");
    this.#lastKey = key;
    this.#count += 1;
    return { key, value };
  }

  #readTrailer(): undefined {
    if (this.#available() < trailerBytes) return undefined;
    const counted = this.#take(10);
    if (readSafeU64(counted, 2) !== this.#count) throw corrupt("pairs are missing");
    const checksum = this.#checksum;
    if (readU32(this.#take(4), 0) !== checksum) throw corrupt("its checksum is wrong");
    this.#isFinished = true;
    if (this.#available() > 0) throw corrupt("bytes follow its end");
    return undefined;
  }

  #take(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#checksum = this.#crc32(bytes, this.#checksum);
    this.#offset += length;
    return bytes;
  }
}

function corrupt(reason: string): RaftctlError {
  return new RaftctlError("CORRUPT", `this is not an undamaged image of a state machine: ${reason}`);
}
