// The snapshots that a node keeps for itself: take one now and forget the log below it, look at them, remove what is superfluous. The one that a restart
// would begin from, one that travels to a peer and one that waits to be installed are never removed.

import { stat } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { readU32 } from "../../base/bytes.ts";
import type { Raft } from "../../host/region.ts";
import type { Disk } from "../../storage/disk.ts";
import { readSnapshotHeader } from "../../storage/snapshot-file.ts";
import type { SnapshotStore } from "../../storage/snapshot-store.ts";
import type { NodeStorage } from "../node-storage.ts";
import { hex } from "../../storage/wal/record.ts";
import type { LocalSnapshot, SnapshotPruneReport, SnapshotTaken, SnapshotTakeRequest } from "../../wire/snapshot-export.ts";

export interface LocalSnapshotParts {
  readonly node: string;
  readonly raft: Raft;
  readonly snapshots: SnapshotStore;
  readonly disk: Disk;
  readonly crc32: Crc32;
  readonly clock: Clock;
  readonly compactState: NodeStorage["compactState"];
}

/** From the end of a snapshot file to the checksum of its trailer. */
const trailerCrcFromEnd = 20;

export class LocalSnapshots {
  readonly #parts: LocalSnapshotParts;

  constructor(parts: LocalSnapshotParts) {
    this.#parts = parts;
  }

  /** @throws NO_SPACE, BUSY; any other failure stops the node */
  async take({ trailing, compactState, dryRun }: SnapshotTakeRequest): Promise<SnapshotTaken> {
    const { node, raft, snapshots, clock } = this.#parts;
    const began = clock.now();
    if (raft.core.lastApplied === 0) throw new RaftctlError("NOT_READY", `${node} has applied nothing yet`);
    if (dryRun) return { applied: false, node, index: raft.core.lastApplied, term: raft.core.currentTerm, bytes: null, ms: 0, logFirstIndex: raft.core.snapshotIndex + 1, stateBytes: null };
    await raft.takeSnapshot(trailing ?? undefined);
    const taken = snapshots.latest!;
    // The log forgets in a turn of its own, which is waiting already.
    await new Promise<void>((resolve) => clock.endOfTurn(resolve));
    const stateBytes = compactState === true ? await this.#parts.compactState() : null;
    return { applied: true, node, index: taken.index, term: taken.term, bytes: taken.bytes, ms: Math.round(clock.now() - began), logFirstIndex: raft.core.snapshotIndex + 1, stateBytes };
  }

  /** The newest first. */
  async list(): Promise<LocalSnapshot[]> {
    return this.#describe((await this.#parts.snapshots.list(1)).all);
  }

  async prune(keep: number, dryRun: boolean): Promise<SnapshotPruneReport> {
    const { snapshots } = this.#parts;
    const { prunable } = await snapshots.list(keep);
    const before = await this.list();
    if (!dryRun) await snapshots.prune(keep);
    const left = dryRun ? before.filter(({ path }) => !prunable.includes(path)) : await this.list();
    return { applied: !dryRun, removed: before.filter(({ path }) => !left.some((kept) => kept.path === path)), kept: left };
  }

  async #describe(paths: readonly string[]): Promise<LocalSnapshot[]> {
    const found: LocalSnapshot[] = [];
    for (const path of paths.toReversed()) {
      const described = await this.#describeOne(path).catch(goneSinceListed);
      if (described !== undefined) found.push(described);
    }
    return found;
  }

  async #describeOne(path: string): Promise<LocalSnapshot> {
    const { disk, crc32, snapshots } = this.#parts;
    const file = await disk.open(path, "read");
    try {
      const { header: { index, term } } = await readSnapshotHeader(file, crc32);
      const bytes = await file.size();
      const digest = hex(readU32(await file.read(bytes - trailerCrcFromEnd, 4), 0));
      const takenAt = (await stat(path)).mtime.toISOString();
      return { index, term, bytes, digest, path, takenAt, current: path === snapshots.latest?.path };
    } finally {
      await file.close();
    }
  }
}

/** Compaction may remove a snapshot while it is looked at. */
function goneSinceListed(thrown: unknown): undefined {
  const isGone = toRaftctlError(thrown).code === "NOT_FOUND" || (thrown as NodeJS.ErrnoException).code === "ENOENT";
  if (!isGone) throw thrown;
}
