// Watch Completeness: what a watcher is told of its keys between two indexes is what a replay of the committed log by a simple model changes there: every
// change once, in order, and nothing that was not committed, on whichever nodes it asks and however often these die (PRODUCT §1 row 20; H36).

import { utf8Text } from "../../../src/base/bytes.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { WatchEvent } from "../../../src/wire/watch-events.ts";
import { ChangeHistory } from "./change-history.ts";
import { Violation, type Property, type ReplicaView, type WatchView } from "./property.ts";
import type { ReferenceChange } from "./reference-machine.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

export class WatchCompleteness implements Property {
  readonly name = "Watch Completeness";
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

  watched(view: WatchView): void {
    this.#history.whenKnown(view.nextIndex - 1, () => this.#check(view));
  }

  ended(): void {
    const { unknown, last } = this.#history;
    if (unknown !== undefined) throw new Violation(this.name, `a watcher was told of everything up to index ${unknown}, and nobody was seen to apply more than index ${last}`);
  }

  #check(view: WatchView): void {
    if (view.nextIndex < view.from) this.#fail(view, `to go back from index ${view.from} to ${view.nextIndex}`);
    const wanted: string[] = [];
    for (let index = view.from; index < view.nextIndex; index += 1) {
      for (const change of this.#history.changesAt(index)) if (change.key.startsWith(view.prefix)) wanted.push(lineOf(index, change));
    }
    const told = view.events.map(lineOfEvent);
    const place = Math.max(wanted.findIndex((line, position) => line !== told[position]), told.length > wanted.length ? wanted.length : -1);
    if (place >= 0) this.#fail(view, `${told[place] ?? "nothing"}, where the log has ${wanted[place] ?? "nothing"}, from index ${view.from} to ${view.nextIndex - 1}`);
  }

  #fail({ watcher, node, prefix }: WatchView, sentence: string): never {
    throw new Violation(this.name, `${watcher} of ${JSON.stringify(prefix)} was told by ${node}: ${sentence}`);
  }
}

function lineOf(index: number, change: ReferenceChange): string {
  if (change.kind === "delete") return `${index} delete ${change.key}`;
  return `${index} put ${change.key} version ${change.version} created at ${change.createIndex}: ${utf8Text(change.value)}`;
}

function lineOfEvent({ index, key, ...change }: WatchEvent): string {
  return lineOf(index, { ...change, key: String.fromCharCode(...key) });
}
