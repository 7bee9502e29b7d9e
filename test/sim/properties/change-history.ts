// What each entry of the committed log changes, as a simple model says it when it replays what replicas apply: for properties that judge what somebody was
// told of the data. What they were told of an index that nobody was seen to apply yet is judged when somebody is.

import type { Entry } from "../../../src/raft/entry.ts";
import { LogFrontier } from "./log-frontier.ts";
import { Violation, type ReplicaView } from "./property.ts";
import { ReferenceMachine, type ReferenceChange } from "./reference-machine.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

interface Waiting {
  readonly index: number;
  readonly judge: () => void;
}

const none: readonly ReferenceChange[] = [];

export class ChangeHistory {
  readonly #property: string;
  readonly #frontier = new LogFrontier();
  readonly #machine: ReferenceMachine;
  /** By index, of those that changed something. */
  readonly #changes = new Map<number, ReferenceChange[]>();
  #current: ReferenceChange[] = [];
  #waiting: Waiting[] = [];

  /** @param property in whose name it fails */
  constructor(property: string, limits: ReferenceLimits) {
    this.#property = property;
    this.#machine = new ReferenceMachine(limits, (change) => this.#current.push(change));
  }

  /** The last index that is known. */
  get last(): number {
    return this.#frontier.last;
  }

  /** What this entry changed, in order. */
  changesAt(index: number): readonly ReferenceChange[] {
    return this.#changes.get(index) ?? none;
  }

  /** Called when everything up to this index is known: now, or later. */
  whenKnown(index: number, judge: () => void): void {
    if (index <= this.last) judge();
    else this.#waiting.push({ index, judge });
  }

  /** An index that somebody was told of, and nobody was ever seen to apply. */
  get unknown(): number | undefined {
    return this.#waiting[0]?.index;
  }

  booted(replica: ReplicaView): void {
    this.#catchUp(replica, replica.lastApplied + 1);
    this.#judge();
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#frontier.isNew(entry.index)) continue;
      this.#catchUp(replica, entry.index);
      this.#replay(entry);
    }
    this.#judge();
  }

  #catchUp(replica: ReplicaView, index: number): void {
    const missed = this.#frontier.missedBefore(replica, index);
    if (missed === undefined) throw new Violation(this.#property, `${replica.name} has applied up to index ${index - 1}, and nobody was seen to apply index ${this.last + 1}`);
    for (const entry of missed) this.#replay(entry);
  }

  #replay(entry: Entry): void {
    this.#current = [];
    this.#machine.apply(entry);
    this.#frontier.passed(entry.index);
    if (this.#current.length > 0) this.#changes.set(entry.index, this.#current);
  }

  #judge(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter(({ index }) => index <= this.last);
    this.#waiting = this.#waiting.filter(({ index }) => index > this.last);
    for (const { judge } of due) judge();
  }
}
