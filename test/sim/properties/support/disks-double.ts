// Disks that hold what a test says they hold.

import type { NodeId } from "../../../../src/base/ids.ts";
import type { HardState } from "../../../../src/raft/entry.ts";
import { idOf } from "../../../raft/harness/members.ts";
import type { Disks, DurableLog } from "../property.ts";
import type { ReplicaDouble } from "./replica-double.ts";

interface Held {
  readonly term?: number;
  readonly votedFor?: string;
  readonly snapshotIndex?: number;
  /** Of the entries after the snapshot. */
  readonly terms?: readonly number[];
}

class DurableDouble implements DurableLog {
  readonly hardState: HardState;
  readonly snapshotIndex: number;
  readonly #terms: readonly number[];

  constructor({ term = 0, votedFor, snapshotIndex = 0, terms = [] }: Held) {
    this.hardState = { currentTerm: term, votedFor, commitIndex: 0 };
    this.snapshotIndex = snapshotIndex;
    this.#terms = terms;
  }

  get lastIndex(): number {
    return this.snapshotIndex + this.#terms.length;
  }

  termAt(index: number): number | undefined {
    return this.#terms[index - this.snapshotIndex - 1];
  }
}

export class DisksDouble implements Disks {
  readonly #held = new Map<NodeId, DurableLog>();

  durableLogOf(id: NodeId): DurableLog | undefined {
    return this.#held.get(id);
  }

  hold(name: string, held: Held): void {
    this.#held.set(idOf(name), new DurableDouble(held));
  }

  /** Everything that the replica has is durable. */
  holdAllOf(...replicas: readonly ReplicaDouble[]): void {
    for (const { name, currentTerm: term, vote, snapshotIndex, entries } of replicas) {
      this.hold(name, { term, snapshotIndex, terms: entries.map((entry) => entry.term), ...(vote === undefined ? {} : { votedFor: vote }) });
    }
  }
}
