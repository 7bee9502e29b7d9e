// Reads of ranges of keys from the store, each record checked against its checksum. A page of a range is bounded in rows, in bytes and in what it
// may look at (T26); a caller goes on behind the last key that it got.

import type { RangeRequest, KeyValueRecord } from "../wire/client-protocol.ts";
import { emptyBytes } from "../base/bytes.ts";
import { limits } from "../wire/limits.ts";
import { recordRange, userKey } from "./keyspace.ts";
import { recordHeaderBytes, type RecordCodec } from "./record.ts";
import type { KeyValue, StoreContent } from "./store.ts";

/** Of a page: with what goes with it in an answer it fits into a frame. */
export const rangeBytesMax = limits.commandBytesMax;
export const rangeCountMax = 1_000_000;

export type RangeQuery = Pick<RangeRequest, "start" | "end" | "limit" | "keysOnly" | "countOnly">;

export interface RangePage {
  readonly records: readonly KeyValueRecord[];
  /** With countOnly all that match, otherwise the records here. */
  readonly count: number;
  /** There are further records behind the last one here (or, with countOnly, behind the last one counted). */
  readonly more: boolean;
}

export function readRange(source: StoreContent, codec: RecordCodec, query: RangeQuery): RangePage {
  if (query.countOnly) return countRange(source, query);
  const limit = Math.min(query.limit, limits.rangeRecordsMax);
  const records: KeyValueRecord[] = [];
  let size = 0;
  for (const pair of source.range({ ...recordRange(query.start, query.end), limit: limit + 1 })) {
    size += pair.key.length + (query.keysOnly ? recordHeaderBytes : pair.value.length);
    // One record always fits, so that a reader gets on.
    if (records.length === limit || (size > rangeBytesMax && records.length > 0)) return { records, count: records.length, more: true };
    records.push(toRecord(codec, pair, query.keysOnly));
  }
  return { records, count: records.length, more: false };
}

function countRange(source: StoreContent, query: RangeQuery): RangePage {
  let count = 0;
  for (const _pair of source.range({ ...recordRange(query.start, query.end), limit: rangeCountMax + 1 })) {
    if (count === rangeCountMax) return { records: [], count, more: true };
    count += 1;
  }
  return { records: [], count, more: false };
}

function toRecord(codec: RecordCodec, pair: KeyValue, keysOnly: boolean): KeyValueRecord {
  const key = userKey(pair.key);
  const { value, version, createRevision, modRevision } = codec.decode(key, pair.value);
  return { key, value: keysOnly ? emptyBytes : value, version, createIndex: createRevision, modIndex: modRevision };
}
