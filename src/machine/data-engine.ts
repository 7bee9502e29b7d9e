// What the machine asks of its data: keys with values, and streams of records. A call is a function of the content that it is handed and of its
// arguments; how a write came to be agreed on, in which order and by whom, is not known here. So the data can be kept by another engine without
// a change above, and this one can be driven by anything that hands in a transaction.
//
// Everything is synchronous. What is written in a transaction stands or falls with it.

import type { Condition } from "../wire/command.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";

export interface DataEngine {
  /** Keys that exist. */
  readonly keyCount: number;
  /** The value lives as long as the bytes that the content gives. Throws CORRUPT. */
  get(content: StoreContent, key: Uint8Array): DataRecord | undefined;
  /** @param revision what the record is stamped with; ascends from write to write. */
  put(transaction: StoreTransaction, write: KeyWrite, revision: number): WriteOutcome;
  del(transaction: StoreTransaction, write: KeyDelete): WriteOutcome;
  /** All keys of the span or none, in one step. */
  deleteRange(transaction: StoreTransaction, span: KeySpan): WriteOutcome;
  /** Keys of the span, counted up to `limit`. */
  count(content: StoreContent, span: KeySpan, limit: number): number;
  /** Keys of the span in their order, at most `limit`, bounded in bytes too, but one where there is one. Theirs to keep. Throws CORRUPT. */
  list(content: StoreContent, span: KeySpan, limit: number): KeyListing;
  /** Offset of the new record: 0, 1, 2, … without a gap, in the order of the calls. The first record makes the stream. */
  append(transaction: StoreTransaction, stream: Uint8Array, data: Uint8Array): number;
  /** The same at any time while the content is the same: a stream only grows. Throws CORRUPT. */
  read(content: StoreContent, query: StreamQuery): StreamPage;
}

export interface DataRecord {
  readonly value: Uint8Array;
  /** 1 at creation, one more at each put. */
  readonly version: number;
  /** Revision of the put that created the key, and of the last one. */
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface KeyListing {
  readonly records: readonly (DataRecord & { readonly key: Uint8Array })[];
  /** There are further keys behind the last one here. */
  readonly more: boolean;
}

export interface KeyDelete {
  readonly key: Uint8Array;
  readonly condition?: Condition | undefined;
  readonly wantPrevious: boolean;
}

export interface KeyWrite extends KeyDelete {
  readonly value: Uint8Array;
}

export interface KeySpan {
  /** Included; empty means from the first key. */
  readonly start: Uint8Array;
  /** Excluded; undefined means to the last key. */
  readonly end: Uint8Array | undefined;
}

export interface WriteOutcome {
  /** conflict: the condition did not hold. tooMany: more keys than one step may delete. In both cases nothing changed. */
  readonly status: "ok" | "conflict" | "tooMany";
  /** After a put the new version, after a del the one deleted, at a conflict the current one; 0 when there is no such key. */
  readonly version: number;
  readonly deleted: number;
  /** What was there before (at a conflict: what is there), if it was asked for. The caller's to keep. */
  readonly previous: DataRecord | undefined;
}

export interface StreamQuery {
  readonly stream: Uint8Array;
  /** Offset of the first record wanted. */
  readonly from: number;
  /** Records at most. A page may be shorter: it is bounded in records and in bytes, but holds one where there is one. */
  readonly limit: number;
}

export interface StreamPage {
  /** Ascending, without a gap. */
  readonly records: readonly StreamRecord[];
  /** There are further records behind the last one here. */
  readonly more: boolean;
  /** The offset that the next record of the stream gets: equal to the number of its records. 0 when there is no such stream. */
  readonly end: number;
}

export interface StreamRecord {
  readonly offset: number;
  readonly data: Uint8Array;
}
