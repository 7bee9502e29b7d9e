// A user's key with its value and versions, as a value of the store. Little-endian:
//
//    0  u32  CRC-32 of the key and of everything that follows      12  u64  createRevision
//    4  u64  version, its highest bit: there is a lease            20  u64  modRevision
//                                                                  28  u64  lease, if any
//                                                                  28 or 36 value
//
// The store has no checksums of its own, so every record carries one and every read checks it: damage is an error (CORRUPT), never a value.

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";

export interface StoredRecord {
  readonly value: Uint8Array;
  /** 1 at creation, one more at each put. */
  readonly version: number;
  readonly createRevision: number;
  readonly modRevision: number;
  /** That the key is attached to. */
  readonly lease?: bigint | undefined;
}

/** As it was read. */
export interface FoundRecord extends StoredRecord {
  /** The checksum in front of the record: differs when anything in it, or its key, differs. */
  readonly checksum: number;
  /** Of its row. */
  readonly rowBytes: number;
}

export const recordHeaderBytes = 28;
const leaseBytes = 8;
export const recordHeaderBytesMax = recordHeaderBytes + leaseBytes;
const leaseFlagOffset = 11;
const leaseFlag = 0x80;

export class RecordCodec {
  readonly #crc32: Crc32;
  #scratch = new Uint8Array(4096);

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** The result is valid until the next call: a store copies what it is given. */
  encode(key: Uint8Array, record: StoredRecord): Uint8Array {
    const length = recordBytes(record);
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    const bytes = this.#scratch.subarray(0, length);
    writeSafeU64(bytes, 4, record.version);
    writeSafeU64(bytes, 12, record.createRevision);
    writeSafeU64(bytes, 20, record.modRevision);
    if (record.lease !== undefined) writeLease(bytes, record.lease);
    bytes.set(record.value, length - record.value.length);
    writeU32(bytes, 0, this.#checksum(key, bytes));
    return bytes;
  }

  /** Throws CORRUPT when the bytes are not what was encoded for this key. */
  decode(key: Uint8Array, bytes: Uint8Array): FoundRecord {
    const headerBytes = isLeased(bytes) ? recordHeaderBytesMax : recordHeaderBytes;
    const checksum = bytes.length < headerBytes ? -1 : readU32(bytes, 0);
    if (checksum !== this.#checksum(key, bytes)) {
      throw new RaftctlError("CORRUPT", `a record of ${bytes.length} bytes in the state fails its checksum`, {
        details: { key: hex(key) },
        hint: "rebuild this node's state from a snapshot and the log",
      });
    }
    return new DecodedRecord(bytes, headerBytes, checksum);
  }

  /** Of an encoded record. */
  checksumOf(bytes: Uint8Array): number {
    return readU32(bytes, 0);
  }

  #checksum(key: Uint8Array, bytes: Uint8Array): number {
    return this.#crc32(bytes.subarray(4), this.#crc32(key));
  }
}

/** Whoever overwrites a record rarely wants its value: the view of it is made when it is asked for. */
class DecodedRecord implements FoundRecord {
  readonly version: number;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: bigint | undefined;
  readonly checksum: number;
  readonly #bytes: Uint8Array;
  readonly #headerBytes: number;

  constructor(bytes: Uint8Array, headerBytes: number, checksum: number) {
    const hasLease = headerBytes !== recordHeaderBytes;
    this.version = hasLease ? leasedVersion(bytes) : readSafeU64(bytes, 4);
    this.createRevision = readSafeU64(bytes, 12);
    this.modRevision = readSafeU64(bytes, 20);
    this.lease = hasLease ? leaseOf(bytes) : undefined;
    this.checksum = checksum;
    this.#bytes = bytes;
    this.#headerBytes = headerBytes;
  }

  /** A view of the bytes that were decoded. */
  get value(): Uint8Array {
    return this.#bytes.subarray(this.#headerBytes);
  }

  get rowBytes(): number {
    return this.#bytes.length;
  }
}

function recordBytes({ value, lease }: Pick<StoredRecord, "value" | "lease">): number {
  return (lease === undefined ? recordHeaderBytes : recordHeaderBytesMax) + value.length;
}

/** The value in a record that was checked. */
export function recordValue(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(isLeased(bytes) ? recordHeaderBytesMax : recordHeaderBytes);
}

function isLeased(bytes: Uint8Array): boolean {
  return bytes.length > leaseFlagOffset && (bytes[leaseFlagOffset]! & leaseFlag) !== 0;
}

function writeLease(bytes: Uint8Array, lease: bigint): void {
  bytes[leaseFlagOffset]! |= leaseFlag;
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(recordHeaderBytes, lease, true);
}

function leaseOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(recordHeaderBytes, true);
}

function leasedVersion(bytes: Uint8Array): number {
  return (readU32(bytes, 8) & 0x7fff_ffff) * 2 ** 32 + readU32(bytes, 4);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
