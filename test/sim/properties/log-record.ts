// What the logs of the replicas looked like when they were last seen: the terms, index by index. It finds what has changed since without looking at
// the whole log: a log that still ends with the same index and term, and was not truncated, is the same log. Compaction changes nothing here.

import type { NodeId } from "../../../src/base/ids.ts";
import type { ReplicaView } from "./property.ts";

/** Logs that agree somewhere agree below it, if they are right; so many entries below are looked at all the same. */
const lookBehind = 8;

export class LogRecord {
  /** Index before the first term that is kept. */
  #base: number;
  #terms: number[] = [];
  #truncatedFrom = Number.POSITIVE_INFINITY;

  constructor(base: number) {
    this.#base = base;
  }

  get lastIndex(): number {
    return this.#base + this.#terms.length;
  }

  termAt(index: number): number | undefined {
    return this.#terms[index - this.#base - 1];
  }

  /** The replica says so itself: what stands from here on is new, whatever its term is. */
  truncated(fromIndex: number): void {
    this.#truncatedFrom = Math.min(this.#truncatedFrom, fromIndex);
  }

  /** The last index up to which the log is as it was; undefined when all of it is, and nothing was added. */
  agreement(view: ReplicaView): number | undefined {
    const { lastIndex } = view;
    const isSame = lastIndex === this.lastIndex && this.#truncatedFrom === Number.POSITIVE_INFINITY;
    if (isSame && (this.#terms.length === 0 || view.termAt(lastIndex) === this.termAt(lastIndex))) return undefined;
    const { snapshotIndex } = view;
    let agreed = Math.min(this.lastIndex, lastIndex, this.#truncatedFrom - 1);
    for (let index = agreed; index > snapshotIndex && index > agreed - lookBehind; index -= 1) {
      if (view.termAt(index) !== this.termAt(index)) agreed = index - 1;
    }
    return Math.max(agreed, snapshotIndex);
  }

  /** @param agreed what `agreement` has answered. */
  update(view: ReplicaView, agreed: number): void {
    if (agreed > this.lastIndex) {
      this.#base = agreed;
      this.#terms = [];
    }
    this.#terms.length = agreed - this.#base;
    // A snapshot may stand where the log disagreed with it.
    if (agreed > this.#base) this.#terms[agreed - this.#base - 1] = view.termAt(agreed) ?? this.#terms[agreed - this.#base - 1]!;
    for (let index = agreed + 1; index <= view.lastIndex; index += 1) this.#terms.push(view.termAt(index) ?? 0);
    this.#truncatedFrom = Number.POSITIVE_INFINITY;
    this.#forgetBelow(view.snapshotIndex);
  }

  #forgetBelow(snapshotIndex: number): void {
    const stale = snapshotIndex - this.#base - 1;
    if (stale < 4_096 || stale < this.#terms.length / 2) return;
    this.#terms = this.#terms.slice(stale);
    this.#base += stale;
  }
}

/** One record for each replica; a boot begins with an empty one, in which everything is new. */
export class LogRecords {
  readonly #records = new Map<NodeId, { readonly boot: number; readonly record: LogRecord }>();

  of(view: ReplicaView): LogRecord {
    const known = this.#records.get(view.id);
    if (known?.boot === view.boot) return known.record;
    const record = new LogRecord(view.snapshotIndex);
    this.#records.set(view.id, { boot: view.boot, record });
    return record;
  }
}
