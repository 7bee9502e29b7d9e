// The batch: what one write and one sync put on the disk, kept as a whole or not at all. It begins on a sector of its own, so that writing it
// never touches a sector that holds an acknowledged one. Integers are little-endian.
//
//    0       4       8        12      16         24        32       40         44      48
//    ┌───────┬───────┬────────┬───────┬──────────┬─────────┬────────┬──────────┬───────┬─────────┬─────────────────┐
//    │ magic │ header│ payload│ body  │ sequence │ segment │ offset │ previous │ zero  │ records │ zeros up to a   │
//    │       │ crc   │ length │ crc   │   u64    │   u64   │  u64   │ batch's  │sectors│         │ multiple of 512 │
//    │ u32   │ u32   │ u32    │ u32   │          │         │        │ crc, u32 │ u32   │         │                 │
//    └───────┴───────┴────────┴───────┴──────────┴─────────┴────────┴──────────┴───────┴─────────┴─────────────────┘
//
// header crc: bytes 8 to 48, seeded with the checksum of the segment header, so that no batch is valid in another segment, and no value that a
// client stores looks like one. body crc: byte 48 to the end of the padding. previous: the header crc of the batch before, which chains them.
// A batch without records is a mark: it proves that the one before it was durable. zero sectors: how many sectors are zero by nature; in
// a segment that was zero-filled, a write that was torn leaves more of them.

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";

export const sectorBytes = 512;
export const batchHeaderBytes = 48;
const magic = 0x31544252;

/** Where a batch stands and what it is chained to. */
export interface BatchPlace {
  readonly segment: number;
  readonly offset: number;
  readonly sequence: number;
  readonly previousCrc: number;
  /** Checksum of the segment header. */
  readonly seed: number;
}

/** The segment that batches are read from, and the checksum of its header. */
export interface BatchOwner {
  readonly segment: number;
  readonly seed: number;
}

export interface BatchHeader {
  readonly headerCrc: number;
  readonly payloadLength: number;
  readonly bodyCrc: number;
  readonly sequence: number;
  readonly previousCrc: number;
  readonly zeroSectors: number;
  /** Bytes on disk, padding included. */
  readonly extent: number;
}

export function batchExtent(payloadLength: number): number {
  return Math.ceil((batchHeaderBytes + payloadLength) / sectorBytes) * sectorBytes;
}

/**
 * Fills in the header of a batch whose records stand at byte 48 and whose padding is zero. Returns the header crc.
 * @param batch exactly the extent of the batch
 */
export function sealBatch(batch: Uint8Array, payloadLength: number, place: BatchPlace, crc32: Crc32): number {
  writeU32(batch, 0, magic);
  writeU32(batch, 8, payloadLength);
  writeU32(batch, 12, crc32(batch.subarray(batchHeaderBytes)));
  writeSafeU64(batch, 16, place.sequence);
  writeSafeU64(batch, 24, place.segment);
  writeSafeU64(batch, 32, place.offset);
  writeU32(batch, 40, place.previousCrc);
  writeU32(batch, 44, countZeroSectors(batch, sectorBytes, batch.length));
  const headerCrc = crc32(batch.subarray(8, batchHeaderBytes), place.seed);
  writeU32(batch, 4, headerCrc);
  return headerCrc;
}

/** The header at `offset` of a segment, when it is one that was written for exactly this place; otherwise undefined. */
export function readBatchHeader(bytes: Uint8Array, offset: number, owner: BatchOwner, crc32: Crc32): BatchHeader | undefined {
  if (!looksLikeBatch(bytes, offset, owner.seed, crc32)) return undefined;
  if (readSafeU64(bytes, offset + 24) !== owner.segment || readSafeU64(bytes, offset + 32) !== offset) return undefined;
  const payloadLength = readU32(bytes, offset + 8);
  const extent = batchExtent(payloadLength);
  if (extent > bytes.length - offset) return undefined;
  return {
    headerCrc: readU32(bytes, offset + 4),
    payloadLength,
    bodyCrc: readU32(bytes, offset + 12),
    sequence: readSafeU64(bytes, offset + 16),
    previousCrc: readU32(bytes, offset + 40),
    zeroSectors: readU32(bytes, offset + 44),
    extent,
  };
}

/** Whether a header that was written into this segment stands here, be it in its place or not. */
export function looksLikeBatch(bytes: Uint8Array, offset: number, seed: number, crc32: Crc32): boolean {
  if (offset + batchHeaderBytes > bytes.length || readU32(bytes, offset) !== magic) return false;
  return readU32(bytes, offset + 4) === crc32(bytes.subarray(offset + 8, offset + batchHeaderBytes), seed);
}

export function bodyMatches(bytes: Uint8Array, offset: number, header: BatchHeader, crc32: Crc32): boolean {
  return crc32(bytes.subarray(offset + batchHeaderBytes, offset + header.extent)) === header.bodyCrc;
}

/** Whole sectors from `start` (a multiple of 512) up to `end` that hold nothing but zeros. */
export function countZeroSectors(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let sector = start; sector < end; sector += sectorBytes) {
    if (isZero(bytes, sector, Math.min(sector + sectorBytes, end))) count += 1;
  }
  return count;
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  return lastNonZero(bytes, start, end) === undefined;
}

/** Offset of the last byte in [start, end) that is not zero. */
export function lastNonZero(bytes: Uint8Array, start: number, end: number): number | undefined {
  let offset = end;
  while (offset > start && (bytes.byteOffset + offset) % 4 !== 0) {
    offset -= 1;
    if (bytes[offset] !== 0) return offset;
  }
  return offset === start ? undefined : lastNonZeroAligned(bytes, start, offset);
}

function lastNonZeroAligned(bytes: Uint8Array, start: number, end: number): number | undefined {
  const wordCount = Math.floor((end - start) / 4);
  const firstWord = end - wordCount * 4;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + firstWord, wordCount);
  let word = wordCount - 1;
  while (word >= 0 && words[word] === 0) word -= 1;
  const searchEnd = word >= 0 ? firstWord + word * 4 + 4 : firstWord;
  for (let offset = searchEnd - 1; offset >= start; offset -= 1) {
    if (bytes[offset] !== 0) return offset;
  }
  return undefined;
}
