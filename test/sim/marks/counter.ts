// Counts the marks of one seed at a time. Marks are counted for the whole process, so one counter counts at a time, and a run that shares its
// process with another one must not overlap with it.

import { onMark } from "../../../src/base/mark.ts";

export class MarkCounter {
  #hits = new Map<string, number>();

  /** From now on; what was counted before and not taken is forgotten. */
  start(): void {
    this.#hits.clear();
    const hits = this.#hits;
    onMark((name) => void hits.set(name, (hits.get(name) ?? 0) + 1));
  }

  /** Ends the counting. By name, in the order of the names, so that equal runs give equal texts. */
  take(): Record<string, number> {
    onMark(undefined);
    const sorted = [...this.#hits].toSorted(([left], [right]) => (left < right ? -1 : 1));
    this.#hits.clear();
    return Object.fromEntries(sorted);
  }
}
