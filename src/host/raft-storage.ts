// What a region needs of storage, as a port (S31): its log and hard state, its state machine, and its snapshots. The real one is
// region-storage.ts. Every method may answer at once or with a promise (S23). A rejection is fatal to the node, except NO_SPACE from `persist`,
// which is tried again until space returns (§5: the log is the truth, so nothing may be answered that it does not hold).

import type { MaybePromise } from "../base/deferred.ts";
import type { Entry, HardState } from "../raft/entry.ts";
import type { Membership } from "../raft/membership.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { InitialState } from "../raft/options.ts";
import type { PersistBatch } from "../raft/ready.ts";
import type { StateCheckpoint } from "../wire/peer-protocol.ts";

export interface RaftStorage {
  /** What a restart finds, after the state machine holds everything that is known to be committed. */
  initialState(): MaybePromise<InitialState>;
  /** Hard state and entries, a leader's or a follower's: durable when done. Calls may overlap; they complete in order, and after a NO_SPACE none newer than the refused one succeeds before it. */
  persist(batch: PersistBatch): MaybePromise<void>;
  /** In order, each index once; one answer per entry, undefined for what is not a command. */
  apply(entries: readonly Entry[]): MaybePromise<readonly (Uint8Array | undefined)[]>;
  /** What was applied before is applied after a restart, too. Called soon after `apply`, once for many. Absent: there is nothing to do. */
  save?(): MaybePromise<void>;
  /** Proposals are refused with NO_SPACE while this is true. */
  readonly readOnly: boolean;
  /** Digests of the state at the latest checkpoint indexes, which are the same on every node, ascending; another array whenever one was passed. Empty: this storage has none, and nothing is compared. */
  readonly checkpoints: readonly StateCheckpoint[];
  /** In force at lastApplied. */
  readonly appliedMembership: Membership;

  /** Writes the state at lastApplied to a durable file; the log at or below it is no longer needed for a restart. */
  createSnapshot(): MaybePromise<SnapshotMeta>;
  readonly currentSnapshot: StoredSnapshot | undefined;
  /** Bytes of the current snapshot's file. */
  readSnapshot(snapshot: StoredSnapshot, offset: number, length: number): MaybePromise<Uint8Array>;
  /** The log on disk may forget everything up to `index`, never above the current snapshot; the one in memory keeps what follows `keptFrom`, which is at most that. */
  compact(index: number, keptFrom: number): MaybePromise<void>;

  /** Takes one chunk of a snapshot; answers where the next one must begin (lower than offset + length when this one did not fit there). */
  receiveSnapshot(snapshot: SnapshotMeta, offset: number, data: Uint8Array): MaybePromise<number>;
  /** Every chunk is here: verifies the whole and keeps it. CORRUPT when it is damaged, and the transfer begins anew. */
  finishReceiving(snapshot: SnapshotMeta): MaybePromise<void>;
  /**
   * Replaces log and state machine by a received snapshot, keeping the entries behind it that agree; durable when done (Figure 13). Ordered with the calls
   * of `persist`: a term or a vote that is persisted after this call is newer than `hardState`.
   */
  install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): MaybePromise<void>;
}

export interface StoredSnapshot extends SnapshotMeta {
  readonly bytes: number;
}
