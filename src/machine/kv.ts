// Keys and values: get, put, delete and delete of a range, each write with the condition that must hold; and what ends with a lease. Nothing here knows of
// sessions, terms or Raft; the revision is only what a record is stamped with. All work happens in the transaction that is handed in.

import { equalBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { Condition } from "../wire/command.ts";
import type { DataRecord, KeyDelete, KeySpan, KeyWrite, LeaseGrant, LeaseRevoke, WriteOutcome } from "./data-engine.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import type { EffectSink } from "./effects.ts";
import { recordKey, recordRange, userKey } from "./keyspace.ts";
import { keysPerLeaseMax, type LeaseTable } from "./leases.ts";
import type { FoundRecord, RecordCodec } from "./record.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";

/** What one command may delete: bounds the time for which it holds up the node. */
export const keysDeletedMax = 100_000;

export class KeyValueSpace {
  readonly #codec: RecordCodec;
  readonly #leases: LeaseTable;
  readonly #digest: Digest;
  readonly #size: DataSize;
  readonly #effects: EffectSink;

  constructor({ codec, leases, digest, size, effects }: { readonly codec: RecordCodec; readonly leases: LeaseTable; readonly digest: Digest; readonly size: DataSize; readonly effects: EffectSink }) {
    this.#codec = codec;
    this.#leases = leases;
    this.#digest = digest;
    this.#size = size;
    this.#effects = effects;
  }

  /** A view of what the content gives. */
  get(content: StoreContent, key: Uint8Array): FoundRecord | undefined {
    if (key.length === 0) return undefined;
    return this.#read(content, recordKey(key), key);
  }

  put(transaction: StoreTransaction, write: KeyWrite, revision: number): WriteOutcome {
    const stored = recordKey(write.key);
    const current = this.#read(transaction, stored, write.key);
    const isMoved = current?.lease !== write.lease;
    const fault = isMoved ? this.#leaseFault(write.lease) : undefined;
    if (fault !== undefined) return fault;
    if (!holds(write.condition, current)) return conflict(current, write.wantPrevious);
    const previous = write.wantPrevious ? copyOf(current) : undefined;
    const version = (current?.version ?? 0) + 1;
    const record = { value: write.value, version, createRevision: current?.createRevision ?? revision, modRevision: revision, lease: write.lease };
    if (isMoved) this.#move(transaction, write.key, { from: current?.lease, to: write.lease });
    const bytes = this.#codec.encode(write.key, record);
    if (current !== undefined) this.#forget(stored, current);
    this.#digest.addRecord(this.#codec.checksumOf(bytes));
    this.#size.keys += 1;
    this.#size.bytes += stored.length + bytes.length;
    transaction.put(stored, bytes);
    this.#effects.put(write.key, write.value, version, record.createRevision);
    return { status: "ok", version, deleted: 0, previous };
  }

  del(transaction: StoreTransaction, write: KeyDelete): WriteOutcome {
    const stored = recordKey(write.key);
    const current = this.#read(transaction, stored, write.key);
    if (!holds(write.condition, current)) return conflict(current, write.wantPrevious);
    const previous = write.wantPrevious ? copyOf(current) : undefined;
    if (current !== undefined) {
      this.#forget(stored, current);
      this.#move(transaction, write.key, { from: current.lease, to: undefined });
      transaction.delete(stored);
      this.#effects.delete(write.key);
    }
    return { status: "ok", version: current?.version ?? 0, deleted: current === undefined ? 0 : 1, previous };
  }

  deleteRange(transaction: StoreTransaction, span: KeySpan): WriteOutcome {
    const doomed: Uint8Array[] = [];
    const checksums: number[] = [];
    const leased: { readonly key: Uint8Array; readonly from: bigint }[] = [];
    let bytes = 0;
    for (const { key, value } of transaction.range({ ...recordRange(span.start, span.end), limit: keysDeletedMax + 1 })) {
      doomed.push(key);
      bytes += key.length + value.length;
      const { checksum, lease } = this.#codec.decode(userKey(key), value);
      checksums.push(checksum);
      if (lease !== undefined) leased.push({ key: userKey(key), from: lease });
    }
    if (doomed.length > keysDeletedMax) return { status: "tooMany", version: 0, deleted: 0, previous: undefined };
    for (const key of doomed) {
      transaction.delete(key);
      this.#effects.delete(userKey(key));
    }
    for (const { key, from } of leased) this.#move(transaction, key, { from, to: undefined });
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

  leaseRoom(lease: bigint): number | undefined {
    const known = this.#leases.get(lease);
    return known && keysPerLeaseMax - known.keys;
  }

  grantLease(transaction: StoreTransaction, { lease, ttlMs }: LeaseGrant, revision: number): WriteOutcome {
    return { ...nothing, status: this.#leases.grant(transaction, { id: lease, ttlMs }, revision) };
  }

  revokeLease(transaction: StoreTransaction, { lease, expiredGrant }: LeaseRevoke): WriteOutcome {
    const known = this.#leases.get(lease);
    if (known === undefined || (expiredGrant !== undefined && expiredGrant !== known.grantIndex)) return leaseNotFound;
    const keys = this.#leases.end(transaction, lease);
    for (const key of keys) {
      const stored = recordKey(key);
      const current = this.#read(transaction, stored, key);
      if (current?.lease !== lease) throw misattached();
      this.#forget(stored, current);
      transaction.delete(stored);
      this.#effects.delete(key);
    }
    return { ...nothing, status: "ok", deleted: keys.length };
  }

  /** Why no further key may be attached to it. */
  #leaseFault(lease: bigint | undefined): WriteOutcome | undefined {
    if (lease === undefined) return undefined;
    const room = this.leaseRoom(lease);
    if (room === undefined) return leaseNotFound;
    return room > 0 ? undefined : { ...nothing, status: "tooMany" };
  }

  #move(transaction: StoreTransaction, key: Uint8Array, { from, to }: { readonly from: bigint | undefined; readonly to: bigint | undefined }): void {
    if (from !== undefined) this.#leases.detach(transaction, from, key);
    if (to !== undefined) this.#leases.attach(transaction, to, key);
  }

  #read(content: StoreContent, stored: Uint8Array, key: Uint8Array): FoundRecord | undefined {
    const bytes = content.get(stored);
    return bytes === undefined ? undefined : this.#codec.decode(key, bytes);
  }

  #forget(stored: Uint8Array, current: FoundRecord): void {
    this.#digest.removeRecord(current.checksum);
    this.#size.keys -= 1;
    this.#size.bytes -= stored.length + current.rowBytes;
  }
}

const nothing = { version: 0, deleted: 0, previous: undefined } as const;
const leaseNotFound: WriteOutcome = { ...nothing, status: "leaseNotFound" };

function misattached(): RaftctlError {
  return new RaftctlError("CORRUPT", "a key in the state is attached to a lease that it does not name", { hint: "rebuild this node's state from a snapshot and the log" });
}

function holds(condition: Condition | undefined, current: FoundRecord | undefined): boolean {
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

function conflict(current: FoundRecord | undefined, wantPrevious: boolean): WriteOutcome {
  return { status: "conflict", version: current?.version ?? 0, deleted: 0, previous: wantPrevious ? copyOf(current) : undefined };
}

/** A record's own bytes live in the store's memory until the next call. */
function copyOf(record: FoundRecord | undefined): DataRecord | undefined {
  if (record === undefined) return undefined;
  const { value, version, createRevision, modRevision, lease } = record;
  return { value: new Uint8Array(value), version, createRevision, modRevision, lease };
}
