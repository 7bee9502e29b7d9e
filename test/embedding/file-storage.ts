// A durable storage of one's own: everything in one file that is written anew at every change. For states of a few kilobytes that change rarely.
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import {
  jsonCodec, VolatileStorage, type Entry, type HardState, type InitialState, type Membership, type PersistBatch, type RaftStorage, type SnapshotMeta,
  type StateMachine, type StoredSnapshot,
} from "raftctl/raft";

interface Content {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  /** Of the snapshot, in base64; empty before the first one. */
  readonly image: string;
  readonly entries: readonly (Omit<Entry, "data"> & { readonly data: string })[];
}

export class FileStorage implements RaftStorage {
  readonly readOnly = false;
  readonly checkpoints = [];
  readonly #path: string;
  /** Runs the state machine and holds the snapshot: what is durable of both stands in the file. */
  readonly #memory: VolatileStorage;
  #content: Content;
  #written: Promise<void> = Promise.resolve();

  /** @param founding what a region begins with that has no file yet: the same on every founder */
  static async open(path: string, machine: StateMachine<never, unknown, unknown>, founding: Membership): Promise<FileStorage> {
    const memory = new VolatileStorage(machine, jsonCodec, founding);
    const content = (await readContent(path)) ?? {
      hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, snapshot: { index: 0, term: 0, membership: founding }, image: "", entries: [],
    };
    if (content.image !== "") {
      memory.receiveSnapshot(content.snapshot, 0, Buffer.from(content.image, "base64"));
      memory.finishReceiving(content.snapshot);
      memory.install(content.snapshot);
    }
    return new FileStorage(path, memory, content);
  }

  private constructor(path: string, memory: VolatileStorage, content: Content) {
    [this.#path, this.#memory, this.#content] = [path, memory, content];
  }

  initialState(): InitialState {
    const { hardState: { currentTerm, votedFor, commitIndex }, snapshot, entries } = this.#content;
    const known = entries.filter(({ index }) => index > snapshot.index).map((entry) => ({ ...entry, data: Buffer.from(entry.data, "base64") }));
    // The state machine is built anew: what is committed behind the snapshot is applied again.
    return { hardState: { currentTerm, votedFor, commitIndex }, snapshot, entries: known, lastApplied: snapshot.index };
  }

  persist({ hardState, entries }: PersistBatch): Promise<void> {
    const first = entries[0]?.index ?? Number.POSITIVE_INFINITY;
    const kept = this.#content.entries.filter(({ index }) => index < first);
    return this.#write({ hardState: hardState ?? this.#content.hardState, entries: [...kept, ...entries.map(inText)] });
  }

  apply(entries: readonly Entry[]): readonly (Uint8Array | undefined)[] {
    return this.#memory.apply(entries);
  }

  get appliedMembership(): Membership {
    return this.#memory.appliedMembership;
  }

  async createSnapshot(): Promise<SnapshotMeta> {
    const snapshot = this.#memory.createSnapshot();
    await this.#write({ snapshot, image: this.#image() });
    return snapshot;
  }

  get currentSnapshot(): StoredSnapshot | undefined {
    return this.#memory.currentSnapshot;
  }

  readSnapshot(snapshot: StoredSnapshot, offset: number, length: number): Uint8Array {
    return this.#memory.readSnapshot(snapshot, offset, length);
  }

  compact(upTo: number): Promise<void> {
    return this.#write({ entries: this.#content.entries.filter(({ index }) => index > upTo) });
  }

  receiveSnapshot(snapshot: SnapshotMeta, offset: number, data: Uint8Array): number {
    return this.#memory.receiveSnapshot(snapshot, offset, data);
  }

  finishReceiving(snapshot: SnapshotMeta): void {
    this.#memory.finishReceiving(snapshot);
  }

  install(snapshot: SnapshotMeta, kept: readonly Entry[], hardState: HardState): Promise<void> {
    this.#memory.install(snapshot);
    return this.#write({ hardState, snapshot, image: this.#image(), entries: kept.map(inText) });
  }

  #image(): string {
    const snapshot = this.#memory.currentSnapshot!;
    return Buffer.from(this.#memory.readSnapshot(snapshot, 0, snapshot.bytes)).toString("base64");
  }

  /** Durable when done; changes are written in the order of the calls. */
  #write(change: Partial<Content>): Promise<void> {
    this.#content = { ...this.#content, ...change };
    const text = JSON.stringify(this.#content);
    this.#written = this.#written.then(() => replaceFile(this.#path, text));
    return this.#written;
  }
}

function inText({ index, term, type, data }: Entry): Content["entries"][number] {
  return { index, term, type, data: Buffer.from(data).toString("base64") };
}

async function readContent(path: string): Promise<Content | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** After a crash there is the old text or the new one: the new name is durable once the directory is synced, too. */
async function replaceFile(path: string, text: string): Promise<void> {
  {
    await using file = await open(`${path}.new`, "w");
    await file.writeFile(text);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  await using directory = await open(dirname(path));
  await directory.sync();
}
