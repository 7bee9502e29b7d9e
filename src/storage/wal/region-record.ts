// Everything but entries that the log remembers, as records: a region's hard state, where its log begins, that it is gone, and which segment is
// the oldest one that counts. The layout of a record is in record.ts; these kinds use it as follows.
//
//    hardState      term = currentTerm, index = commitIndex, payload = u8 0, or u8 1 and votedFor in UTF-8
//    snapshotMark   term and index of the last entry that a snapshot replaces: the log restarts empty behind it
//    compaction     the same, but what follows that entry stays
//    regionRemoved  term = index = 0
//    firstSegment   region = 0, index = sequence of the oldest segment that counts, term = sequence of its first batch

import { emptyBytes, utf8, utf8Text } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { unreachable } from "../../base/assert.ts";
import type { RegionId } from "../../base/ids.ts";
import type { Entry, HardState, LogPosition } from "../../raft/entry.ts";
import { encodeEntries, recordHeaderBytes, recordKinds, writeRecord, type RawRecord, type RecordFields } from "./record.ts";

export type WalWrite =
  /** Contiguous. A first index at or below the last one in the log truncates the log there first. */
  | { readonly kind: "entries"; readonly region: RegionId; readonly entries: readonly Entry[] }
  | { readonly kind: "hardState"; readonly region: RegionId; readonly hardState: HardState }
  /** The region's log restarts behind this position: all entries are forgotten; a suffix that agrees is appended again by the caller. */
  | { readonly kind: "snapshotMark"; readonly region: RegionId; readonly position: LogPosition }
  /** Entries up to and including this one are forgotten, those behind it stay. */
  | { readonly kind: "compaction"; readonly region: RegionId; readonly position: LogPosition }
  | { readonly kind: "regionRemoved"; readonly region: RegionId };

/** The oldest segment that counts, and the batch with which it begins. */
export interface FirstSegment {
  readonly kind: "firstSegment";
  readonly segment: number;
  readonly batch: number;
}

/** A write in the form of records: one contiguous run. */
export function encodeWrite(write: WalWrite | FirstSegment, crc32: Crc32): Uint8Array {
  return write.kind === "entries" ? encodeEntries(write.entries, write.region, crc32) : encodeOne(fieldsOf(write), crc32);
}

/** votedFor and the rest from a record of kind hardState; undefined when the payload makes no sense. */
export function hardStateOf(record: RawRecord): HardState | undefined {
  const voted = record.payload[0];
  const valid = voted === 0 ? record.payload.length === 1 : voted === 1 && record.payload.length > 1;
  if (!valid) return undefined;
  const votedFor = voted === 0 ? undefined : utf8Text(record.payload.subarray(1));
  if (voted === 1 && votedFor === undefined) return undefined;
  return { currentTerm: record.term, votedFor, commitIndex: record.index };
}

function fieldsOf(write: Exclude<WalWrite, { kind: "entries" }> | FirstSegment): RecordFields {
  switch (write.kind) {
    case "hardState": {
      const { currentTerm, commitIndex } = write.hardState;
      return { kind: recordKinds.hardState, region: write.region, term: currentTerm, index: commitIndex, payload: vote(write.hardState) };
    }
    case "snapshotMark":
    case "compaction": {
      const { term, index } = write.position;
      return { kind: recordKinds[write.kind], region: write.region, term, index, payload: emptyBytes };
    }
    case "regionRemoved":
      return { kind: recordKinds.regionRemoved, region: write.region, term: 0, index: 0, payload: emptyBytes };
    case "firstSegment":
      return { kind: recordKinds.firstSegment, region: 0, term: write.batch, index: write.segment, payload: emptyBytes };
    default:
      return unreachable(write);
  }
}

function vote(hardState: HardState): Uint8Array {
  if (hardState.votedFor === undefined) return new Uint8Array(1);
  const name = utf8(hardState.votedFor);
  const payload = new Uint8Array(1 + name.length);
  payload[0] = 1;
  payload.set(name, 1);
  return payload;
}

function encodeOne(fields: RecordFields, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(recordHeaderBytes + fields.payload.length);
  writeRecord(bytes, 0, fields, crc32);
  return bytes;
}
