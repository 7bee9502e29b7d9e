// What a log must hold after each append, written down naively; and the question whether a recovered log is one of the states that a crash may
// leave: everything acknowledged is there, nothing is there that was not appended, and an append is there as a whole or not at all.

import type { RegionId } from "../../../src/base/ids.ts";
import type { Entry, HardState, LogPosition } from "../../../src/raft/entry.ts";
import type { RecoveredRegion, WalWrite } from "../../../src/storage/wal/wal.ts";

interface ModelRegion {
  readonly hardState: HardState;
  readonly begin: LogPosition;
  readonly entries: readonly Entry[];
}

type State = ReadonlyMap<RegionId, ModelRegion>;

const empty: ModelRegion = { hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, begin: { index: 0, term: 0 }, entries: [] };

export class LogModel {
  /** The state after each append, the pristine one first. */
  readonly #states: State[] = [new Map()];
  #acknowledged = 0;
  readonly #floors = new Map<RegionId, number>();

  get issued(): number {
    return this.#states.length - 1;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  append(writes: readonly WalWrite[]): void {
    this.#states.push(writes.reduce(applied, this.#states.at(-1)!));
  }

  /** Appends complete in order, so a number says it all. */
  acknowledge(count: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, count);
  }

  floor(region: RegionId, index: number): void {
    this.#floors.set(region, index);
  }

  /** undefined when the recovered log is a legal one. */
  objection(recovered: ReadonlyMap<RegionId, RecoveredRegion>): string | undefined {
    for (let count = this.#acknowledged; count <= this.issued; count += 1) {
      if (this.#difference(this.#states[count]!, recovered) === undefined) return undefined;
    }
    return `after ${this.#acknowledged} acknowledged of ${this.issued} appends: ${this.#difference(this.#states[this.#acknowledged]!, recovered)}`;
  }

  #difference(state: State, recovered: ReadonlyMap<RegionId, RecoveredRegion>): string | undefined {
    for (const region of recovered.keys()) if (!state.has(region)) return `region ${region} is invented`;
    for (const [region, model] of state) {
      const flaw = this.#regionDifference(region, model, recovered.get(region));
      if (flaw !== undefined) return `region ${region}: ${flaw}`;
    }
    return undefined;
  }

  #regionDifference(region: RegionId, model: ModelRegion, found: RecoveredRegion | undefined): string | undefined {
    if (found === undefined) return "lost";
    const lastIndex = model.entries.at(-1)?.index ?? model.begin.index;
    const commitIndex = Math.min(Math.max(model.hardState.commitIndex, found.snapshot.index), lastIndex);
    const { hardState } = found;
    if (hardState.currentTerm !== model.hardState.currentTerm || hardState.votedFor !== model.hardState.votedFor) return "another term or vote";
    if (hardState.commitIndex !== commitIndex) return `commit index ${hardState.commitIndex}, not ${commitIndex}`;
    const begin = found.snapshot;
    const beginMax = Math.max(model.begin.index, this.#floors.get(region) ?? 0);
    if (begin.index < model.begin.index || begin.index > beginMax) return `the log begins behind ${begin.index}`;
    const term = begin.index === model.begin.index ? model.begin.term : model.entries.find(({ index }) => index === begin.index)?.term;
    if (begin.term !== term) return `the log begins behind term ${begin.term}, not ${term}`;
    const expected = model.entries.filter(({ index }) => index > begin.index);
    if (expected.length !== found.entries.length) return `${found.entries.length} entries, not ${expected.length}`;
    return expected.every((entry, place) => sameEntry(entry, found.entries[place]!)) ? undefined : "another entry";
  }
}

function applied(state: State, write: WalWrite): State {
  const after = new Map(state);
  const region = state.get(write.region) ?? empty;
  if (write.kind === "regionRemoved") after.delete(write.region);
  else after.set(write.region, written(region, write));
  return after;
}

function written(region: ModelRegion, write: Exclude<WalWrite, { kind: "regionRemoved" }>): ModelRegion {
  switch (write.kind) {
    case "hardState":
      return { ...region, hardState: write.hardState };
    case "entries":
      return { ...region, entries: [...region.entries.filter(({ index }) => index < write.entries[0]!.index), ...write.entries] };
    case "snapshotMark":
      return { ...region, begin: write.position, entries: [] };
    case "compaction":
      return { ...region, begin: write.position, entries: region.entries.filter(({ index }) => index > write.position.index) };
  }
}

function sameEntry(left: Entry, right: Entry): boolean {
  if (left.index !== right.index || left.term !== right.term || left.type !== right.type || left.data.length !== right.data.length) return false;
  return left.data.every((byte, place) => byte === right.data[place]);
}
