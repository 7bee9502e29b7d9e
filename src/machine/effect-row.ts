// What the entries of applied batches changed in the key-value space, as one row of the machine's own store. Watches are answered from these rows and
// the log: an entry says what was asked for, the row says what came of it. Keys and values of puts are not repeated here: the row has their places in the
// entry's data. A deletion has its key where the entry does not name it (a range, an expiry). A row is
//
//    u32 CRC-32 of the store key and of what follows, little-endian | steps, in the order of the changes, each a tag and packed numbers:
//
//    1  index     how many more than the index before (the first: than 0)
//    2  put       key offset, key length, value offset, value length, version, index less createRevision
//    3  delete    key offset, key length
//    4  delete    key length | key
//    5  lost      more changed at this index than is kept

import { assert } from "../base/assert.ts";
import { emptyBytes, readU32, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { PackedReader, PackedWriter } from "../base/packed-bytes.ts";
import { watchEventBytesMax } from "../wire/watch-events.ts";
import type { KeyValue } from "./store.ts";

export interface Effect {
  readonly kind: "put" | "delete";
  readonly key: Uint8Array;
  /** Of a deletion empty. */
  readonly value: Uint8Array;
  /** Of a put: 1 at creation, one more at each put. Of a deletion 0. */
  readonly version: number;
  /** Index of the put that created the key. Of a deletion 0. */
  readonly createIndex: number;
}

export interface IndexEffects {
  readonly index: number;
  /** In the order in which they came about. "lost": something has changed here, and it is not known any more what. */
  readonly effects: readonly Effect[] | "lost";
}

/** At most what it takes in an answer to a watcher. */
export function answerBytes({ kind, key, value }: Pick<Effect, "kind" | "key" | "value">): number {
  return watchEventBytesMax(kind, key, value);
}

const steps = { index: 1, put: 2, delete: 3, deleteOther: 4, lost: 5 } as const;
const checksumBytes = 4;

export class EffectRowWriter {
  readonly #steps = new PackedWriter(4096);
  #index = 0;
  #data: Uint8Array = emptyBytes;
  /** The index that the row had before this one. */
  #before = 0;

  /** @param row to go on with, as `sealed` gave it; read before by readEffectRow */
  constructor(row: Uint8Array | undefined, lastIndex: number) {
    this.clear();
    if (row === undefined) return;
    this.#steps.cutAt(0);
    this.#steps.raw(row);
    this.#index = lastIndex;
  }

  get length(): number {
    return this.#steps.length;
  }

  get isEmpty(): boolean {
    return this.#steps.length === checksumBytes;
  }

  clear(): void {
    this.#steps.clear();
    for (let byte = 0; byte < checksumBytes; byte += 1) this.#steps.byte(0);
    this.#index = 0;
  }

  /** What comes now was done by this entry. */
  begin(index: number, data: Uint8Array): void {
    this.#data = data;
    this.#steps.byte(steps.index);
    this.#steps.number(index - this.#index);
    this.#before = this.#index;
    this.#index = index;
  }

  /** Key and value are views of the entry's data. */
  put(key: Uint8Array, value: Uint8Array, version: number, createRevision: number): void {
    this.#steps.byte(steps.put);
    this.#place(key);
    this.#place(value);
    this.#steps.number(version);
    this.#steps.number(this.#index - createRevision);
  }

  delete(key: Uint8Array): void {
    if (isIn(this.#data, key)) {
      this.#steps.byte(steps.delete);
      this.#place(key);
    } else {
      this.#steps.byte(steps.deleteOther);
      this.#steps.number(key.length);
      this.#steps.raw(key);
    }
  }

  /** Instead of everything of this index, which begins at this length of the row. */
  lost(start: number, index: number): void {
    this.#steps.cutAt(start);
    this.#index = this.#before;
    this.begin(index, this.#data);
    this.#steps.byte(steps.lost);
  }

  /** Valid until something is written again. */
  sealed(storeKey: Uint8Array, crc32: Crc32): Uint8Array {
    const { bytes } = this.#steps;
    writeU32(bytes, 0, crc32(bytes.subarray(checksumBytes), crc32(storeKey)));
    return bytes;
  }

  #place(part: Uint8Array): void {
    assert(isIn(this.#data, part), "what is put stands in the entry");
    this.#steps.number(part.byteOffset - this.#data.byteOffset);
    this.#steps.number(part.length);
  }
}

function isIn(data: Uint8Array, part: Uint8Array): boolean {
  const offset = part.byteOffset - data.byteOffset;
  return part.buffer === data.buffer && offset >= 0 && offset + part.length <= data.length;
}

/** The data of the entry at an index; undefined when the log has forgotten it. */
export type EntryData = (index: number) => Uint8Array | undefined;

/** By ascending index; bytes are views of the row and of the entries. Throws CORRUPT for a row that no EffectRowWriter wrote. */
export function readEffectRow({ key, value }: KeyValue, dataOf: EntryData, crc32: Crc32): IndexEffects[] {
  if (value.length <= checksumBytes || readU32(value, 0) !== crc32(value.subarray(checksumBytes), crc32(key))) throw corrupt();
  const reader = new PackedReader(value, checksumBytes, corrupt);
  const all: IndexEffects[] = [];
  let index = 0;
  let data: Uint8Array | undefined;
  let effects: Effect[] = [];
  while (!reader.done) {
    const step = reader.byte();
    if (step === steps.index) {
      index += reader.number();
      data = dataOf(index);
      effects = [];
      all.push({ index, effects: data === undefined ? "lost" : effects });
    } else if (step === steps.lost) all[all.length - 1] = { index, effects: "lost" };
    else effects.push(readEffect(step, reader, { data, index }));
  }
  return all;
}

function readEffect(step: number, reader: PackedReader, { data, index }: { readonly data: Uint8Array | undefined; readonly index: number }): Effect {
  switch (step) {
    case steps.put: {
      const key = readPlace(reader, data);
      const value = readPlace(reader, data);
      const version = reader.number();
      return { kind: "put", key, value, version, createIndex: index - reader.number() };
    }
    case steps.delete:
      return deletionOf(readPlace(reader, data));
    case steps.deleteOther:
      return deletionOf(reader.raw(reader.number()));
    default:
      throw corrupt();
  }
}

function deletionOf(key: Uint8Array): Effect {
  return { kind: "delete", key, value: emptyBytes, version: 0, createIndex: 0 };
}

function readPlace(reader: PackedReader, data: Uint8Array | undefined): Uint8Array {
  const offset = reader.number();
  const end = offset + reader.number();
  if (data === undefined) return emptyBytes;
  if (end > data.length) throw corrupt();
  return data.subarray(offset, end);
}

function corrupt(): RaftctlError {
  return new RaftctlError("CORRUPT", "a row of the state that says what an entry changed fails its checksum", { hint: "rebuild this node's state from a snapshot and the log" });
}
