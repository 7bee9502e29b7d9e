// Decides which of the oldest segments may go, and what must be written again before they do. Pure.
//
// A segment may go when no region needs any entry in it. What else it holds, hard states and the positions where logs begin, is logged again
// first, together with a record of which segment is the oldest one now: after a crash in the middle, files older than that are left-overs,
// and a missing one that is not older is damage.

import type { RegionId } from "../../base/ids.ts";
import { mark } from "../../base/mark.ts";
import type { LogPosition } from "../../raft/entry.ts";
import type { FirstSegment, WalWrite } from "./region-record.ts";
import type { RegionRow, RegionTable } from "./region-table.ts";
import type { SegmentContent } from "./replay.ts";

export interface PurgePlan {
  readonly first: FirstSegment;
  readonly writesAgain: readonly WalWrite[];
  readonly remove: readonly SegmentContent[];
}

export interface PurgeInput {
  /** Oldest first; the last one is in use. */
  readonly segments: readonly SegmentContent[];
  /** Highest index of each region that its owner no longer needs. */
  readonly floors: ReadonlyMap<RegionId, number>;
  readonly durable: RegionTable;
  /** Also what is not durable yet: the newest values are the ones to write again. */
  readonly accepted: RegionTable;
}

/** undefined when no segment may go. */
export function planPurge(input: PurgeInput): PurgePlan | undefined {
  const { segments } = input;
  let count = 0;
  while (count < segments.length - 1 && isDead(segments[count]!, input)) count += 1;
  if (count > 0 && segments[count]!.firstBatch === undefined) mark("purge-held-back-by-an-empty-segment");
  // The new oldest segment is recognised by the batch that it begins with, so it must have one.
  while (count > 0 && segments[count]!.firstBatch === undefined) count -= 1;
  if (count === 0) return undefined;
  const first = segments[count]!;
  return {
    first: { kind: "firstSegment", segment: first.sequence, batch: first.firstBatch! },
    writesAgain: writesBefore(first.sequence, input),
    remove: segments.slice(0, count),
  };
}

function isDead(segment: SegmentContent, { floors, durable }: PurgeInput): boolean {
  for (const [region, indexMax] of segment.indexMax) {
    const row = durable.get(region);
    if (row !== undefined && indexMax > floorOf(region, row, floors)) return false;
  }
  return true;
}

function floorOf(region: RegionId, row: RegionRow, floors: ReadonlyMap<RegionId, number>): number {
  return Math.max(row.mark.index, Math.min(floors.get(region) ?? 0, row.lastIndex));
}

function writesBefore(firstSegment: number, { durable, accepted, floors }: PurgeInput): WalWrite[] {
  const writes: WalWrite[] = [];
  for (const [region, row] of durable.rows()) {
    const newest = accepted.get(region);
    if (newest === undefined) continue;
    const position = beginning(newest, floorOf(region, row, floors));
    if (position.index > row.mark.index || (position.index > 0 && row.markSegment < firstSegment)) writes.push({ kind: "compaction", region, position });
    if (newest.hardState !== undefined && row.hardStateSegment < firstSegment) {
      mark("purge-wrote-a-hard-state-again");
      writes.push({ kind: "hardState", region, hardState: newest.hardState });
    }
  }
  return writes;
}

/** Where the region's log begins from now on. */
function beginning(newest: RegionRow, floor: number): LogPosition {
  if (floor <= newest.mark.index) return newest.mark;
  return { index: floor, term: newest.terms.termAt(floor)! };
}
