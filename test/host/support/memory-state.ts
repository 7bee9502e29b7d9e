// What a storage in memory has durably: hard state, log, snapshot and the state machine's content.

import type { Entry, HardState } from "../../../src/raft/entry.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { InitialState } from "../../../src/raft/options.ts";
import type { PersistBatch } from "../../../src/raft/ready.ts";
import type { SnapshotMeta } from "../../../src/raft/message.ts";
import type { StateCheckpoint } from "../../../src/wire/peer-protocol.ts";

export interface MachineState {
  lastApplied: number;
  lastTerm: number;
  membership: Membership;
  /** Every command that was applied, in order. */
  commands: string[];
  /** Over all commands, 8 hexadecimal digits. */
  chain: string;
  /** Of the chain, at every eighth index. */
  checkpoints: readonly StateCheckpoint[];
}

export class RaftStorageState {
  hardState: HardState = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };
  entries: Entry[] = [];
  /** Without content it is only where the log begins. */
  snapshot: SnapshotMeta & { readonly content?: Uint8Array };
  machine: MachineState;

  constructor(membership: Membership) {
    this.snapshot = { index: 0, term: 0, membership };
    this.machine = { lastApplied: 0, lastTerm: 0, membership, commands: [], chain: "00000000", checkpoints: [] };
  }

  copy(): RaftStorageState {
    const { hardState, entries, snapshot, machine } = this;
    return Object.assign(new RaftStorageState(snapshot.membership), structuredClone({ hardState, entries, snapshot, machine }));
  }

  initialState(): InitialState {
    const { index, term, membership } = this.snapshot;
    const entries = this.entries.filter((entry) => entry.index > index);
    return { hardState: this.hardState, snapshot: { index, term, membership }, entries, lastApplied: this.machine.lastApplied };
  }

  write({ hardState, entries }: PersistBatch): void {
    if (hardState !== undefined) this.hardState = hardState;
    const first = entries[0];
    if (first === undefined) return;
    const last = this.entries.at(-1)?.index ?? this.snapshot.index;
    if (first.index > last + 1) throw new Error(`entry ${first.index} leaves a gap after ${last}`);
    this.entries = [...this.entries.filter((entry) => entry.index < first.index), ...entries];
  }
}
