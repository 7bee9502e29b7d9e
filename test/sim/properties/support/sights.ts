// Nodes as `inspect-log` finds them: running doubles, and stopped ones with a disk that holds what a test says.

import { utf8 } from "../../../../src/base/bytes.ts";
import { entryTypes, type HardState, type LogPosition } from "../../../../src/raft/entry.ts";
import type { LogSight, StoredEntry, StoredLog } from "../log-sight.ts";
import type { ReplicaDouble } from "./replica-double.ts";

const nowhere: LogPosition = { index: 0, term: 0 };

/** Entries as a ReplicaDouble writes them: "index/term". */
export class StoredDouble implements StoredLog {
  readonly begin: LogPosition;
  readonly snapshot: LogPosition;
  readonly hardState: HardState;
  readonly terms: readonly number[];
  /** What cannot be read. */
  unreadable: number | undefined;

  constructor({ begin = nowhere, snapshot = nowhere, terms = [], commitIndex = 0 }: { begin?: LogPosition; snapshot?: LogPosition; terms?: readonly number[]; commitIndex?: number }) {
    this.begin = begin;
    this.snapshot = snapshot;
    this.terms = terms;
    this.hardState = { currentTerm: terms.at(-1) ?? begin.term, votedFor: undefined, commitIndex };
  }

  get snapshotIndex(): number {
    return this.snapshot.index;
  }

  get lastIndex(): number {
    return this.begin.index + this.terms.length;
  }

  termAt(index: number): number | undefined {
    return this.terms[index - this.begin.index - 1];
  }

  storedEntries(): ReadonlyMap<number, StoredEntry> {
    const all = this.terms.map((term, place) => ({ index: this.begin.index + place + 1, term }));
    return new Map(all.filter(({ index }) => index !== this.unreadable).map(({ index, term }) => [index, { term, type: entryTypes.command, data: utf8(`${index}/${term}`) }]));
  }
}

export function runs(running: ReplicaDouble): LogSight {
  const { name, snapshotIndex: index, snapshotTerm: term } = running;
  return { name, running, snapshot: index === 0 ? undefined : { index, term, digest: "same" }, disk: new StoredDouble({}), damaged: false };
}

export function stopped(name: string, disk: StoredLog, damaged = false): LogSight {
  return { name, running: undefined, snapshot: undefined, disk, damaged };
}
