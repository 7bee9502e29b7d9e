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

/** Fields as found, not yet judged; `payload` and `bytes` are views. */
export interface RawRecord {
  readonly kind: number;
  readonly region: number;
  readonly term: number;
  readonly index: number;
  readonly payload: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface RecordFields {
  readonly kind: RecordKind;
  readonly region: number;
  readonly term: number;
  readonly index: number;
  readonly payload: Uint8Array;
}

/** Writes one record at `offset` and returns the offset behind it. */
export function writeRecord(target: Uint8Array, offset: number, fields: RecordFields, crc32: Crc32): number {
  const length = recordHeaderBytes + fields.payload.length;
  const end = offset + length;
  writeU32(target, offset, length);
  target[offset + 8] = fields.kind;
  writeU32(target, offset + 9, fields.region);
  writeSafeU64(target, offset + 13, fields.term);
  writeSafeU64(target, offset + 21, fields.index);
  target.set(fields.payload, offset + recordHeaderBytes);
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
    bytes: run.subarray(offset, end),
  };
}

/** The entry in a record of an entry kind, or a sentence that says what is wrong with it. */
export function entryOf(record: RawRecord): Entry | string {
  const { kind, term, index } = record;
  if (kind > recordKinds.membership) return `record kind ${kind} is not an entry`;
  if (!(term >= 1) || !(index >= 1)) return `an entry has term ${term} and index ${index}`;
  if (kind === recordKinds.noop && record.payload.length > 0) return `no-op ${index} has a payload`;
  return { index, term, type: kind as EntryType, data: record.payload, record: record.bytes };
}

/**
 * The entries as one contiguous run of records. Entries without a `record` get one, a view into the run; those that have one go in byte for
 * byte, and a run that already lies together in memory is not copied at all.
 */
export function encodeEntries(entries: readonly Entry[], region: RegionId, crc32: Crc32): Uint8Array {
  const present = presentRun(entries);
  if (present !== undefined) return present;
  let length = 0;
  for (const entry of entries) length += entry.record?.length ?? recordHeaderBytes + entry.data.length;
  const run = new Uint8Array(length);
  let offset = 0;
  for (const entry of entries) offset = putEntry(run, offset, { entry, region }, crc32);
  return run;
}

/**
 * Entries of one region from a run that a peer sent or the disk returned. `data` and `record` are views of the run.
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
    offset += record.bytes.length;
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
  if (entry.record !== undefined) {
    run.set(entry.record, offset);
    return offset + entry.record.length;
  }
  const end = writeRecord(run, offset, { kind: entry.type, region, term: entry.term, index: entry.index, payload: entry.data }, crc32);
  entry.record = run.subarray(offset, end);
  return end;
}

/** The memory that already holds all records one behind the other, if it does. */
function presentRun(entries: readonly Entry[]): Uint8Array | undefined {
  const first = entries[0]?.record;
  if (first === undefined) return undefined;
  let end = first.byteOffset;
  for (const { record } of entries) {
    if (record === undefined || record.buffer !== first.buffer || record.byteOffset !== end) return undefined;
    end += record.length;
  }
  assert(end >= first.byteOffset + first.length, "a run holds at least its first record");
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}

function badRun(offset: number, reason: string): RaftctlError {
  return new RaftctlError("BAD_FRAME", `entries cannot be decoded at byte ${offset}: ${reason}`, { details: { offset } });
}
