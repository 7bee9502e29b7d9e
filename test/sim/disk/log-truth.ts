// What would be found on this disk after losing power now, of one region: worked out from what is durable and never from what the node believes. Told by
// the disk when something became durable or lost its name. Snapshots count when their content is durable as a whole under a durable name; a
// position in the log that claims one does not.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { RegionId } from "../../../src/base/ids.ts";
import type { HardState, LogPosition } from "../../../src/raft/entry.ts";
import { recordKinds, type RawRecord } from "../../../src/storage/wal/record.ts";
import type { FileTree } from "../../storage/file-tree.ts";
import type { Inode } from "../../storage/inode.ts";
import type { StoredEntry, StoredLog } from "../properties/log-sight.ts";
import { areaOf, type Area } from "./area.ts";
import { RegionTruth } from "./region-truth.ts";
import { SegmentChain, type ChainReader } from "./segment-chain.ts";

export class LogTruth implements StoredLog, ChainReader {
  readonly #region: RegionId;
  readonly #crc32: Crc32;
  #tree: FileTree;
  #chain: SegmentChain;
  #truth: RegionTruth;
  #snapshot: LogPosition = { index: 0, term: 0 };

  constructor(tree: FileTree, region: RegionId, crc32: Crc32) {
    this.#tree = tree;
    this.#region = region;
    this.#crc32 = crc32;
    this.#chain = new SegmentChain(crc32);
    this.#truth = new RegionTruth(region);
  }

  get hardState(): HardState {
    return this.#truth.hardState;
  }

  get lastIndex(): number {
    return this.#truth.lastIndex;
  }

  get snapshotIndex(): number {
    return this.#snapshot.index;
  }

  get snapshot(): LogPosition {
    return this.#snapshot;
  }

  /** Behind which the log begins. */
  get begin(): LogPosition {
    return this.#truth.begin;
  }

  termAt(index: number): number | undefined {
    return this.#truth.termAt(index);
  }

  record(record: RawRecord, segment: number): void {
    this.#truth.apply(record, segment);
  }

  /** With another cursor, from the beginning: costs as much as the log is long. */
  storedEntries(): ReadonlyMap<number, StoredEntry> {
    const stored = new Map<number, StoredEntry>();
    const chain = new SegmentChain(this.#crc32);
    chain.update(durableNames(this.#tree, "/wal"));
    chain.rewind();
    chain.advance({
      record: ({ kind, region, index, term, payload }) => {
        if (region === this.#region && entryKinds.has(kind)) stored.set(index, { term, type: kind, data: payload });
      },
    });
    return stored;
  }

  /** Everything may be different now. */
  reread(tree: FileTree): void {
    this.#tree = tree;
    this.#chain = new SegmentChain(this.#crc32);
    this.#chain.update(durableNames(this.#tree, "/wal"));
    this.#replay();
    this.#lookForSnapshots();
  }

  /** Bytes of a file in this area have become durable. */
  bytesDurable(area: Area): void {
    if (area === "wal") this.#chain.advance(this);
    else if (area === "snapshots") this.#lookForSnapshots();
  }

  /** Names in a directory have become durable, or can be lost now. */
  namesChanged(directory: string): void {
    const area = areaOf(directory);
    if (area === "snapshots") this.#lookForSnapshots();
    if (area !== "wal") return;
    const gone = this.#chain.update(durableNames(this.#tree, "/wal"));
    if (gone !== undefined && this.#truth.needsUpTo(gone)) this.#replay();
    else this.#chain.advance(this);
  }

  #replay(): void {
    this.#truth = new RegionTruth(this.#region);
    this.#chain.rewind();
    this.#chain.advance(this);
  }

  #lookForSnapshots(): void {
    let newest: LogPosition = { index: 0, term: 0 };
    for (const [name, inodes] of lastingNames(this.#tree, `/regions/${this.#region}/snapshots`)) {
      const [, index, term] = /^([0-9]{16})-([0-9]{16})\.snapshot$/.exec(name) ?? [];
      if (index === undefined || term === undefined || Number(index) <= newest.index) continue;
      if (inodes.every((inode) => inode.whole && inode.settled)) newest = { index: Number(index), term: Number(term) };
    }
    this.#snapshot = newest;
  }
}

const entryKinds: ReadonlySet<number> = new Set([recordKinds.noop, recordKinds.command, recordKinds.membership]);

/** Of the directories whose path ends like this. */
/** While a spare segment takes the name of another one, the durable one counts: neither has a batch. */
function* durableNames(tree: FileTree, ending: string): Generator<[string, Inode]> {
  for (const [name, [durable]] of lastingNames(tree, ending)) if (durable !== undefined) yield [name, durable];
}

function* lastingNames(tree: FileTree, ending: string): Generator<[string, readonly Inode[]]> {
  for (const [path, directory] of tree.directories()) if (path.endsWith(ending)) yield* directory.lasting();
}
