// The record: the one form in which an entry rests in the log and travels between nodes, byte for byte the same everywhere, and in which the
// log keeps what else must survive. Integers are little-endian. A record holds nothing local to a node, so nobody encodes it twice.
//
//    0        4        8     9        13              21              29
//    ┌────────┬────────┬─────┬────────┬───────────────┬───────────────┬─────────────┐
//    │ length │  crc   │kind │ region │     term      │     index     │   payload   │
//    │  u32   │  u32   │ u8  │  u32   │      u64      │      u64      │ length - 29 │
//    └────────┴────────┴─────┴────────┴───────────────┴───────────────┴─────────────┘
//
// length counts the whole record. crc is the CRC-32 of bytes 8 to length, seeded with length, so that it covers that field too.

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { RegionId } from "../../base/ids.ts";
import { headroomOf, Slab } from "../../base/slab.ts";
import { assert } from "../../base/assert.ts";
import type { Entry, EntryType } from "../../raft/entry.ts";

/** The numbers stand on disks and on the wire: never change or reuse one. Below 16 they are entry types (raft/entry.ts). */
export const recordKinds = {
  noop: 0,
  command: 1,
  membership: 2,
  hardState: 16,
  snapshotMark: 17,
  compaction: 18,
  regionRemoved: 19,
  firstSegment: 20,
} as const;
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

export const recordHeaderBytes = 29;

/** Fields as found, not yet judged; `payload` is a view. */
export interface RawRecord {
  readonly kind: number;
  readonly region: number;
  readonly term: number;
  readonly index: number;
  readonly payload: Uint8Array;
  /** Of the whole record. */
  readonly length: number;
}

export interface RecordFields {
  readonly kind: RecordKind;
  readonly region: number;
  readonly term: number;
  readonly index: number;
  readonly payload: Uint8Array;
}

/** Memory for the data of entries that are about to be appended: it has room for the header of their records, so that they need not move. One for each log. */
export function entryMemory(): Slab {
  return new Slab(recordHeaderBytes);
}

/** Writes one record at `offset` and returns the offset behind it. */
export function writeRecord(target: Uint8Array, offset: number, fields: RecordFields, crc32: Crc32): number {
  target.set(fields.payload, offset + recordHeaderBytes);
  return writeHeader(target, offset, fields, crc32);
}

/** Of a record whose payload is there already. */
function writeHeader(target: Uint8Array, offset: number, fields: RecordFields, crc32: Crc32): number {
  const length = recordHeaderBytes + fields.payload.length;
  const end = offset + length;
  writeU32(target, offset, length);
  target[offset + 8] = fields.kind;
  writeU32(target, offset + 9, fields.region);
  writeSafeU64(target, offset + 13, fields.term);
  writeSafeU64(target, offset + 21, fields.index);
  writeU32(target, offset + 4, crc32(target.subarray(offset + 8, end), length));
  return end;
}

/** The record at `offset`, or a sentence that says what is wrong with it. */
export function readRecord(run: Uint8Array, offset: number, crc32: Crc32): RawRecord | string {
  if (offset + recordHeaderBytes > run.length) return "a record header is cut short";
  const length = readU32(run, offset);
  if (length < recordHeaderBytes || length > run.length - offset) return `a record length of ${length} bytes does not fit`;
  const end = offset + length;
  const stored = readU32(run, offset + 4);
  const actual = crc32(run.subarray(offset + 8, end), length);
  if (stored !== actual) return `a record checksum is ${hex(stored)} but its bytes have ${hex(actual)}`;
  return {
    kind: run[offset + 8]!,
    region: readU32(run, offset + 9),
    term: readSafeU64(run, offset + 13),
    index: readSafeU64(run, offset + 21),
    payload: run.subarray(offset + recordHeaderBytes, end),
    length,
  };
}

/** The entry in a record of an entry kind, or a sentence that says what is wrong with it. */
export function entryOf(record: RawRecord): Entry | string {
  const { kind, term, index } = record;
  if (kind > recordKinds.membership) return `record kind ${kind} is not an entry`;
  if (!(term >= 1) || !(index >= 1)) return `an entry has term ${term} and index ${index}`;
  if (kind === recordKinds.noop && record.payload.length > 0) return `no-op ${index} has a payload`;
  return { index, term, type: kind as EntryType, data: record.payload, isRecorded: true };
}

/** The record in which an entry's data stands. A view. */
export function recordOf({ data, isRecorded }: Entry): Uint8Array {
  assert(isRecorded === true, "the entry stands in a record");
  const record = new Uint8Array(data.buffer, data.byteOffset - recordHeaderBytes, recordHeaderBytes + data.length);
  assert(readU32(record, 0) === record.length, "the record is as long as it says");
  return record;
}

/**
 * The entries as one contiguous run of records. Entries that stand in no record yet move into the run; those that do go in byte for byte. A run that
 * already lies together in memory, and one whose data does with room for the headers, is not copied at all.
 */
export function encodeEntries(entries: readonly Entry[], region: RegionId, crc32: Crc32): Uint8Array {
  const inPlace = runInPlace(entries);
  if (inPlace !== undefined) {
    const first = entries[0]!;
    if (first.isRecorded === true) assert(readU32(inPlace, 0) === recordHeaderBytes + first.data.length, "the first record is as long as it says");
    else completeRun(inPlace, entries, { region, crc32 });
    return inPlace;
  }
  let length = 0;
  for (const { data } of entries) length += recordHeaderBytes + data.length;
  const run = new Uint8Array(length);
  let offset = 0;
  for (const entry of entries) offset = putEntry(run, offset, { entry, region }, crc32);
  return run;
}

/**
 * Entries of one region from a run that a peer sent or the disk returned. They stand in the run.
 * @throws RaftctlError BAD_FRAME for a bad checksum, a foreign region, a gap, a falling term, an unknown kind or a cut record.
 */
export function decodeEntries(run: Uint8Array, region: RegionId, crc32: Crc32): Entry[] {
  const entries: Entry[] = [];
  let previous: Entry | undefined;
  for (let offset = 0; offset < run.length; ) {
    const record = readRecord(run, offset, crc32);
    if (typeof record === "string") throw badRun(offset, record);
    if (record.region !== region) throw badRun(offset, `a record belongs to region ${record.region}, not ${region}`);
    const entry = entryOf(record);
    if (typeof entry === "string") throw badRun(offset, entry);
    const flaw = previous === undefined ? undefined : successionFlaw(previous, entry);
    if (flaw !== undefined) throw badRun(offset, flaw);
    entries.push(entry);
    previous = entry;
    offset += record.length;
  }
  return entries;
}

/** Why `next` cannot stand right behind `previous` in a log; undefined when it can. */
export function successionFlaw(previous: Entry, next: Entry): string | undefined {
  if (next.index !== previous.index + 1) return `index ${next.index} follows index ${previous.index}`;
  if (next.term < previous.term) return `term ${next.term} at index ${next.index} follows term ${previous.term}`;
  return undefined;
}

export function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function putEntry(run: Uint8Array, offset: number, owned: { entry: Entry; region: RegionId }, crc32: Crc32): number {
  const { entry, region } = owned;
  if (entry.isRecorded === true) {
    run.set(recordOf(entry), offset);
    return offset + recordHeaderBytes + entry.data.length;
  }
  const end = writeRecord(run, offset, { kind: entry.type, region, term: entry.term, index: entry.index, payload: entry.data }, crc32);
  entry.data = run.subarray(offset + recordHeaderBytes, end);
  entry.isRecorded = true;
  return end;
}

/** The memory in which they lie one behind the other, each with room for its header in front, all of them in records or none; undefined: they do not. */
function runInPlace(entries: readonly Entry[]): Uint8Array | undefined {
  const first = entries[0];
  if (first === undefined || (first.isRecorded !== true && headroomOf(first.data) !== recordHeaderBytes)) return undefined;
  const { buffer, byteOffset } = first.data;
  const start = byteOffset - recordHeaderBytes;
  let end = start;
  for (const { data, isRecorded } of entries) {
    if (isRecorded !== first.isRecorded || data.buffer !== buffer || data.byteOffset !== end + recordHeaderBytes) return undefined;
    end += recordHeaderBytes + data.length;
  }
  return new Uint8Array(buffer, start, end - start);
}

/** Writes the headers of entries whose data stands in the run already. */
function completeRun(run: Uint8Array, entries: readonly Entry[], owned: { readonly region: RegionId; readonly crc32: Crc32 }): void {
  let offset = 0;
  for (const entry of entries) {
    offset = writeHeader(run, offset, { kind: entry.type, region: owned.region, term: entry.term, index: entry.index, payload: entry.data }, owned.crc32);
    entry.isRecorded = true;
  }
}

function badRun(offset: number, reason: string): RaftctlError {
  return new RaftctlError("BAD_FRAME", `entries cannot be decoded at byte ${offset}: ${reason}`, { details: { offset } });
}
