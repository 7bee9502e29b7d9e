// A region's storage, watched: what is applied and installed is told to the properties, and applying takes a while, so that an index is committed
// long before it can be read (H23).

import type { MaybePromise } from "../../../src/base/deferred.ts";
import type { RaftStorage, StoredSnapshot } from "../../../src/host/raft-storage.ts";
import type { Entry, HardState } from "../../../src/raft/entry.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { SnapshotMeta } from "../../../src/raft/message.ts";
import type { InitialState } from "../../../src/raft/options.ts";
import type { PersistBatch } from "../../../src/raft/ready.ts";
import type { StateCheckpoint } from "../../../src/wire/peer-protocol.ts";
import type { ProcessLife } from "../kernel/process-life.ts";

type Inner = Omit<RaftStorage, "save"> & { save(): void };
type Results = readonly (Uint8Array | undefined)[];

export interface StorageObserver {
  readonly applyMs: () => number;
  readonly stateIsWrong: () => boolean;
  applied(entries: readonly Entry[], results: Results): void;
  saved(): void;
  installed(index: number): void;
}

export class ObservedStorage implements RaftStorage {
  readonly #inner: Inner;
  readonly #life: ProcessLife;
  readonly #observer: StorageObserver;
  #wrong: { readonly of: readonly StateCheckpoint[]; readonly checkpoints: readonly StateCheckpoint[] } | undefined;

  constructor(inner: Inner, life: ProcessLife, observer: StorageObserver) {
    this.#inner = inner;
    this.#life = life;
    this.#observer = observer;
  }

  apply(entries: readonly Entry[]): MaybePromise<Results> {
    const ms = this.#observer.applyMs();
    if (ms === 0) return this.#apply(entries);
    return new Promise((resolve, reject) => {
      this.#life.after(ms, () => {
        try {
          resolve(this.#apply(entries));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #apply(entries: readonly Entry[]): Results {
    const results = this.#inner.apply(entries) as Results;
    if (this.#life.alive) this.#observer.applied(entries, results);
    return results;
  }

  save(): void {
    this.#inner.save();
    if (this.#life.alive) this.#observer.saved();
  }

  async install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): Promise<void> {
    this.#life.passed("install.begin");
    await this.#inner.install(snapshot, kept, hardState);
    if (this.#life.alive) this.#observer.installed(snapshot.index);
  }

  async createSnapshot(): Promise<SnapshotMeta> {
    this.#life.passed("snapshot.begin");
    return this.#inner.createSnapshot();
  }

  initialState(): MaybePromise<InitialState> {
    return this.#inner.initialState();
  }

  persist(batch: PersistBatch): MaybePromise<void> {
    return this.#inner.persist(batch);
  }

  get readOnly(): boolean {
    return this.#inner.readOnly;
  }

  /** Another array whenever one was passed, also while they are wrong. */
  get checkpoints(): readonly StateCheckpoint[] {
    const { checkpoints } = this.#inner;
    if (!this.#observer.stateIsWrong()) return checkpoints;
    if (this.#wrong?.of !== checkpoints) this.#wrong = { of: checkpoints, checkpoints: checkpoints.map(({ index, digest }) => ({ index, digest: `${digest.slice(16)}${digest.slice(0, 16)}` })) };
    return this.#wrong.checkpoints;
  }

  get appliedMembership(): Membership {
    return this.#inner.appliedMembership;
  }

  get currentSnapshot(): StoredSnapshot | undefined {
    return this.#inner.currentSnapshot;
  }

  readSnapshot(snapshot: StoredSnapshot, offset: number, length: number): MaybePromise<Uint8Array> {
    return this.#inner.readSnapshot(snapshot, offset, length);
  }

  compact(index: number, keptFrom: number): MaybePromise<void> {
    return this.#inner.compact(index, keptFrom);
  }

  receiveSnapshot(snapshot: SnapshotMeta, offset: number, data: Uint8Array): MaybePromise<number> {
    return this.#inner.receiveSnapshot(snapshot, offset, data);
  }

  finishReceiving(snapshot: SnapshotMeta): MaybePromise<void> {
    return this.#inner.finishReceiving(snapshot);
  }
}
