// Follows the log on a disk as it becomes durable: a cursor stands behind the last batch that continues the chain, and moves on whenever something was
// synced. Only files whose names a loss of power cannot take away count. It reads the durable bytes and nothing else, so a write that was never
// synced, or that nothing durable leads to, is not there for it.

import type { Crc32 } from "../../../src/base/crc.ts";
import { batchHeaderBytes, bodyMatches, readBatchHeader, type BatchHeader } from "../../../src/storage/wal/batch.ts";
import { readRecord, type RawRecord } from "../../../src/storage/wal/record.ts";
import { decodeSegmentHeader, foundingSequence, segmentHeaderBytes, segmentName, segmentSequence } from "../../../src/storage/wal/segment.ts";
import type { Inode } from "../../storage/inode.ts";

interface Segment {
  readonly sequence: number;
  readonly inode: Inode;
  /** undefined: its header is damaged. */
  readonly seed: number | undefined;
}

export interface ChainReader {
  record(record: RawRecord, segment: number): void;
}

export class SegmentChain {
  readonly #crc32: Crc32;
  /** The newest run without a gap, oldest first. */
  #segments: readonly Segment[] = [];
  readonly #known = new Map<Inode, Segment>();
  /** Place in `#segments`. */
  #current = 0;
  #offset = segmentHeaderBytes;
  #nextBatch: number | undefined;
  #previousCrc = 0;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** Takes the files that are there now; answers the highest sequence of those that are not any more. */
  update(names: Iterable<[string, Inode]>): number | undefined {
    const found: Segment[] = [];
    for (const [name, inode] of names) {
      const sequence = segmentSequence(name);
      if (sequence !== undefined) found.push(this.#segment(sequence, inode));
    }
    const segments = newestRun(found.toSorted((left, right) => left.sequence - right.sequence));
    const gone = this.#segments.findLast((segment) => !segments.includes(segment));
    const current = this.#segments[this.#current];
    this.#segments = segments;
    const place = current === undefined ? 0 : segments.indexOf(current);
    this.#current = Math.max(0, place);
    if (gone !== undefined) this.#forgetFiles();
    return gone?.sequence;
  }

  /** Back before the oldest segment. */
  rewind(): void {
    this.#current = 0;
    this.#offset = segmentHeaderBytes;
    this.#nextBatch = this.#segments[0]?.sequence === foundingSequence ? 1 : undefined;
    this.#previousCrc = 0;
  }

  /** Hands out the records of every batch that continues the chain. */
  advance(reader: ChainReader): void {
    for (;;) {
      const segment = this.#segments[this.#current];
      if (segment === undefined) return;
      if (this.#read(segment, this.#offset, reader)) continue;
      const next = this.#nextWithBatch(segment);
      if (next === undefined) return;
      this.#current = next;
      this.#offset = segmentHeaderBytes;
    }
  }

  /** A segment may stay empty: the log goes on in any later one. One that cannot be read ends it. */
  #nextWithBatch(current: Segment): number | undefined {
    if (current.seed === undefined) return undefined;
    for (let place = this.#current + 1; place < this.#segments.length; place += 1) {
      const segment = this.#segments[place]!;
      if (segment.seed === undefined) return undefined;
      if (this.#batchAt(segment, segmentHeaderBytes) !== undefined) return place;
    }
    return undefined;
  }

  #read(segment: Segment, offset: number, reader: ChainReader): boolean {
    const header = this.#batchAt(segment, offset);
    if (header === undefined) return false;
    const start = offset + batchHeaderBytes;
    const payload = segment.inode.durable.subarray(start, start + header.payloadLength);
    for (let at = 0; at < payload.length; ) {
      const record = readRecord(payload, at, this.#crc32);
      if (typeof record === "string") return false;
      reader.record(record, segment.sequence);
      at += record.length;
    }
    this.#offset = offset + header.extent;
    this.#nextBatch = header.sequence + 1;
    this.#previousCrc = header.headerCrc;
    return true;
  }

  #batchAt({ sequence, inode, seed }: Segment, offset: number): BatchHeader | undefined {
    if (seed === undefined) return undefined;
    const bytes = inode.durable;
    const header = readBatchHeader(bytes, offset, { segment: sequence, seed }, this.#crc32);
    if (header === undefined || !this.#continues(header)) return undefined;
    return bodyMatches(bytes, offset, header, this.#crc32) ? header : undefined;
  }

  #continues({ sequence, previousCrc }: BatchHeader): boolean {
    return this.#nextBatch === undefined || (sequence === this.#nextBatch && previousCrc === this.#previousCrc);
  }

  #segment(sequence: number, inode: Inode): Segment {
    const known = this.#known.get(inode);
    if (known?.sequence === sequence && known.seed !== undefined) return known;
    const made = { sequence, inode, seed: this.#seedOf(sequence, inode) };
    this.#known.set(inode, made);
    return made;
  }

  #seedOf(sequence: number, inode: Inode): number | undefined {
    try {
      return decodeSegmentHeader(segmentName(sequence), inode.durable, this.#crc32).seed;
    } catch {
      return undefined;
    }
  }

  #forgetFiles(): void {
    const kept = new Set(this.#segments.map(({ inode }) => inode));
    for (const inode of this.#known.keys()) if (!kept.has(inode)) this.#known.delete(inode);
  }
}

function newestRun(segments: readonly Segment[]): readonly Segment[] {
  let begin = Math.max(0, segments.length - 1);
  while (begin > 0 && segments[begin - 1]!.sequence === segments[begin]!.sequence - 1) begin -= 1;
  return segments.slice(begin);
}
