// Keys and values: get, put, delete and delete of a range, each write with the condition that must hold. Nothing here knows of sessions, terms or
// Raft; the revision is only what a record is stamped with. All work happens in the transaction that is handed in.

import { equalBytes } from "../base/bytes.ts";
import type { Condition } from "../wire/command.ts";
import type { DataRecord, KeyDelete, KeySpan, KeyWrite, WriteOutcome } from "./data-engine.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import { recordKey, recordRange, userKey } from "./keyspace.ts";
import { recordHeaderBytes, type RecordCodec, type StoredRecord } from "./record.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";

/** What one command may delete: bounds the time for which it holds up the node. */
export const keysDeletedMax = 100_000;

export class KeyValueSpace {
  readonly #codec: RecordCodec;
  readonly #digest: Digest;
  readonly #size: DataSize;

  constructor(codec: RecordCodec, digest: Digest, size: DataSize) {
    this.#codec = codec;
    this.#digest = digest;
    this.#size = size;
  }

  /** A view of what the content gives. */
  get(content: StoreContent, key: Uint8Array): StoredRecord | undefined {
    if (key.length === 0) return undefined;
    return this.#read(content, recordKey(key), key);
  }

  put(transaction: StoreTransaction, write: KeyWrite, revision: number): WriteOutcome {
    const stored = recordKey(write.key);
    const current = this.#read(transaction, stored, write.key);
    if (!holds(write.condition, current)) return conflict(current, write.wantPrevious);
    const previous = write.wantPrevious ? copyOf(current) : undefined;
    const version = (current?.version ?? 0) + 1;
    const record = { value: write.value, version, createRevision: current?.createRevision ?? revision, modRevision: revision };
    const bytes = this.#codec.encode(write.key, record);
    if (current !== undefined) this.#forget(stored, current);
    this.#digest.addRecord(this.#codec.checksumOf(bytes));
    this.#size.keys += 1;
    this.#size.bytes += stored.length + bytes.length;
    transaction.put(stored, bytes);
    return { status: "ok", version, deleted: 0, previous };
  }

  del(transaction: StoreTransaction, write: KeyDelete): WriteOutcome {
    const stored = recordKey(write.key);
    const current = this.#read(transaction, stored, write.key);
    if (!holds(write.condition, current)) return conflict(current, write.wantPrevious);
    const previous = write.wantPrevious ? copyOf(current) : undefined;
    if (current !== undefined) {
      this.#forget(stored, current);
      transaction.delete(stored);
    }
    return { status: "ok", version: current?.version ?? 0, deleted: current === undefined ? 0 : 1, previous };
  }

  deleteRange(transaction: StoreTransaction, span: KeySpan): WriteOutcome {
    const doomed: Uint8Array[] = [];
    const checksums: number[] = [];
    let bytes = 0;
    for (const { key, value } of transaction.range({ ...recordRange(span.start, span.end), limit: keysDeletedMax + 1 })) {
      doomed.push(key);
      bytes += key.length + value.length;
      checksums.push(this.#codec.decode(userKey(key), value).checksum);
    }
    if (doomed.length > keysDeletedMax) return { status: "tooMany", version: 0, deleted: 0, previous: undefined };
    for (const key of doomed) transaction.delete(key);
    for (const checksum of checksums) this.#digest.removeRecord(checksum);
    this.#size.keys -= doomed.length;
    this.#size.bytes -= bytes;
    return { status: "ok", version: 0, deleted: doomed.length, previous: undefined };
  }

  count(content: StoreContent, span: KeySpan, limit: number): number {
    let count = 0;
    for (const _pair of content.range({ ...recordRange(span.start, span.end), limit })) count += 1;
    return count;
  }

  #read(content: StoreContent, stored: Uint8Array, key: Uint8Array): StoredRecord | undefined {
    const bytes = content.get(stored);
    return bytes === undefined ? undefined : this.#codec.decode(key, bytes);
  }

  #forget(stored: Uint8Array, current: StoredRecord): void {
    this.#digest.removeRecord(current.checksum);
    this.#size.keys -= 1;
    this.#size.bytes -= stored.length + recordHeaderBytes + current.value.length;
  }
}

function holds(condition: Condition | undefined, current: StoredRecord | undefined): boolean {
  if (condition === undefined) return true;
  switch (condition.kind) {
    case "absent":
      return current === undefined;
    case "version":
      return condition.version === (current?.version ?? 0);
    case "value":
      return current !== undefined && equalBytes(condition.value, current.value);
  }
}

function conflict(current: StoredRecord | undefined, wantPrevious: boolean): WriteOutcome {
  return { status: "conflict", version: current?.version ?? 0, deleted: 0, previous: wantPrevious ? copyOf(current) : undefined };
}

/** A record's own bytes live in the store's memory until the next call. */
function copyOf(record: StoredRecord | undefined): DataRecord | undefined {
  if (record === undefined) return undefined;
  const { value, version, createRevision, modRevision } = record;
  return { value: new Uint8Array(value), version, createRevision, modRevision };
}
