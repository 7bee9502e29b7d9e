// What a key held from which index to which, as it becomes known along the log. A later state says something of what was before it: a record that was last
// written at index 40 and is there at index 90 was the same all the time between.

import type { HistorySpan, KeyAt } from "../../wire/key-history.ts";

export class Timeline {
  readonly #spans: HistorySpan[] = [];

  get spans(): readonly HistorySpan[] {
    return this.#spans;
  }

  /** After that entry. Indexes ascend from call to call; what is told of one again says nothing new. */
  add(index: number, record: KeyAt | undefined): void {
    const last = this.#spans.at(-1);
    if (last?.last === index) return;
    if (last?.last === index - 1 && isSame(last.record, record)) this.#spans[this.#spans.length - 1] = { ...last, last: index };
    else this.#spans.push({ first: index, last: index, record });
  }

  /** From its last write on to that index, behind which nothing was added yet. */
  reachBack(index: number, record: KeyAt): void {
    while ((this.#spans.at(-1)?.first ?? 0) >= record.modIndex) this.#spans.pop();
    const last = this.#spans.at(-1);
    if (last !== undefined && last.last >= record.modIndex) this.#spans[this.#spans.length - 1] = { ...last, last: record.modIndex - 1 };
    this.#spans.push({ first: record.modIndex, last: index, record });
  }
}

/** Equal records have one last write. */
function isSame(left: KeyAt | undefined, right: KeyAt | undefined): boolean {
  return left?.modIndex === right?.modIndex && left?.version === right?.version && left?.createIndex === right?.createIndex;
}
