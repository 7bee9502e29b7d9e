// Where the committed log ends, as far as it was applied under the eyes of the properties: an index is new exactly once, in the order of the log, however
// many replicas apply it. What a process applied unseen (at its start, or in the event in which it died) is taken from its log.

import type { Entry } from "../../../src/raft/entry.ts";
import type { ReplicaView } from "./property.ts";

export class LogFrontier {
  #last = 0;

  /** The last index that was new. */
  get last(): number {
    return this.#last;
  }

  isNew(index: number): boolean {
    return index > this.#last;
  }

  passed(index: number): void {
    this.#last = index;
  }

  /** Those before `index` that nobody was seen to apply; undefined when their log does not hold them any more. */
  missedBefore(replica: ReplicaView, index: number): readonly Entry[] | undefined {
    if (index <= this.#last + 1) return none;
    const missed = replica.entriesBetween(this.#last + 1, index - 1);
    return missed.length === index - 1 - this.#last ? missed : undefined;
  }
}

const none: readonly Entry[] = [];
