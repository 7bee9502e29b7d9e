// A page of a session: what was answered to eight neighbouring sequence numbers, one row of the store. Integers are little-endian.
//
//    0  u32  CRC-32 of what follows      12  8 x (u64 sequence number, 0 = none | result of 24 bytes)
//    4  u64  floor of the session
//
// Pages of before there were floors lack theirs: they are read as pages with floor 0.

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { hasTail, resultHeaderBytes } from "../wire/command-result.ts";
import { sessionPageKeyBytes } from "./keyspace.ts";

/** A session remembers its last so many sequence numbers. */
export const sequencesRemembered = 1024;
const slotsPerPage = 8;
export const pagesPerSession = sequencesRemembered / slotsPerPage;
const slotBytes = 8 + resultHeaderBytes;
const crcBytes = 4;
const headerBytes = crcBytes + 8;
export const pageBytes = headerBytes + slotsPerPage * slotBytes;
const pageBytesWithoutFloor = pageBytes - 8;

export function pageNumber(sequence: number): number {
  return Math.floor(sequence / slotsPerPage) % pagesPerSession;
}

export class SessionPage {
  readonly key: Uint8Array;
  readonly #bytes: Uint8Array;
  /** To be written, or removed, at the end of this transaction. */
  isChanged = false;
  isRemoved = false;

  private constructor(key: Uint8Array, bytes: Uint8Array) {
    this.key = key;
    this.#bytes = bytes;
  }

  static empty(key: Uint8Array, floor: number): SessionPage {
    const bytes = new Uint8Array(pageBytes);
    writeSafeU64(bytes, crcBytes, floor);
    return new SessionPage(key, bytes);
  }

  /** A row of the store, copied. @throws CORRUPT */
  static read(key: Uint8Array, row: Uint8Array, crc32: Crc32): SessionPage {
    checkSessionPage(key, row, crc32);
    const bytes = new Uint8Array(pageBytes);
    bytes.set(row.subarray(crcBytes), row.length === pageBytes ? crcBytes : headerBytes);
    return new SessionPage(new Uint8Array(key), bytes);
  }

  /** The row of the store. */
  sealed(crc32: Crc32): Uint8Array {
    writeU32(this.#bytes, 0, crc32(this.#bytes.subarray(crcBytes)));
    return this.#bytes;
  }

  get floor(): number {
    return readSafeU64(this.#bytes, crcBytes);
  }

  holds(sequence: number): boolean {
    return this.occupant(sequence) === sequence;
  }

  /** What was answered, in 24 bytes; undefined when this number is not remembered. A copy. */
  result(sequence: number): Uint8Array | undefined {
    const offset = slotOffset(sequence);
    return this.holds(sequence) ? this.#bytes.slice(offset + 8, offset + slotBytes) : undefined;
  }

  /** The number whose place this one would take; 0: the place is free. */
  occupant(sequence: number): number {
    return readSafeU64(this.#bytes, slotOffset(sequence));
  }

  /** What is remembered of that number is larger than its slot. */
  occupantHasTail(sequence: number): boolean {
    return this.occupant(sequence) !== 0 && hasTail(this.#bytes, slotOffset(sequence) + 8);
  }

  /** Numbers that are remembered. */
  get count(): number {
    let count = 0;
    for (let offset = headerBytes; offset < pageBytes; offset += slotBytes) if (readSafeU64(this.#bytes, offset) !== 0) count += 1;
    return count;
  }

  write(sequence: number, resultHeader: Uint8Array): void {
    const offset = slotOffset(sequence);
    writeSafeU64(this.#bytes, offset, sequence);
    this.#bytes.set(resultHeader, offset + 8);
  }

  /** Numbers that are remembered, with their results' 24 bytes. */
  *slots(): Generator<{ readonly sequence: number; readonly result: Uint8Array }> {
    for (let offset = headerBytes; offset < pageBytes; offset += slotBytes) {
      const sequence = readSafeU64(this.#bytes, offset);
      if (sequence !== 0) yield { sequence, result: this.#bytes.subarray(offset + 8, offset + slotBytes) };
    }
  }
}

/** Throws CORRUPT for a row that no SessionTable wrote. */
export function checkSessionPage(key: Uint8Array, bytes: Uint8Array, crc32: Crc32): void {
  const isLengthRight = bytes.length === pageBytes || bytes.length === pageBytesWithoutFloor;
  const isShapeRight = key.length === sessionPageKeyBytes && key[9]! < pagesPerSession && isLengthRight;
  if (isShapeRight && readU32(bytes, 0) === crc32(bytes.subarray(crcBytes))) return;
  throw new RaftctlError("CORRUPT", `a session row of ${bytes.length} bytes in the state fails its checksum`);
}

function slotOffset(sequence: number): number {
  return headerBytes + (sequence % slotsPerPage) * slotBytes;
}
