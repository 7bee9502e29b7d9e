// A region's storage as the daemon has it: the shared write-ahead log, the state machine and the snapshot files behind one port. It recovers them
// together: whatever the state machine lost is rebuilt from the snapshot and the log, and what cannot be true of them together is refused.

import { assert } from "../base/assert.ts";
import type { MaybePromise } from "../base/deferred.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { MachineImage, StateMachine } from "../machine/state-machine.ts";
import { entryTypes, type Entry, type HardState, type LogPosition } from "../raft/entry.ts";
import { decodeMembership, encodeMembership } from "../raft/membership-codec.ts";
import type { Membership } from "../raft/membership.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { InitialState } from "../raft/options.ts";
import type { PersistBatch } from "../raft/ready.ts";
import type { SnapshotInfo, SnapshotStore } from "../storage/snapshot-store.ts";
import type { RecoveredRegion } from "../storage/wal/wal.ts";
import type { StateCheckpoint } from "../wire/peer-protocol.ts";
import type { Wal, WalWrite } from "../storage/wal/wal.ts";
import type { RaftStorage, StoredSnapshot } from "./raft-storage.ts";

type SnapshotReceiver = Awaited<ReturnType<SnapshotStore["receive"]>>;

export interface RegionStorageParts {
  readonly region: RegionId;
  readonly wal: Wal;
  readonly machine: StateMachine;
  readonly snapshots: SnapshotStore;
  readonly logger: Logger;
  /** Of a new cluster: becomes the first entry of a log that is still empty. */
  readonly founding?: Membership;
}

const noMembership: Membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], members: [] };
const emptyRegion: RecoveredRegion = { hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, snapshot: { index: 0, term: 0 }, entries: [] };
/** Entries replayed into the state machine in one transaction. */
const replayBatch = 1024;

export class RegionStorage implements RaftStorage {
  readonly #parts: RegionStorageParts;
  #initial: InitialState;
  #appliedMembership: Membership;
  #receiving: { readonly snapshot: SnapshotMeta; readonly receiver: SnapshotReceiver } | undefined;
  #received: SnapshotInfo | undefined;
  /** Sequence of the newest batch that is known to be durable. */
  #durableBatch = 0;
  #installing: Promise<unknown> | undefined;

  /** Refuses CORRUPT when log, snapshot and state machine contradict each other. */
  static async open(parts: RegionStorageParts): Promise<RegionStorage> {
    const snapshot = parts.snapshots.latest ?? { index: 0, term: 0, membership: noMembership };
    const recovered = parts.wal.recovered.get(parts.region) ?? (await beginLog(parts));
    const log = recoverLog(recovered, snapshot);
    if (log.marked) mark("recovery-log-gave-way-to-the-snapshot");
    else if (snapshot.index > recovered.snapshot.index) mark("recovery-log-cut-at-a-newer-snapshot");
    if (log.marked) await parts.wal.append(markWrites(parts.region, snapshot, log.hardState, log.entries));
    await restoreMachine(parts, snapshot);
    const lastIndex = snapshot.index + log.entries.length;
    if (parts.machine.lastApplied > lastIndex) {
      throw new RaftctlError("CORRUPT", `the state has applied index ${parts.machine.lastApplied}, but the log ends at ${lastIndex}: a part of the log is missing`, { hint: "remove this member and join again as a new one" });
    }
    return new RegionStorage(parts, { hardState: log.hardState, snapshot: { index: snapshot.index, term: snapshot.term, membership: snapshot.membership }, entries: log.entries });
  }

  private constructor(parts: RegionStorageParts, recovered: Omit<InitialState, "lastApplied">) {
    this.#parts = parts;
    this.#initial = { ...recovered, lastApplied: parts.machine.lastApplied };
    this.#appliedMembership = recovered.snapshot.membership;
    parts.machine.forgetEffectsBelow(recovered.snapshot.index + 1);
    this.#followMembership(recovered.entries.slice(0, parts.machine.lastApplied - recovered.snapshot.index));
  }

  /** Applies what is known to be committed and is not in the state machine yet; answers how many entries that were (S108). */
  replay(): number {
    const { snapshot, entries, hardState } = this.#initial;
    const { machine } = this.#parts;
    const from = machine.lastApplied;
    const to = Math.max(from, Math.min(hardState.commitIndex, snapshot.index + entries.length));
    if (to > from) mark("recovery-entries-applied-again");
    for (let done = from; done < to; done += replayBatch) {
      this.apply(entries.slice(done - snapshot.index, Math.min(to, done + replayBatch) - snapshot.index));
    }
    if (to > from) machine.save();
    this.#initial = { ...this.#initial, lastApplied: machine.lastApplied };
    return to - from;
  }

  initialState(): InitialState {
    return this.#initial;
  }

  async persist(batch: PersistBatch): Promise<void> {
    const { wal, region } = this.#parts;
    // What was refused comes again, the oldest first; nothing newer overtakes it on its way.
    if (wal.refuses(region) && batch.sequence === this.#durableBatch + 1) wal.beginAgain(region);
    const writes: WalWrite[] = [];
    if (batch.hardState !== undefined) writes.push({ kind: "hardState", region, hardState: batch.hardState });
    if (batch.entries.length > 0) writes.push({ kind: "entries", region, entries: batch.entries });
    await wal.append(writes);
    this.#durableBatch = batch.sequence;
  }

  apply(entries: readonly Entry[]): readonly (Uint8Array | undefined)[] {
    const results = this.#parts.machine.applyBatch(entries);
    this.#followMembership(entries);
    return results;
  }

  save(): void {
    // A restore replaces and saves everything; what was applied before is of no use to it.
    if (this.#installing === undefined) this.#parts.machine.save();
  }

  get readOnly(): boolean {
    return this.#parts.wal.readOnly;
  }

  get checkpoints(): readonly StateCheckpoint[] {
    return this.#parts.machine.checkpoints;
  }

  get appliedMembership(): Membership {
    return this.#appliedMembership;
  }

  /** The state at lastApplied and the membership in force there; entries may be applied while it is read. Must be closed. @throws BUSY */
  async openImage(): Promise<{ readonly image: MachineImage; readonly membership: Membership }> {
    // Until an install is over, the state is ahead of the membership, and of what anybody has been told.
    if (this.#installing !== undefined) await this.#installing;
    const membership = this.#appliedMembership;
    return { image: this.#parts.machine.image(), membership };
  }

  async createSnapshot(): Promise<SnapshotMeta> {
    const { snapshots } = this.#parts;
    const { image, membership } = await this.openImage();
    try {
      const info = await snapshots.write({ index: image.index, term: image.term, membership }, image.chunks());
      await snapshots.prune(1);
      return { index: info.index, term: info.term, membership };
    } finally {
      image.close();
    }
  }

  get currentSnapshot(): StoredSnapshot | undefined {
    return this.#parts.snapshots.latest;
  }

  readSnapshot(snapshot: StoredSnapshot, offset: number, length: number): MaybePromise<Uint8Array> {
    return this.#parts.snapshots.readRaw(snapshot as SnapshotInfo, offset, length);
  }

  compact(index: number, keptFrom: number): Promise<void> {
    const { wal, region, snapshots, machine } = this.#parts;
    assert(index <= (snapshots.latest?.index ?? 0), "only what a durable snapshot holds is forgotten");
    machine.forgetEffectsBelow(keptFrom + 1);
    return wal.purge(new Map([[region, index]]));
  }

  async receiveSnapshot(snapshot: SnapshotMeta, offset: number, data: Uint8Array): Promise<number> {
    const receiver = await this.#receiverFor(snapshot);
    if (offset === receiver.nextOffset) await receiver.write(offset, data);
    else if (offset < receiver.nextOffset) mark("snapshot-receive-resumed");
    else mark("snapshot-receive-begins-anew");
    return receiver.nextOffset;
  }

  async finishReceiving(snapshot: SnapshotMeta): Promise<void> {
    const receiver = await this.#receiverFor(snapshot);
    this.#receiving = undefined;
    this.#received = await receiver.finish();
  }

  install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): Promise<void> {
    const installed = this.#install(snapshot, kept, hardState);
    this.#installing = installed.catch(() => undefined).finally(() => (this.#installing = undefined));
    return installed;
  }

  async #install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): Promise<void> {
    const { wal, region, machine, snapshots } = this.#parts;
    assert(this.#received?.index === snapshot.index && this.#received.term === snapshot.term, "what is installed was received and verified");
    // The snapshot file is durable; a crash from here on recovers to it. The log follows before the state machine, which is derived from both.
    wal.beginAgain(region);
    await wal.append(markWrites(region, snapshot, hardState, kept));
    await machine.restore({ index: snapshot.index, term: snapshot.term }, snapshots.chunks(this.#received));
    this.#appliedMembership = snapshot.membership;
    snapshots.installed();
    await snapshots.prune(1);
    await wal.purge(new Map([[region, snapshot.index]])).catch((error: unknown) => {
      // The next compaction forgets the old log as well; the install itself is done.
      if (toRaftctlError(error).code !== "NO_SPACE") throw error;
    });
  }

  async #receiverFor(snapshot: SnapshotMeta): Promise<SnapshotReceiver> {
    const current = this.#receiving;
    const isSame = current?.snapshot.index === snapshot.index && current.snapshot.term === snapshot.term;
    // One that a full disk has cut short takes nothing any more.
    if (isSame && current.receiver.open) return current.receiver;
    if (current !== undefined) mark("snapshot-receive-gave-way-to-another");
    await current?.receiver.abort();
    const receiver = await this.#parts.snapshots.receive(snapshot);
    this.#receiving = { snapshot, receiver };
    return receiver;
  }

  #followMembership(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.type === entryTypes.membership) this.#appliedMembership = decodeMembership(entry.data);
    }
  }
}

/** The founder's log begins with its own membership, already committed: a newcomer then learns everything from the log. */
async function beginLog({ wal, region, machine, snapshots, founding }: RegionStorageParts): Promise<RecoveredRegion> {
  if (founding === undefined || machine.lastApplied > 0 || snapshots.latest !== undefined) return emptyRegion;
  const hardState: HardState = { currentTerm: 1, votedFor: undefined, commitIndex: 1 };
  const entries: Entry[] = [{ index: 1, term: 1, type: entryTypes.membership, data: encodeMembership(founding) }];
  await wal.append([{ kind: "entries", region, entries }, { kind: "hardState", region, hardState }]);
  return { ...emptyRegion, hardState, entries };
}

/** What of the recovered log stands behind the snapshot: all that agrees with it, or nothing (Figure 13, rules 6 and 7). */
export function recoverLog(recovered: RecoveredRegion, snapshot: SnapshotMeta): { hardState: HardState; entries: readonly Entry[]; marked: boolean } {
  const { snapshot: start, entries, hardState } = recovered;
  const known = { ...hardState, currentTerm: Math.max(hardState.currentTerm, snapshot.term), commitIndex: Math.max(hardState.commitIndex, snapshot.index) };
  if (start.index > snapshot.index) {
    throw new RaftctlError("CORRUPT", `the log begins after index ${start.index}, but the newest snapshot ends at ${snapshot.index}: a snapshot is missing`, { hint: "remove this member and join again as a new one" });
  }
  if (snapshot.index === start.index) {
    if (snapshot.term !== start.term) throw contradiction(start, snapshot);
    return { hardState: known, entries, marked: false };
  }
  const first = entries[0]?.index ?? start.index + 1;
  if (first > snapshot.index + 1) {
    throw new RaftctlError("CORRUPT", `the log begins at index ${first}, but the newest snapshot ends at ${snapshot.index}: what lies between is missing`, { hint: "remove this member and join again as a new one" });
  }
  // A snapshot that was received and not yet installed when the process died may end behind a log that is shorter, or that disagrees.
  const position = snapshot.index - first;
  const agrees = entries[position]?.term === snapshot.term;
  return agrees
    ? { hardState: known, entries: entries.slice(position + 1), marked: false }
    : { hardState: known, entries: [], marked: true };
}

function contradiction(start: LogPosition, snapshot: SnapshotMeta): RaftctlError {
  return new RaftctlError("CORRUPT", `the log begins after index ${start.index} of term ${start.term}, but the snapshot there is of term ${snapshot.term}: one of them is not this node's`, {
    hint: "remove this member and join again as a new one",
  });
}

export function markWrites(region: RegionId, snapshot: SnapshotMeta, hardState: HardState, kept: readonly Entry[]): WalWrite[] {
  const writes: WalWrite[] = [
    { kind: "hardState", region, hardState },
    { kind: "snapshotMark", region, position: { index: snapshot.index, term: snapshot.term } },
  ];
  if (kept.length > 0) writes.push({ kind: "entries", region, entries: kept });
  return writes;
}

async function restoreMachine(parts: RegionStorageParts, snapshot: SnapshotMeta): Promise<void> {
  if (parts.machine.lastApplied >= snapshot.index) return;
  mark("recovery-state-rebuilt-from-the-snapshot");
  const info = parts.snapshots.latest;
  assert(info !== undefined, "only a snapshot is ahead of an empty state machine");
  parts.logger.info({ index: snapshot.index, had: parts.machine.lastApplied }, "rebuilding the state from the snapshot");
  await parts.machine.restore({ index: snapshot.index, term: snapshot.term }, parts.snapshots.chunks(info));
}
