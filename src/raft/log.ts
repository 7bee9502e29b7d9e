// The log in memory (§5.3): every entry after the snapshot, and where each term begins. It guarantees that indexes are contiguous and that
// terms never decrease. It does not know what is committed, durable or applied: those pointers belong to State and PersistQueue.

import { assert } from "../base/assert.ts";
import type { Entry, LogPosition } from "./entry.ts";

/** The entries from `first` up to the next run's first have this term. */
interface TermRun {
  readonly term: number;
  first: number;
}

const noEntries: readonly Entry[] = [];

export class Log {
  #snapshotIndex: number;
  #snapshotTerm: number;
  #entries: Entry[];
  #runs: TermRun[] = [];
  /** The latest result of `batch`: followers in step ask for the same entries one after the other. */
  #batch: { readonly first: number; readonly last: number; readonly bytesMax: number; readonly entries: readonly Entry[] } | undefined;

  constructor(snapshot: LogPosition, entries: readonly Entry[]) {
    this.#snapshotIndex = snapshot.index;
    this.#snapshotTerm = snapshot.term;
    this.#entries = [];
    for (const entry of entries) this.append(entry);
  }

  get snapshotIndex(): number {
    return this.#snapshotIndex;
  }

  get snapshotTerm(): number {
    return this.#snapshotTerm;
  }

  get lastIndex(): number {
    return this.#snapshotIndex + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.length === 0 ? this.#snapshotTerm : this.#entries[this.#entries.length - 1]!.term;
  }

  /** undefined for an index before the snapshot or after the last entry. Index 0 of an empty region has term 0. */
  termAt(index: number): number | undefined {
    if (index === this.#snapshotIndex) return this.#snapshotTerm;
    return this.#entries[index - this.#snapshotIndex - 1]?.term;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, "an appended entry follows the last one");
    assert(entry.term >= this.lastTerm, "terms in the log never decrease");
    if (this.#runs.length === 0 || this.#runs[this.#runs.length - 1]!.term !== entry.term) {
      this.#runs.push({ term: entry.term, first: entry.index });
    }
    this.#entries.push(entry);
  }

  truncateFrom(index: number): void {
    assert(index > this.#snapshotIndex && index <= this.lastIndex, "only entries that are in the log are truncated");
    this.#entries.length = index - this.#snapshotIndex - 1;
    while (this.#runs.length > 0 && this.#runs[this.#runs.length - 1]!.first >= index) this.#runs.pop();
    this.#batch = undefined;
  }

  /** Both ends included; what is not in the log any more, or not yet, is left out. */
  slice(first: number, last: number): readonly Entry[] {
    const from = Math.max(first - this.#snapshotIndex - 1, 0);
    const to = Math.min(last, this.lastIndex) - this.#snapshotIndex;
    return to <= from ? noEntries : this.#entries.slice(from, to);
  }

  /** From `first` up to at most `last`, as many as `bytesMax` allows, but at least one. */
  batch(first: number, last: number, bytesMax: number): readonly Entry[] {
    assert(first > this.#snapshotIndex, "a batch begins after the snapshot");
    const cached = this.#batch;
    if (cached !== undefined && cached.first === first && cached.last === last && cached.bytesMax === bytesMax) return cached.entries;
    const entries = this.slice(first, this.#batchEnd(first, last, bytesMax));
    this.#batch = { first, last, bytesMax, entries };
    return entries;
  }

  /** true when the entries from `first` fill a batch of `bytesMax`, or are compacted. */
  fillsBatch(first: number, bytesMax: number): boolean {
    if (first <= this.#snapshotIndex) return true;
    let bytes = 0;
    for (let position = first - this.#snapshotIndex - 1; position < this.#entries.length; position += 1) {
      bytes += this.#entries[position]!.data.length;
      if (bytes >= bytesMax) return true;
    }
    return false;
  }

  /** Bytes of the data of the entries after `after`, up to and including `last`. */
  bytesBetween(after: number, last: number): number {
    let bytes = 0;
    for (let index = after + 1; index <= last; index += 1) bytes += this.#entries[index - this.#snapshotIndex - 1]!.data.length;
    return bytes;
  }

  /** The first index that is still in the log of the term that stands at `index`. */
  firstIndexOfTermAt(index: number): number {
    for (let position = this.#runs.length - 1; position >= 0; position -= 1) {
      if (this.#runs[position]!.first <= index) return this.#runs[position]!.first;
    }
    return index;
  }

  /** The last index of `term`; undefined when the log, snapshot included, has no entry of it. */
  lastIndexOfTerm(term: number): number | undefined {
    for (let position = this.#runs.length - 1; position >= 0; position -= 1) {
      if (this.#runs[position]!.term === term) return (this.#runs[position + 1]?.first ?? this.lastIndex + 1) - 1;
      if (this.#runs[position]!.term < term) return undefined;
    }
    return term === this.#snapshotTerm && this.#snapshotIndex > 0 ? this.#snapshotIndex : undefined;
  }

  /** Forgets everything up to and including `index`, which becomes the position of the snapshot. */
  compact(index: number): void {
    const term = this.termAt(index);
    assert(term !== undefined, "the log is compacted at an index that it holds");
    this.#entries.splice(0, index - this.#snapshotIndex);
    this.#snapshotIndex = index;
    this.#snapshotTerm = term;
    while (this.#runs.length > 1 && this.#runs[1]!.first <= index + 1) this.#runs.shift();
    if (this.#entries.length === 0) this.#runs = [];
    else if (this.#runs[0]!.first <= index) this.#runs[0]!.first = index + 1;
    this.#batch = undefined;
  }

  /** Begins anew after a received snapshot. Entries that follow it stay when the log agrees with it (Figure 13, rule 6). */
  restore(snapshot: LogPosition): void {
    if (snapshot.index > this.#snapshotIndex && this.termAt(snapshot.index) === snapshot.term) return this.compact(snapshot.index);
    this.#entries = [];
    this.#runs = [];
    this.#batch = undefined;
    this.#snapshotIndex = snapshot.index;
    this.#snapshotTerm = snapshot.term;
  }

  #batchEnd(first: number, last: number, bytesMax: number): number {
    const end = Math.min(last, this.lastIndex);
    let bytes = 0;
    for (let index = first; index <= end; index += 1) {
      bytes += this.#entries[index - this.#snapshotIndex - 1]!.data.length;
      if (bytes > bytesMax && index > first) return index - 1;
    }
    return end;
  }
}
