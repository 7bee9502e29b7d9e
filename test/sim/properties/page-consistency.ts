// Page Consistency: every page of a range shows what a replay of the committed log by a simple model holds there at the index that the page names, and that is
// the index of the first page, whatever is applied, dies or is installed between two of them (H35).

import { utf8Text } from "../../../src/base/bytes.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { ChangeHistory } from "./change-history.ts";
import { Violation, type PageView, type Property, type ReplicaView } from "./property.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

export class PageConsistency implements Property {
  readonly name = "Page Consistency";
  readonly #history: ChangeHistory;

  constructor(limits: ReferenceLimits) {
    this.#history = new ChangeHistory(this.name, limits);
  }

  booted(replica: ReplicaView): void {
    this.#history.booted(replica);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    this.#history.applied(replica, entries);
  }

  paged(page: PageView): void {
    if (page.index !== page.firstIndex) this.#fail(page, `index ${page.index}, where the first page was of index ${page.firstIndex}`);
    this.#history.whenKnown(page.index, () => this.#check(page));
  }

  ended(): void {
    const { unknown, last } = this.#history;
    if (unknown !== undefined) throw new Violation(this.name, `a reader was shown index ${unknown}, and nobody was seen to apply more than index ${last}`);
  }

  #check(page: PageView): void {
    const told = page.records.map(({ key, value, version, createIndex, modIndex }) => lineOf(textOf(key), { value, version, createIndex, modIndex }));
    const wanted = this.#linesOf(page);
    const place = Math.max(wanted.findIndex((line, position) => line !== told[position]), told.length > wanted.length ? wanted.length : -1);
    if (place >= 0) this.#fail(page, `${told[place] ?? "nothing"}, where the state at index ${page.index} has ${wanted[place] ?? "nothing"}`);
  }

  /** What the page must show: of the keys from its start on up to its last one, or up to the end of the range when it is the last page. */
  #linesOf({ index, start, end, more, records }: PageView): string[] {
    const last = more ? textOf(records.at(-1)!.key) : undefined;
    const lines = new Map<string, string>();
    for (let at = 1; at <= index; at += 1) {
      for (const change of this.#history.changesAt(at)) {
        const { key } = change;
        if (key < start || (end !== undefined && key >= end) || (last !== undefined && key > last)) continue;
        if (change.kind === "delete") lines.delete(key);
        else lines.set(key, lineOf(key, { ...change, modIndex: at }));
      }
    }
    return [...lines.keys()].toSorted((left, right) => (left < right ? -1 : 1)).map((key) => lines.get(key)!);
  }

  #fail({ reader, node, start }: PageView, sentence: string): never {
    throw new Violation(this.name, `${reader}, from ${JSON.stringify(start)} on, was shown by ${node}: ${sentence}`);
  }
}

interface Content {
  readonly value: Uint8Array;
  readonly version: number;
  readonly createIndex: number;
  readonly modIndex: number;
}

function lineOf(key: string, { value, version, createIndex, modIndex }: Content): string {
  return `${key} version ${version} created at ${createIndex}, written at ${modIndex}: ${utf8Text(value)}`;
}

/** One character for each byte. */
function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
