// The one log that is committed, as far as any replica has said so, and who has said how much of it. For each index it remembers the term of the
// entry, and the lowest term in which a replica knew it to be committed: it was committed in that term or before.

import type { NodeId } from "../../../src/base/ids.ts";
import type { ReplicaView } from "./property.ts";

export class CommittedLog {
  readonly #terms: number[] = [];
  readonly #knownInTerms: number[] = [];
  #highest = 0;

  get highest(): number {
    return this.#highest;
  }

  termAt(index: number): number | undefined {
    return this.#terms[index];
  }

  /** undefined: nobody knows it to be committed. */
  knownInTerm(index: number): number | undefined {
    return this.#knownInTerms[index];
  }

  /** @returns the term that was known to be committed there before. */
  note(index: number, term: number, inTerm: number): number | undefined {
    const known = this.#terms[index];
    if (known === undefined) this.#terms[index] = term;
    this.#knownInTerms[index] = Math.min(inTerm, this.#knownInTerms[index] ?? inTerm);
    if (index > this.#highest) this.#highest = index;
    return known;
  }
}

/** How far each replica had committed when it was last seen. A boot begins at its snapshot. */
export class CommitMoves {
  readonly #seen = new Map<NodeId, { boot: number; commitIndex: number }>();

  /** The first index that this replica has not shown as committed before, and still has an entry or a snapshot at; undefined when there is none. */
  firstOf(view: ReplicaView): number | undefined {
    const { commitIndex } = view;
    const seen = this.#seen.get(view.id);
    if (seen === undefined || seen.boot !== view.boot) {
      this.#seen.set(view.id, { boot: view.boot, commitIndex });
      return commitIndex === 0 ? undefined : Math.max(1, view.snapshotIndex);
    }
    if (commitIndex <= seen.commitIndex) return undefined;
    const first = Math.max(seen.commitIndex + 1, view.snapshotIndex);
    seen.commitIndex = commitIndex;
    return first;
  }
}
