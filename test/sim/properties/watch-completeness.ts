// Watch Completeness: what a watcher is told of its keys between two indexes is what a replay of the committed log by a simple model changes there: every
// change once, in order, and nothing that was not committed, on whichever nodes it asks and however often these die (PRODUCT §1 row 20; H36).

import { utf8Text } from "../../../src/base/bytes.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { WatchEvent } from "../../../src/wire/watch-events.ts";
import { LogFrontier } from "./log-frontier.ts";
import { Violation, type Property, type ReplicaView, type WatchView } from "./property.ts";
import { ReferenceMachine, type ReferenceChange } from "./reference-machine.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

export class WatchCompleteness implements Property {
  readonly name = "Watch Completeness";
  readonly #frontier = new LogFrontier();
  readonly #machine: ReferenceMachine;
  /** By index, of those that changed something. */
  readonly #changes = new Map<number, ReferenceChange[]>();
  #current: ReferenceChange[] = [];
  /** Told of indexes that nobody was seen to apply yet. */
  #early: WatchView[] = [];

  constructor(limits: ReferenceLimits) {
    this.#machine = new ReferenceMachine(limits, (change) => this.#current.push(change));
  }

  booted(replica: ReplicaView): void {
    this.#catchUp(replica, replica.lastApplied + 1);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#frontier.isNew(entry.index)) continue;
      this.#catchUp(replica, entry.index);
      this.#replay(entry);
    }
    const due = this.#early.filter((view) => this.#isKnown(view));
    this.#early = this.#early.filter((view) => !this.#isKnown(view));
    for (const view of due) this.#check(view);
  }

  watched(view: WatchView): void {
    if (this.#isKnown(view)) this.#check(view);
    else this.#early.push(view);
  }

  ended(): void {
    const [view] = this.#early;
    if (view !== undefined) this.#fail(view, `up to index ${view.nextIndex - 1}, and nobody was seen to apply more than index ${this.#frontier.last}`);
  }

  #isKnown({ nextIndex }: WatchView): boolean {
    return nextIndex - 1 <= this.#frontier.last;
  }

  #catchUp(replica: ReplicaView, index: number): void {
    const missed = this.#frontier.missedBefore(replica, index);
    if (missed === undefined) throw new Violation(this.name, `${replica.name} has applied up to index ${index - 1}, and nobody was seen to apply index ${this.#frontier.last + 1}`);
    for (const entry of missed) this.#replay(entry);
  }

  #replay(entry: Entry): void {
    this.#current = [];
    this.#machine.apply(entry);
    this.#frontier.passed(entry.index);
    if (this.#current.length > 0) this.#changes.set(entry.index, this.#current);
  }

  #check(view: WatchView): void {
    if (view.nextIndex < view.from) this.#fail(view, `to go back from index ${view.from} to ${view.nextIndex}`);
    const wanted: string[] = [];
    for (let index = view.from; index < view.nextIndex; index += 1) {
      for (const change of this.#changes.get(index) ?? []) if (change.key.startsWith(view.prefix)) wanted.push(lineOf(index, change));
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
