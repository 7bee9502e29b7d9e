// Walks the chain of batches in the bytes of one segment and judges what stands behind the last good one. Synchronous and pure, so that tests can
// run it over every possible damage.
//
// What follows the last good batch is the end of the log when it is zeros to the end of the segment; a torn write when sectors are missing (zero
// where the write would have left something) and nothing valid follows; and damage in every other case: one batch is on the disk at a time, so
// a valid batch proves that everything before it was durable, and sectors are written whole, so a complete but wrong one has rotted.

import type { Crc32 } from "../../base/crc.ts";
import { mark } from "../../base/mark.ts";
import { batchHeaderBytes, bodyMatches, countZeroSectors, isZero, lastNonZero, looksLikeBatch, readBatchHeader, sectorBytes, type BatchHeader, type BatchOwner } from "./batch.ts";
import { segmentHeaderBytes } from "./segment.ts";

export interface SegmentImage {
  readonly path: string;
  readonly sequence: number;
  readonly seed: number;
  readonly bytes: Uint8Array;
}

/** What the next batch must continue. Before the first batch of a purged log nothing is known. */
export interface Chain {
  nextSequence: number | undefined;
  previousCrc: number;
}

export type Tail =
  | { readonly kind: "end" }
  | { readonly kind: "torn"; readonly end: number }
  | { readonly kind: "damaged"; readonly offset: number; readonly reason: string };

export interface SegmentScan {
  /** Where the next batch would begin. */
  readonly end: number;
  readonly firstBatch: number | undefined;
  readonly tail: Tail;
  /** The last batch is a mark, or there is none. */
  readonly marked: boolean;
}

/** @param visit is handed the records of each batch, in order. */
export function scanSegment(image: SegmentImage, chain: Chain, crc32: Crc32, visit: (payload: Uint8Array) => void): SegmentScan {
  let offset = segmentHeaderBytes;
  let firstBatch: number | undefined;
  let marked = true;
  for (;;) {
    const header = nextBatch(image, offset, chain, crc32);
    if (header === undefined) break;
    firstBatch ??= header.sequence;
    chain.nextSequence = header.sequence + 1;
    chain.previousCrc = header.headerCrc;
    marked = header.payloadLength === 0;
    const start = offset + batchHeaderBytes;
    visit(image.bytes.subarray(start, start + header.payloadLength));
    offset += header.extent;
  }
  return { end: offset, firstBatch, tail: judgeTail(image, offset, crc32), marked };
}

function nextBatch(image: SegmentImage, offset: number, chain: Chain, crc32: Crc32): BatchHeader | undefined {
  const header = readBatchHeader(image.bytes, offset, owner(image), crc32);
  if (header === undefined || !bodyMatches(image.bytes, offset, header, crc32)) return undefined;
  const continues = chain.nextSequence === undefined || (header.sequence === chain.nextSequence && header.previousCrc === chain.previousCrc);
  return continues ? header : undefined;
}

function judgeTail(image: SegmentImage, offset: number, crc32: Crc32): Tail {
  const { bytes } = image;
  const last = lastNonZero(bytes, offset, bytes.length);
  if (last === undefined) return { kind: "end" };
  const header = readBatchHeader(bytes, offset, owner(image), crc32);
  const searchStart = offset + (header?.extent ?? sectorBytes);
  const later = findBatch(image, searchStart, crc32);
  if (later !== undefined) return { kind: "damaged", offset, reason: `a later batch stands at byte ${later}` };
  if (header !== undefined) return judgeHeaded(bytes, offset, header, last);
  if (isZero(bytes, offset, offset + sectorBytes)) {
    mark("torn-tail-without-its-header");
    return { kind: "torn", end: last + 1 };
  }
  return { kind: "damaged", offset, reason: "a batch header does not match its checksum" };
}

/** The header is whole: the sectors tell whether the rest of the batch was torn off or has rotted. */
function judgeHeaded(bytes: Uint8Array, offset: number, header: BatchHeader, last: number): Tail {
  const end = offset + header.extent;
  if (last >= end) return { kind: "damaged", offset: end, reason: "bytes that belong to no batch" };
  const zeroSectors = countZeroSectors(bytes, offset + sectorBytes, end);
  if (zeroSectors > header.zeroSectors) {
    mark("torn-tail-behind-its-header");
    return { kind: "torn", end: last + 1 };
  }
  return { kind: "damaged", offset, reason: `batch ${header.sequence} does not match its checksum or does not continue the one before it` };
}

/** Also one in a wrong place: no torn write leaves a header of its own behind it. */
function findBatch(image: SegmentImage, start: number, crc32: Crc32): number | undefined {
  for (let offset = start; offset + batchHeaderBytes <= image.bytes.length; offset += sectorBytes) {
    if (looksLikeBatch(image.bytes, offset, image.seed, crc32)) return offset;
  }
  return undefined;
}

function owner(image: SegmentImage): BatchOwner {
  return { segment: image.sequence, seed: image.seed };
}
