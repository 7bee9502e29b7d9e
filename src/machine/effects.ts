// Collects what the entries of a batch change in the key-value space, and keeps it for watches in rows (effect-row.ts) that are written in the transaction that
// applied them. What the latest batches changed stands in a row of its own beside the position, which every transaction writes anyway, until it is large enough
// to be put away: so a batch of one entry touches no further page of the store. The rows are this node's own, since batches differ from node to node: they are
// in no image, no digest and no quota, and a restore drops them.
//
// `firstRetained` is the first index from which on everything that changed is known. It stands in a row of its own, u32 CRC-32 of what follows | u64, from
// the first row on; what the log has forgotten is forgotten here too, a few rows with each batch.

import { emptyBytes, readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { watchEventBytesMax, watchIndexBytesMax } from "../wire/watch-events.ts";
import { EffectRowWriter, type EntryData, type IndexEffects, readEffectRow } from "./effect-row.ts";
import { effectsKey, firstRetainedKey, indexOfEffects, latestEffectsKey, prefixes } from "./keyspace.ts";
import type { KeyRange, StoreContent, StoreTransaction } from "./store.ts";

/** Told of every key that changes, in order. */
export interface EffectSink {
  put(key: Uint8Array, value: Uint8Array, version: number, createRevision: number): void;
  delete(key: Uint8Array): void;
}

/** Bytes of a row; what would make it longer is lost. */
export const effectRowBytesMax = 4 * 1024 * 1024;
/** What the latest batches changed is put away when it has become longer than this. */
export const latestBytesMax = 1024;
/** Rows that a batch removes at most, of those that nobody can ask for any more. */
export const rowsForgottenPerBatch = 16;

export class Effects implements EffectSink {
  readonly #crc32: Crc32;
  readonly #row: EffectRowWriter;
  #firstRetained: number;
  #isFirstStored: boolean;
  #forgetBelow = 0;
  #data: Uint8Array = emptyBytes;
  #index = 0;
  /** The row has more than the store. */
  #isChanged = false;
  /** The row has something of this index. */
  #isBegun = false;
  /** Where it begins there. */
  #start = 0;
  /** Of its events, as an answer to a watcher has them. */
  #eventBytes = 0;
  #isLost = false;

  /** Throws CORRUPT. */
  constructor(content: StoreContent, lastApplied: number, crc32: Crc32) {
    this.#crc32 = crc32;
    const stored = decodeFirst(content.get(firstRetainedKey), crc32);
    this.#isFirstStored = stored !== undefined;
    this.#firstRetained = stored ?? lastApplied + 1;
    const latest = content.get(latestEffectsKey);
    const effects = latest === undefined ? [] : readEffectRow({ key: latestEffectsKey, value: latest }, () => undefined, crc32);
    this.#row = new EffectRowWriter(latest, effects.at(-1)?.index ?? 0);
  }

  get firstRetained(): number {
    return this.#firstRetained;
  }

  /** What comes now is done by this entry. */
  enter(index: number, data: Uint8Array): void {
    this.#index = index;
    this.#data = data;
    this.#isBegun = false;
    this.#isLost = false;
    this.#eventBytes = 0;
  }

  put(key: Uint8Array, value: Uint8Array, version: number, createRevision: number): void {
    if (!this.#begin(watchEventBytesMax("put", key, value))) return;
    this.#row.put(key, value, version, createRevision);
  }

  delete(key: Uint8Array): void {
    if (!this.#begin(watchEventBytesMax("delete", key, emptyBytes))) return;
    this.#row.delete(key);
  }

  /** At the end of a batch, in its transaction. @param last the index of its last entry */
  write(transaction: StoreTransaction, last: number): void {
    if (this.#isChanged) {
      if (this.#row.length > latestBytesMax) this.#putAway(transaction, last);
      else transaction.put(latestEffectsKey, this.#row.sealed(latestEffectsKey, this.#crc32));
      if (!this.#isFirstStored) this.#storeFirst(transaction, this.#firstRetained);
      this.#isChanged = false;
    }
    if (this.#firstRetained < this.#forgetBelow) this.#forgetSome(transaction);
  }

  /** Nobody asks any more what changed below this index. */
  forgetBelow(index: number): void {
    this.#forgetBelow = Math.max(this.#forgetBelow, index);
  }

  /** As Machine has it. */
  *read(content: StoreContent, from: number, { rows, dataOf }: { readonly rows: number; readonly dataOf: EntryData }): Generator<IndexEffects> {
    let left = rows;
    for (const row of content.range({ ...rowsFrom(from), limit: rows })) {
      yield* readEffectRow(row, dataOf, this.#crc32);
      left -= 1;
    }
    const latest = left === 0 ? undefined : content.get(latestEffectsKey);
    if (latest !== undefined) yield* readEffectRow({ key: latestEffectsKey, value: latest }, dataOf, this.#crc32);
  }

  #putAway(transaction: StoreTransaction, last: number): void {
    const key = effectsKey(last);
    transaction.put(key, this.#row.sealed(key, this.#crc32));
    transaction.delete(latestEffectsKey);
    this.#row.clear();
  }

  /** @param bytes what comes, in an answer. @returns false when it is lost */
  #begin(bytes: number): boolean {
    if (this.#isLost) return false;
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#isChanged = true;
      this.#start = this.#row.length;
      this.#row.begin(this.#index, this.#data);
    }
    this.#eventBytes += bytes;
    if (this.#eventBytes <= watchIndexBytesMax && this.#row.length + bytes <= effectRowBytesMax) return true;
    this.#isLost = true;
    this.#row.lost(this.#start, this.#index);
    return false;
  }

  #forgetSome(transaction: StoreTransaction): void {
    const range = { ...rowsFrom(0), end: effectsKey(this.#forgetBelow), limit: rowsForgottenPerBatch };
    const rows = Array.from(transaction.range(range), ({ key }) => key);
    for (const key of rows) transaction.delete(key);
    const isAll = rows.length < rowsForgottenPerBatch;
    this.#storeFirst(transaction, isAll ? this.#forgetBelow : indexOfEffects(rows.at(-1)!) + 1);
  }

  #storeFirst(transaction: StoreTransaction, first: number): void {
    const row = new Uint8Array(12);
    writeSafeU64(row, 4, first);
    writeU32(row, 0, this.#crc32(row.subarray(4)));
    transaction.put(firstRetainedKey, row);
    this.#firstRetained = first;
    this.#isFirstStored = true;
  }
}

function rowsFrom(index: number): KeyRange {
  return { start: effectsKey(index), end: Uint8Array.of(prefixes.effects + 1) };
}

function decodeFirst(row: Uint8Array | undefined, crc32: Crc32): number | undefined {
  if (row === undefined) return undefined;
  const first = row.length === 12 && readU32(row, 0) === crc32(row.subarray(4)) ? readSafeU64(row, 4) : Number.NaN;
  if (Number.isNaN(first)) throw new RaftctlError("CORRUPT", "the row of the first index retained for watches fails its checksum", { hint: "rebuild this node's state from a snapshot and the log" });
  return first;
}
