// Keys and values: get, put, delete and delete of a range, each write with the condition that must hold. Nothing here knows of sessions, terms or
// Raft; the revision is only what a record is stamped with. All work happens in the transaction that is handed in.

import { equalBytes } from "../base/bytes.ts";
import type { Condition } from "../wire/command.ts";
import type { DataRecord, KeyDelete, KeySpan, KeyWrite, WriteOutcome } from "./data-engine.ts";
import type { Digest } from "./digest.ts";
import { recordKey, recordRange, userKey } from "./keyspace.ts";
import type { RecordCodec, StoredRecord } from "./record.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";

/** What one command may delete: bounds the time for which it holds up the node. */
export const keysDeletedMax = 100_000;

export class KeyValueSpace {
  readonly #codec: RecordCodec;
  readonly #digest: Digest;
  /** Keys that exist. */
  #count: number;

  constructor(codec: RecordCodec, digest: Digest, count: number) {
    this.#codec = codec;
    this.#digest = digest;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
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
    this.#replace(current, this.#codec.checksumOf(bytes));
    transaction.put(stored, bytes);
    return { status: "ok", version, deleted: 0, previous };
  }

  del(transaction: StoreTransaction, write: KeyDelete): WriteOutcome {
    const stored = recordKey(write.key);
    const current = this.#read(transaction, stored, write.key);
    if (!holds(write.condition, current)) return conflict(current, write.wantPrevious);
    const previous = write.wantPrevious ? copyOf(current) : undefined;
    if (current !== undefined) {
      this.#forget(current);
      transaction.delete(stored);
    }
    return { status: "ok", version: current?.version ?? 0, deleted: current === undefined ? 0 : 1, previous };
  }

  deleteRange(transaction: StoreTransaction, span: KeySpan): WriteOutcome {
    const doomed: Uint8Array[] = [];
    const checksums: number[] = [];
    for (const { key, value } of transaction.range({ ...recordRange(span.start, span.end), limit: keysDeletedMax + 1 })) {
      doomed.push(key);
      checksums.push(this.#codec.decode(userKey(key), value).checksum);
    }
    if (doomed.length > keysDeletedMax) return { status: "tooMany", version: 0, deleted: 0, previous: undefined };
    for (const key of doomed) transaction.delete(key);
    for (const checksum of checksums) this.#digest.removeRecord(checksum);
    this.#count -= doomed.length;
    return { status: "ok", version: 0, deleted: doomed.length, previous: undefined };
  }

  #read(content: StoreContent, stored: Uint8Array, key: Uint8Array): StoredRecord | undefined {
    const bytes = content.get(stored);
    return bytes === undefined ? undefined : this.#codec.decode(key, bytes);
  }

  #replace(current: StoredRecord | undefined, checksum: number): void {
    if (current !== undefined) this.#forget(current);
    this.#digest.addRecord(checksum);
    this.#count += 1;
  }

  #forget(current: StoredRecord): void {
    this.#digest.removeRecord(current.checksum);
    this.#count -= 1;
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
