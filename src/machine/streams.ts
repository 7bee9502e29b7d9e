// Streams at the level of storage: an append takes the next offset of its stream, a read gives records from an offset on. Offsets are 0, 1, 2, …
// without a gap, so that a missing record is noticed (CORRUPT). Not here: a catalogue and deletion of streams, retention, consumer groups, unique
// ids of records, times. The first append makes a stream; nothing ever leaves it.
//
// Two kinds of rows, head (value: the next offset, u64) and record (value: the data), both as: u32 CRC-32 of store key and value | value. Both
// count in the digest. Little-endian.

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { streamNameBytesMax } from "../wire/command-limits.ts";
import { limits } from "../wire/limits.ts";
import type { StreamPage, StreamQuery, StreamRecord } from "./data-engine.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import { isStreamRecordKey, offsetOf, prefixes, streamHeadKey, streamRecordKey, streamRecordRange } from "./keyspace.ts";
import { rangeBytesMax } from "./reader.ts";
import type { KeyValue, StoreContent, StoreTransaction } from "./store.ts";

const checksumBytes = 4;
const headBytes = checksumBytes + 8;
const noSuchStream: StreamPage = { records: [], more: false, end: 0 };

export class StreamSpace {
  readonly #crc32: Crc32;
  readonly #digest: Digest;

  readonly #size: DataSize;

  constructor(crc32: Crc32, digest: Digest, size: DataSize) {
    this.#crc32 = crc32;
    this.#digest = digest;
    this.#size = size;
  }

  append(transaction: StoreTransaction, stream: Uint8Array, data: Uint8Array): number {
    assert(isStreamName(stream), "a stream's name has 1 to 256 bytes");
    const offset = this.#advance(transaction, streamHeadKey(stream));
    this.#write(transaction, streamRecordKey(stream, offset), data);
    return offset;
  }

  /** The offset that was next. */
  #advance(transaction: StoreTransaction, headKey: Uint8Array): number {
    const head = transaction.get(headKey);
    let offset = 0;
    if (head !== undefined) {
      this.#digest.removeRecord(streamRowChecksum({ key: headKey, value: head }, this.#crc32));
      this.#size.bytes -= headKey.length + head.length;
      offset = readSafeU64(head, checksumBytes);
    }
    const next = new Uint8Array(8);
    writeSafeU64(next, 0, offset + 1);
    this.#write(transaction, headKey, next);
    return offset;
  }

  #write(transaction: StoreTransaction, key: Uint8Array, content: Uint8Array): void {
    const row = new Uint8Array(checksumBytes + content.length);
    row.set(content, checksumBytes);
    const checksum = this.#crc32(content, this.#crc32(key));
    writeU32(row, 0, checksum);
    this.#digest.addRecord(checksum);
    this.#size.bytes += key.length + row.length;
    transaction.put(key, row);
  }

  read(content: StoreContent, { stream, from, limit }: StreamQuery): StreamPage {
    assert(Number.isSafeInteger(from) && from >= 0 && Number.isSafeInteger(limit), "an offset and a limit are integers, an offset is not below 0");
    const end = isStreamName(stream) ? this.#end(content, streamHeadKey(stream)) : undefined;
    if (end === undefined) return noSuchStream;
    const wanted = Math.max(0, Math.min(limit, limits.rangeRecordsMax, end - from));
    if (wanted === 0) return { records: [], more: from < end, end };
    const records: StreamRecord[] = [];
    let size = 0;
    for (const row of content.range({ ...streamRecordRange(stream, from), limit: wanted })) {
      streamRowChecksum(row, this.#crc32);
      size += row.value.length;
      // The largest record fits alone, so that a reader gets on.
      if (size > rangeBytesMax) return { records, more: true, end };
      if (offsetOf(row.key) !== from + records.length) throw missing(from + records.length);
      records.push({ offset: from + records.length, data: row.value.subarray(checksumBytes) });
    }
    if (records.length < wanted) throw missing(from + records.length);
    return { records, more: from + wanted < end, end };
  }

  #end(content: StoreContent, headKey: Uint8Array): number | undefined {
    const head = content.get(headKey);
    if (head === undefined) return undefined;
    streamRowChecksum({ key: headKey, value: head }, this.#crc32);
    return readSafeU64(head, checksumBytes);
  }
}

/** Of a head or a record. Throws CORRUPT for a row that no StreamSpace wrote. */
export function streamRowChecksum({ key, value }: KeyValue, crc32: Crc32): number {
  const isShapeRight = key[0] === prefixes.streamHead
    ? isStreamName(key.subarray(1)) && value.length === headBytes && readSafeU64(value, checksumBytes) >= 1
    : isStreamRecordKey(key) && value.length >= checksumBytes && value.length <= checksumBytes + limits.valueBytesMax;
  const checksum = isShapeRight ? readU32(value, 0) : -1;
  if (checksum === crc32(value.subarray(checksumBytes), crc32(key))) return checksum;
  throw new RaftctlError("CORRUPT", `a stream's row of ${value.length} bytes in the state fails its checksum`, {
    hint: "rebuild this node's state from a snapshot and the log",
  });
}

function isStreamName(name: Uint8Array): boolean {
  return name.length >= 1 && name.length <= streamNameBytesMax;
}

function missing(offset: number): RaftctlError {
  return new RaftctlError("CORRUPT", `record ${offset} of a stream is missing in the state`, {
    hint: "rebuild this node's state from a snapshot and the log",
  });
}
