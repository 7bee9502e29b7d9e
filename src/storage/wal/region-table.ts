// What the log holds of each region, without its entries: enough to check an append, and to write again what a purge would lose. The Wal keeps two
// of them: one for everything it has accepted, one for everything that is durable.

import { assert, unreachable } from "../../base/assert.ts";
import type { RegionId } from "../../base/ids.ts";
import type { HardState, LogPosition } from "../../raft/entry.ts";
import type { WalWrite } from "./region-record.ts";
import { logStart, type ReplayedRegion } from "./replay.ts";
import { TermRuns } from "./term-runs.ts";

export interface RegionRow {
  hardState: HardState | undefined;
  /** Sequence of the segment that holds the latest hard state. */
  hardStateSegment: number;
  mark: LogPosition;
  markSegment: number;
  lastIndex: number;
  readonly terms: TermRuns;
}

export class RegionTable {
  readonly #rows: Map<RegionId, RegionRow>;

  constructor(rows: Map<RegionId, RegionRow>) {
    this.#rows = rows;
  }

  static of(regions: ReadonlyMap<RegionId, ReplayedRegion>): RegionTable {
    const rows = [...regions].map(([id, region]): [RegionId, RegionRow] => [id, rowOf(region)]);
    return new RegionTable(new Map(rows));
  }

  copy(): RegionTable {
    return new RegionTable(new Map([...this.#rows].map(([id, row]) => [id, { ...row, terms: row.terms.copy() }])));
  }

  get(region: RegionId): RegionRow | undefined {
    return this.#rows.get(region);
  }

  rows(): Iterable<[RegionId, RegionRow]> {
    return this.#rows;
  }

  /** Whether entries that begin at this index continue the region's log or overwrite a part of it. */
  accepts(region: RegionId, firstIndex: number): boolean {
    return firstIndex <= (this.#rows.get(region)?.lastIndex ?? 0) + 1;
  }

  apply(write: WalWrite, segment: number): void {
    if (write.kind === "regionRemoved") {
      this.#rows.delete(write.region);
      return;
    }
    const row = this.#row(write.region);
    switch (write.kind) {
      case "entries": {
        const first = write.entries[0];
        if (first === undefined) return;
        assert(first.index > row.mark.index, "entries come behind the position where the log begins");
        row.lastIndex = write.entries.at(-1)!.index;
        row.terms.append(write.entries);
        return;
      }
      case "hardState":
        row.hardState = write.hardState;
        row.hardStateSegment = segment;
        return;
      case "snapshotMark":
      case "compaction":
        applyMark(row, write, segment);
        return;
      default:
        unreachable(write);
    }
  }

  #row(region: RegionId): RegionRow {
    let row = this.#rows.get(region);
    if (row === undefined) {
      row = { hardState: undefined, hardStateSegment: 0, mark: logStart, markSegment: 0, lastIndex: 0, terms: new TermRuns() };
      this.#rows.set(region, row);
    }
    return row;
  }
}

function applyMark(row: RegionRow, write: Extract<WalWrite, { kind: "snapshotMark" | "compaction" }>, segment: number): void {
  assert(write.position.index >= row.mark.index, "the position where a log begins never goes back");
  if (write.kind === "snapshotMark") {
    row.lastIndex = write.position.index;
    row.terms.clear();
  } else {
    assert(write.position.index <= row.lastIndex, "a log is compacted up to an entry that it holds");
    row.terms.dropBefore(write.position.index);
  }
  row.mark = write.position;
  row.markSegment = segment;
}

function rowOf(region: ReplayedRegion): RegionRow {
  const { hardState, hardStateSegment, mark, markSegment, entries } = region;
  return { hardState, hardStateSegment, mark, markSegment, lastIndex: entries.at(-1)?.index ?? mark.index, terms: new TermRuns(entries) };
}
