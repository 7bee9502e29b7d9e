// A storage in memory with a recording state machine, in two variants: one answers at once, the other with promises (S23). What was persisted
// survives `restarted`; what was on its way is gone. The test can hold persist and apply, and let the disk fail or be full.

import type { MaybePromise } from "../../../src/base/deferred.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import type { RaftStorage, StoredSnapshot } from "../../../src/host/raft-storage.ts";
import { entryTypes, type Entry, type HardState } from "../../../src/raft/entry.ts";
import { decodeMembership } from "../../../src/raft/membership-codec.ts";
import { withCheckpoint } from "../../../src/machine/checkpoints.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { SnapshotMeta } from "../../../src/raft/message.ts";
import type { InitialState } from "../../../src/raft/options.ts";
import type { PersistBatch } from "../../../src/raft/ready.ts";
import type { StateCheckpoint } from "../../../src/wire/peer-protocol.ts";
import { Gate } from "./gate.ts";
import { bytes as utf8, text } from "./members.ts";
import type { MachineState, RaftStorageState } from "./memory-state.ts";

export type StorageVariant = "at once" | "promises";

export class MemoryRaftStorage implements RaftStorage {
  readonly variant: StorageVariant;
  readonly state: RaftStorageState;
  /** Closed: nothing becomes durable (promises only). */
  readonly disk = new Gate();
  /** Closed: nothing is applied (promises only). */
  readonly machine = new Gate();
  /** What the next writes fail with. */
  failure: RaftctlError | undefined;
  applyFailure: Error | undefined;
  readOnly = false;
  /** What executes the entries, when the recording state machine is not enough. */
  execute: ((entries: readonly Entry[]) => readonly (Uint8Array | undefined)[]) | undefined;
  persistCalls = 0;
  applyCalls = 0;
  /** Index of the last entry that was applied each time that it was told to save. */
  readonly saves: number[] = [];
  readonly journal: string[];
  #persisting: Promise<void> = Promise.resolve();
  #receiving: { readonly snapshot: SnapshotMeta; bytes: Uint8Array } | undefined;
  #received: { readonly snapshot: SnapshotMeta; readonly bytes: Uint8Array } | undefined;
  #stopped = false;

  constructor(variant: StorageVariant, state: RaftStorageState, journal: string[] = []) {
    this.variant = variant;
    this.state = state;
    this.journal = journal;
  }

  /** After a crash: nothing that was under way reaches the old one's state any more. */
  restarted(): MemoryRaftStorage {
    this.#stopped = true;
    return new MemoryRaftStorage(this.variant, this.state.copy(), this.journal);
  }

  initialState(): MaybePromise<InitialState> {
    return this.#answer(this.state.initialState());
  }

  persist(batch: PersistBatch): MaybePromise<void> {
    this.persistCalls += 1;
    this.journal.push(`persist ${batch.sequence}`);
    if (this.variant === "at once") return this.#write(batch);
    const written = this.#persisting.then(() => this.disk.pass()).then(() => this.#write(batch));
    this.#persisting = written.catch(() => undefined);
    return written;
  }

  apply(entries: readonly Entry[]): MaybePromise<readonly (Uint8Array | undefined)[]> {
    this.applyCalls += 1;
    if (this.variant === "at once") return this.#applyAll(entries);
    return this.machine.pass().then(() => this.#applyAll(entries));
  }

  save(): void {
    this.saves.push(this.state.machine.lastApplied);
  }

  get checkpoints(): readonly StateCheckpoint[] {
    return this.state.machine.checkpoints;
  }

  get appliedMembership(): Membership {
    return this.state.machine.membership;
  }

  createSnapshot(): MaybePromise<SnapshotMeta> {
    if (this.failure !== undefined) throw this.failure;
    const { lastApplied, lastTerm, membership } = this.state.machine;
    const snapshot = { index: lastApplied, term: lastTerm, membership };
    this.state.snapshot = { ...snapshot, content: utf8(JSON.stringify(this.state.machine)) };
    return this.#answer(snapshot);
  }

  get currentSnapshot(): StoredSnapshot | undefined {
    const { snapshot } = this.state;
    if (snapshot?.content === undefined) return undefined;
    const { index, term, membership, content } = snapshot;
    return { index, term, membership, bytes: content.length };
  }

  readSnapshot(_snapshot: StoredSnapshot, offset: number, length: number): MaybePromise<Uint8Array> {
    return this.#answer(this.state.snapshot.content!.slice(offset, offset + length));
  }

  compact(index: number): MaybePromise<void> {
    if (index > (this.currentSnapshot?.index ?? 0)) throw new Error("no snapshot holds this");
    this.journal.push(`compact ${index}`);
    this.state.entries = this.state.entries.filter((entry) => entry.index > index);
    return this.#answer(undefined);
  }

  receiveSnapshot(snapshot: SnapshotMeta, offset: number, data: Uint8Array): MaybePromise<number> {
    if (this.failure !== undefined) throw this.failure;
    const current = this.#receiving;
    if (current === undefined || current.snapshot.index !== snapshot.index || current.snapshot.term !== snapshot.term) {
      this.#receiving = { snapshot, bytes: new Uint8Array(0) };
    }
    const receiving = this.#receiving!;
    if (offset === receiving.bytes.length) receiving.bytes = Uint8Array.from([...receiving.bytes, ...data]);
    return this.#answer(receiving.bytes.length);
  }

  finishReceiving(snapshot: SnapshotMeta): MaybePromise<void> {
    const received = this.#receiving!.bytes;
    this.#receiving = undefined;
    try {
      JSON.parse(text(received));
    } catch {
      const damaged = new RaftctlError("CORRUPT", "the received snapshot is damaged");
      if (this.variant === "at once") throw damaged;
      return Promise.reject(damaged);
    }
    this.#received = { snapshot, bytes: received };
    return this.#answer(undefined);
  }

  install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): MaybePromise<void> {
    const { bytes } = this.#received!;
    this.journal.push(`install ${snapshot.index} keeping ${kept.length}`);
    this.state.snapshot = { ...snapshot, content: bytes };
    this.state.machine = JSON.parse(text(bytes)) as MachineState;
    this.state.entries = [...kept];
    this.state.hardState = hardState;
    return this.#answer(undefined);
  }

  #write(batch: PersistBatch): void {
    if (this.#stopped) throw new RaftctlError("STOPPED", "this storage was left behind by a restart");
    if (this.failure !== undefined) throw this.failure;
    this.state.write(batch);
    this.journal.push(`durable ${batch.sequence}`);
  }

  #applyAll(entries: readonly Entry[]): readonly (Uint8Array | undefined)[] {
    if (this.applyFailure !== undefined) throw this.applyFailure;
    this.journal.push(`apply ${entries[0]!.index}-${entries.at(-1)!.index}`);
    const recorded = entries.map((entry) => this.#applyOne(entry));
    return this.execute?.(entries) ?? recorded;
  }

  #applyOne(entry: Entry): Uint8Array | undefined {
    const { machine } = this.state;
    if (entry.index !== machine.lastApplied + 1) throw new Error(`entry ${entry.index} applied after ${machine.lastApplied}`);
    machine.lastApplied = entry.index;
    machine.lastTerm = entry.term;
    if (entry.type === entryTypes.membership) machine.membership = decodeMembership(entry.data);
    const result = entry.type === entryTypes.command ? this.#execute(entry) : undefined;
    if (entry.index % 8 === 0) machine.checkpoints = withCheckpoint(machine.checkpoints, { index: entry.index, digest: machine.chain.repeat(4) });
    return result;
  }

  #execute(entry: Entry): Uint8Array {
    const { machine } = this.state;
    const command = text(entry.data);
    machine.commands.push(command);
    machine.chain = crc32(utf8(`${machine.chain}${command}`)).toString(16).padStart(8, "0");
    return utf8(`did ${command}`);
  }

  #answer<T>(value: T): MaybePromise<T> {
    return this.variant === "at once" ? value : Promise.resolve(value);
  }
}
