// The library's default storage (S105): a consensus-only log. It makes no file and keeps no log of its own, because the core has every entry in memory;
// it runs the state machine and holds the latest snapshot for members that are behind. What the process forgets is gone, so a node on it never comes back
// as the voter that it was: formation.ts sees to that. A storage that is durable may leave the state machine to it.

import { assert } from "../base/assert.ts";
import { concatBytes, emptyBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { RaftStorage, StoredSnapshot } from "../host/raft-storage.ts";
import { entryTypes, type Entry, type LogPosition } from "../raft/entry.ts";
import { decodeMembership } from "../raft/membership-codec.ts";
import type { Membership } from "../raft/membership.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { InitialState } from "../raft/options.ts";
import { Executor } from "./executor.ts";
import type { Codec, StateMachine } from "./state-machine.ts";

export class VolatileStorage implements RaftStorage {
  readonly readOnly = false;
  /** A state machine has no digest to compare. */
  readonly checkpoints = [];
  readonly #executor: Executor;
  readonly #founding: Membership;
  #membership: Membership;
  #applied: LogPosition = { index: 0, term: 0 };
  #snapshot: (SnapshotMeta & { readonly content: Uint8Array }) | undefined;
  #receiving: { readonly position: LogPosition; content: Uint8Array } | undefined;
  #received: Uint8Array | undefined;

  /** @param founding the membership that the region begins with; empty for a node that joins one */
  constructor(machine: StateMachine<unknown, unknown, unknown>, codec: Codec, founding: Membership) {
    this.#executor = new Executor(machine, codec);
    this.#founding = founding;
    this.#membership = founding;
  }

  initialState(): InitialState {
    const hardState = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };
    return { hardState, snapshot: { index: 0, term: 0, membership: this.#founding }, entries: [], lastApplied: 0 };
  }

  persist(): void {
    // The core remembers term, vote and entries for as long as the process lives, and that is all that is promised.
  }

  apply(entries: readonly Entry[]): readonly (Uint8Array | undefined)[] {
    return entries.map((entry) => this.#applyOne(entry));
  }

  get appliedMembership(): Membership {
    return this.#membership;
  }

  createSnapshot(): SnapshotMeta {
    const meta: SnapshotMeta = { ...this.#applied, membership: this.#membership };
    this.#snapshot = { ...meta, content: this.#executor.snapshot() };
    return meta;
  }

  get currentSnapshot(): StoredSnapshot | undefined {
    if (this.#snapshot === undefined) return undefined;
    const { index, term, membership, content } = this.#snapshot;
    return { index, term, membership, bytes: content.length };
  }

  readSnapshot(snapshot: StoredSnapshot, offset: number, length: number): Uint8Array {
    if (this.#snapshot?.index !== snapshot.index) throw new RaftctlError("NOT_FOUND", `the snapshot at index ${snapshot.index} gave way to a newer one`);
    return this.#snapshot.content.subarray(offset, offset + length);
  }

  compact(): void {
    // Nothing is kept here that could be forgotten.
  }

  receiveSnapshot({ index, term }: SnapshotMeta, offset: number, data: Uint8Array): number {
    const current = this.#receiving?.position;
    if (current?.index !== index || current.term !== term) this.#receiving = { position: { index, term }, content: emptyBytes };
    const receiving = this.#receiving!;
    if (offset === receiving.content.length) receiving.content = concatBytes([receiving.content, data]);
    return receiving.content.length;
  }

  finishReceiving({ index }: SnapshotMeta): void {
    const content = this.#receiving?.content ?? emptyBytes;
    this.#receiving = undefined;
    if (!Executor.isWhole(content)) {
      throw new RaftctlError("CORRUPT", `the received snapshot at index ${index} fails its checksum`);
    }
    this.#received = content;
  }

  install(snapshot: SnapshotMeta): void {
    const content = this.#received;
    assert(content !== undefined, "what is installed was received and verified");
    this.#received = undefined;
    this.#executor.restore(content);
    this.#snapshot = { ...snapshot, content };
    this.#applied = { index: snapshot.index, term: snapshot.term };
    this.#membership = snapshot.membership;
  }

  #applyOne(entry: Entry): Uint8Array | undefined {
    const { index, term, type, data } = entry;
    assert(index === this.#applied.index + 1, "entries are applied in order, each once");
    this.#applied = { index, term };
    if (type === entryTypes.membership) this.#membership = decodeMembership(data);
    return this.#executor.apply(entry);
  }
}
