// Turns the records of the log, in order, into what each region remembers. Pure. The oldest segments may be gone, so a region's first records
// may continue something that is no longer there; that is legal below the position where its log begins, and `finish` checks that it is.

import type { Crc32 } from "../../base/crc.ts";
import type { RegionId } from "../../base/ids.ts";
import { mark } from "../../base/mark.ts";
import type { Entry, HardState, LogPosition } from "../../raft/entry.ts";
import { hardStateOf, type FirstSegment } from "./region-record.ts";
import { entryOf, readRecord, recordKinds, successionFlaw, type RawRecord } from "./record.ts";

export const logStart: LogPosition = { index: 0, term: 0 };
export const pristineHardState: HardState = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };

/** What the log says of a region so far. */
export interface ReplayedRegion {
  hardState: HardState;
  hardStateSegment: number;
  mark: LogPosition;
  markSegment: number;
  entries: Entry[];
  /** The entries do not continue the mark: what is between was purged, or is missing. */
  detached: boolean;
}

export interface SegmentContent {
  readonly sequence: number;
  readonly sizeBytes: number;
  firstBatch: number | undefined;
  /** Highest index of each region that was ever written into this segment. */
  readonly indexMax: Map<RegionId, number>;
}

export class Replay {
  readonly regions = new Map<RegionId, ReplayedRegion>();
  firstSegment: FirstSegment | undefined;
  readonly #crc32: Crc32;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** @returns what is wrong with the records of this batch; undefined when they are good. */
  batch(payload: Uint8Array, segment: SegmentContent): string | undefined {
    for (let offset = 0; offset < payload.length; ) {
      const record = readRecord(payload, offset, this.#crc32);
      if (typeof record === "string") return record;
      const flaw = this.#record(record, segment);
      if (flaw !== undefined) return flaw;
      offset += record.length;
    }
    return undefined;
  }

  /** @returns what is missing; undefined when every region's entries continue where its log begins. */
  finish(): string | undefined {
    for (const [id, region] of this.regions) {
      const first = region.entries[0];
      if (first !== undefined && (region.detached || first.index !== region.mark.index + 1)) {
        return `entries ${region.mark.index + 1} to ${first.index - 1} of region ${id} are missing`;
      }
    }
    return undefined;
  }

  /** The place of the last entry that was read, for people. */
  describe(): string {
    const ends = [...this.regions].map(([id, region]) => `index ${region.entries.at(-1)?.index ?? region.mark.index} of region ${id}`);
    return ends.length === 0 ? "nothing" : ends.join(", ");
  }

  #record(record: RawRecord, segment: SegmentContent): string | undefined {
    if (record.kind <= recordKinds.membership) return this.#entry(record, segment);
    switch (record.kind) {
      case recordKinds.hardState:
        return this.#hardState(record, segment);
      case recordKinds.snapshotMark:
      case recordKinds.compaction:
        return this.#mark(record, segment);
      case recordKinds.regionRemoved:
        this.regions.delete(record.region as RegionId);
        return undefined;
      case recordKinds.firstSegment:
        this.firstSegment = { kind: "firstSegment", segment: record.index, batch: record.term };
        return undefined;
      default:
        return `record kind ${record.kind} is unknown`;
    }
  }

  #entry(record: RawRecord, segment: SegmentContent): string | undefined {
    const entry = entryOf(record);
    if (typeof entry === "string") return entry;
    const id = record.region as RegionId;
    const region = this.#region(id);
    segment.indexMax.set(id, Math.max(segment.indexMax.get(id) ?? 0, entry.index));
    return appendTo(region, entry);
  }

  #hardState(record: RawRecord, segment: SegmentContent): string | undefined {
    const hardState = hardStateOf(record);
    if (hardState === undefined) return `a hard state of region ${record.region} makes no sense`;
    const region = this.#region(record.region as RegionId);
    region.hardState = hardState;
    region.hardStateSegment = segment.sequence;
    return undefined;
  }

  #mark(record: RawRecord, segment: SegmentContent): string | undefined {
    const region = this.#region(record.region as RegionId);
    const position = { index: record.index, term: record.term };
    if (position.index < region.mark.index) return `the log of region ${record.region} begins at ${position.index} after ${region.mark.index}`;
    region.markSegment = segment.sequence;
    if (record.kind === recordKinds.snapshotMark) restartBehind(region, position);
    else compactTo(region, position);
    return undefined;
  }

  #region(id: RegionId): ReplayedRegion {
    let region = this.regions.get(id);
    if (region === undefined) {
      region = { hardState: pristineHardState, hardStateSegment: 0, mark: logStart, markSegment: 0, entries: [], detached: false };
      this.regions.set(id, region);
    }
    return region;
  }
}

function appendTo(region: ReplayedRegion, entry: Entry): string | undefined {
  const { entries } = region;
  if (entry.index <= region.mark.index) return `entry ${entry.index} stands behind position ${region.mark.index}, where its log begins`;
  const first = entries[0];
  if (first !== undefined && entry.index <= entries.at(-1)!.index) {
    mark("wal-replay-overwrote-entries");
    entries.length = Math.max(0, entry.index - first.index);
  }
  const previous = entries.at(-1);
  if (previous !== undefined && entry.index === previous.index + 1) {
    const flaw = successionFlaw(previous, entry);
    if (flaw !== undefined) return flaw;
  } else {
    entries.length = 0;
    region.detached = entry.index !== region.mark.index + 1;
    if (region.detached) mark("wal-replay-begins-behind-a-purge");
  }
  entries.push(entry);
  return undefined;
}

function restartBehind(region: ReplayedRegion, position: LogPosition): void {
  mark("wal-replay-restarted-behind-a-snapshot");
  region.mark = position;
  region.entries = [];
  region.detached = false;
}

/** What follows the position stays. A position below entries whose beginning is gone was overtaken by a later one. */
function compactTo(region: ReplayedRegion, position: LogPosition): void {
  const first = region.entries[0];
  region.mark = position;
  if (first === undefined || position.index + 1 < first.index) return;
  region.entries = region.entries.slice(position.index + 1 - first.index);
  region.detached = false;
}
