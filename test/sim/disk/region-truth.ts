// What the records of one region add up to, kept without the content of the entries. Written apart from the production recovery (replay.ts), so that a
// mistake there is seen; records of other regions are none of its business.

import type { RegionId } from "../../../src/base/ids.ts";
import type { HardState, LogPosition } from "../../../src/raft/entry.ts";
import { recordKinds, type RawRecord } from "../../../src/storage/wal/record.ts";
import { hardStateOf } from "../../../src/storage/wal/region-record.ts";

const pristine: HardState = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };
const nowhere = Number.MAX_SAFE_INTEGER;

export class RegionTruth {
  readonly #region: RegionId;
  hardState: HardState = pristine;
  #mark: LogPosition = { index: 0, term: 0 };
  /** Index of the first of `#terms`. */
  #first = 1;
  #terms: number[] = [];
  /** For each entry, the sequence of the segment that it stands in. Never falls. */
  #segments: number[] = [];
  #hardStateSegment = nowhere;
  #markSegment = nowhere;

  constructor(region: RegionId) {
    this.#region = region;
  }

  get lastIndex(): number {
    return this.#terms.length > 0 ? this.#first + this.#terms.length - 1 : this.#mark.index;
  }

  /** Behind which the log begins. */
  get begin(): LogPosition {
    return this.#mark;
  }

  termAt(index: number): number | undefined {
    return this.#terms[index - this.#first];
  }

  /** Whether anything of this would be lost with the segments up to and including this one. */
  needsUpTo(segment: number): boolean {
    return this.#hardStateSegment <= segment || this.#markSegment <= segment || (this.#segments[0] ?? nowhere) <= segment;
  }

  apply(record: RawRecord, segment: number): void {
    if (record.region !== this.#region) return;
    switch (record.kind) {
      case recordKinds.noop:
      case recordKinds.command:
      case recordKinds.membership:
        return this.#entry(record, segment);
      case recordKinds.hardState:
        this.hardState = hardStateOf(record) ?? this.hardState;
        this.#hardStateSegment = segment;
        return;
      case recordKinds.snapshotMark:
        this.#mark = { index: record.index, term: record.term };
        this.#markSegment = segment;
        return this.#clear(record.index + 1);
      case recordKinds.compaction:
        this.#mark = { index: record.index, term: record.term };
        this.#markSegment = segment;
        return this.#drop(record.index);
      case recordKinds.regionRemoved:
        return this.#forget();
    }
  }

  #entry({ index, term }: RawRecord, segment: number): void {
    const end = this.#first + this.#terms.length;
    if (index > end || index < this.#first) this.#clear(index);
    else if (index < end) {
      this.#terms.length = index - this.#first;
      this.#segments.length = index - this.#first;
    }
    this.#terms.push(term);
    this.#segments.push(segment);
  }

  #clear(first: number): void {
    this.#first = first;
    this.#terms = [];
    this.#segments = [];
  }

  /** Everything up to and including this index. */
  #drop(index: number): void {
    const count = index + 1 - this.#first;
    if (count >= this.#terms.length) this.#clear(Math.max(index + 1, this.#first));
    else if (count > 0) {
      this.#first = index + 1;
      this.#terms = this.#terms.slice(count);
      this.#segments = this.#segments.slice(count);
    }
  }

  #forget(): void {
    this.hardState = pristine;
    this.#hardStateSegment = nowhere;
    this.#mark = { index: 0, term: 0 };
    this.#markSegment = nowhere;
    this.#clear(1);
  }
}
