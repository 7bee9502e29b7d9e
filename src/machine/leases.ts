// Leases: each has a time to live, and the keys that go when it ends. How much of the time is left is not known here: a lease ends when an entry says so,
// and who has that written is host/lessor.ts. All of it is the same on every node and in every image.
//
//    a lease           u32 CRC-32 of store key and the rest | u64 ttl, ms | u64 index of its grant | u32 number of its keys
//    an attached key   u32 CRC-32 of the store key, which names both
//
// Little-endian. Both kinds of rows count in the digest. In memory it mirrors the leases, not their keys.

import { assert } from "../base/assert.ts";
import { emptyBytes, readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { encodeCommand } from "../wire/command.ts";
import { leaseIdBytes, leaseTtlMsMax } from "../wire/lease-command.ts";
import { limits } from "../wire/limits.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import { attachedKeyHeadBytes, attachedRange, attachmentKey, leaseIdOf, leaseKey, leaseKeyBytes, prefixes } from "./keyspace.ts";
import type { KeyValue, StoreContent, StoreTransaction } from "./store.ts";

/** What ends with one lease ends in one step: bounds the time for which it holds up the node. */
export const keysPerLeaseMax = 10_000;
/** Bounds the memory that they take: about 200 bytes each. */
export const leasesMax = 100_000;

export interface Lease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** Index of the entry that granted it, or granted it anew. */
  readonly grantIndex: number;
  /** Attached to it. */
  readonly keys: number;
}

interface Counted {
  readonly digest: Digest;
  readonly size: DataSize;
}

const checksumBytes = 4;
const leaseRowBytes = checksumBytes + 20;

export class LeaseTable {
  /** Told after a batch has taken effect: which leases were granted or have ended in it. */
  onChange: ((leases: readonly bigint[]) => void) | undefined;
  readonly #crc32: Crc32;
  #leases = new Map<bigint, Lease>();
  #changed: bigint[] = [];
  #endedKeys: Uint8Array[] = [];
  #counted!: Counted;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** Forgets everything and begins again with what a store holds. Throws CORRUPT. */
  load(rows: Iterable<KeyValue>, counted: Counted): void {
    this.#leases = new Map();
    this.#changed = [];
    this.#endedKeys = [];
    this.#counted = counted;
    for (const row of rows) {
      checkLeaseRow(row, this.#crc32);
      const lease = decodeLease(row);
      this.#leases.set(lease.id, lease);
    }
  }

  get count(): number {
    return this.#leases.size;
  }

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  all(): Iterable<Lease> {
    return this.#leases.values();
  }

  /** What a leader has written to the log when the time of this grant is over. */
  expiryOf(id: bigint, grantIndex: number): Uint8Array {
    return encodeCommand({ operation: "leaseRevoke", lease: id, expiredGrant: grantIndex });
  }

  /** Keys that were attached to the leases that have ended since the last call. */
  takeEndedKeys(): readonly Uint8Array[] {
    const keys = this.#endedKeys;
    if (keys.length > 0) this.#endedKeys = [];
    return keys;
  }

  /** Of the batch that has taken effect. */
  tell(): void {
    if (this.#changed.length === 0) return;
    const changed = this.#changed;
    this.#changed = [];
    this.onChange?.(changed);
  }

  /** One that exists with this ttl begins anew and keeps its keys. conflict: it exists with another ttl. tooMany: there are all that there may be. */
  grant(transaction: StoreTransaction, { id, ttlMs }: Pick<Lease, "id" | "ttlMs">, index: number): "ok" | "conflict" | "tooMany" {
    const known = this.#leases.get(id);
    if (known !== undefined && known.ttlMs !== ttlMs) return "conflict";
    if (known === undefined && this.#leases.size >= leasesMax) return "tooMany";
    this.#write(transaction, { id, ttlMs, grantIndex: index, keys: known?.keys ?? 0 });
    this.#changed.push(id);
    return "ok";
  }

  /** It is gone, and nothing is attached to it any more. @returns the keys that were */
  end(transaction: StoreTransaction, id: bigint): Uint8Array[] {
    const lease = this.#leases.get(id);
    assert(lease !== undefined, "only a lease that exists can end");
    const keys: Uint8Array[] = [];
    for (const { key } of transaction.range(attachedRange(id))) keys.push(key.slice(attachedKeyHeadBytes));
    for (const key of keys) this.#remove(transaction, attachmentKey(id, key));
    this.#remove(transaction, leaseKey(id));
    this.#leases.delete(id);
    this.#changed.push(id);
    this.#endedKeys.push(...keys);
    return keys;
  }

  /** Neither is checked here: that the lease exists, and that the key is not attached to it. */
  attach(transaction: StoreTransaction, id: bigint, key: Uint8Array): void {
    this.#put(transaction, attachmentKey(id, key), emptyBytes);
    this.#count(transaction, id, 1);
  }

  /** A key that is attached to it. */
  detach(transaction: StoreTransaction, id: bigint, key: Uint8Array): void {
    this.#remove(transaction, attachmentKey(id, key));
    this.#count(transaction, id, -1);
  }

  #count(transaction: StoreTransaction, id: bigint, change: number): void {
    const lease = this.#leases.get(id);
    assert(lease !== undefined, "keys are attached only to a lease that exists");
    this.#write(transaction, { ...lease, keys: lease.keys + change });
  }

  #write(transaction: StoreTransaction, lease: Lease): void {
    const key = leaseKey(lease.id);
    if (this.#leases.has(lease.id)) this.#remove(transaction, key);
    const content = new Uint8Array(leaseRowBytes - checksumBytes);
    writeSafeU64(content, 0, lease.ttlMs);
    writeSafeU64(content, 8, lease.grantIndex);
    writeU32(content, 16, lease.keys);
    this.#put(transaction, key, content);
    this.#leases.set(lease.id, lease);
  }

  #put(transaction: StoreTransaction, key: Uint8Array, content: Uint8Array): void {
    const row = new Uint8Array(checksumBytes + content.length);
    row.set(content, checksumBytes);
    const checksum = this.#crc32(content, this.#crc32(key));
    writeU32(row, 0, checksum);
    this.#counted.digest.addRecord(checksum);
    this.#counted.size.bytes += key.length + row.length;
    transaction.put(key, row);
  }

  #remove(transaction: StoreTransaction, key: Uint8Array): void {
    const row = transaction.get(key);
    if (row === undefined) throw corrupt("is missing");
    this.#counted.digest.removeRecord(checkLeaseRow({ key, value: row }, this.#crc32));
    this.#counted.size.bytes -= key.length + row.length;
    transaction.delete(key);
  }
}

/** By how much the data grows when this key is attached to a lease: a row, and the lease in the key's own. */
export function attachedBytes(key: Uint8Array): number {
  return attachedKeyHeadBytes + key.length + checksumBytes + leaseIdBytes;
}

/** Keys that are attached to a lease, in their order, at most `limit`. */
export function attachedKeys(content: StoreContent, id: bigint, limit: number): Uint8Array[] {
  return Array.from(content.range({ ...attachedRange(id), limit }), ({ key }) => key.slice(attachedKeyHeadBytes));
}

/** In the order of their ids, from this one on, at most `limit`. */
export function leasesFrom(content: StoreContent, from: bigint, limit: number): Lease[] {
  return Array.from(content.range({ start: leaseKey(from), end: Uint8Array.of(prefixes.lease + 1), limit }), decodeLease);
}

/** The checksum of a lease's row or an attached key's. Throws CORRUPT for a row that no LeaseTable wrote. */
export function checkLeaseRow({ key, value }: KeyValue, crc32: Crc32): number {
  const isShapeRight = key[0] === prefixes.lease ? isLeaseShape(key, value) : isAttachmentShape(key, value);
  const checksum = isShapeRight ? readU32(value, 0) : -1;
  if (checksum === crc32(value.subarray(checksumBytes), crc32(key))) return checksum;
  throw corrupt(`of ${value.length} bytes fails its checksum`);
}

function isLeaseShape(key: Uint8Array, value: Uint8Array): boolean {
  if (key.length !== leaseKeyBytes || value.length !== leaseRowBytes || leaseIdOf(key) === 0n) return false;
  const ttlMs = readSafeU64(value, checksumBytes);
  return ttlMs >= 1 && ttlMs <= leaseTtlMsMax && readSafeU64(value, checksumBytes + 8) >= 1 && readU32(value, checksumBytes + 16) <= keysPerLeaseMax;
}

function isAttachmentShape(key: Uint8Array, value: Uint8Array): boolean {
  return key.length > attachedKeyHeadBytes && key.length <= attachedKeyHeadBytes + limits.keyBytesMax && value.length === checksumBytes;
}

/** Of a row that was checked. */
export function decodeLease({ key, value }: KeyValue): Lease {
  return { id: leaseIdOf(key), ttlMs: readSafeU64(value, checksumBytes), grantIndex: readSafeU64(value, checksumBytes + 8), keys: readU32(value, checksumBytes + 16) };
}

function corrupt(what: string): RaftctlError {
  return new RaftctlError("CORRUPT", `a lease's row in the state ${what}`, { hint: "rebuild this node's state from a snapshot and the log" });
}
