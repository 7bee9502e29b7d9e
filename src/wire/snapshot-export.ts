// What travels when a node's state is exported or its snapshots are looked after: parameters and results of admin methods. An export is pulled: opened once,
// read piece by piece in order, closed. The pieces, put behind each other, are the portable file (docs/backup.md); an empty one is its end.

export type SnapshotCompression = "none" | "zstd";

export interface SnapshotOpenRequest {
  /** true: everything that was acknowledged before the call is in it, confirmed by a majority. false: what this node has applied. */
  linearizable: boolean;
  compression: SnapshotCompression;
}

export interface SnapshotOpened {
  id: string;
  clusterId: string;
  node: string;
  region: string;
  index: number;
  term: number;
  members: string[];
  /** Keys that exist. */
  keys: number;
  stateDigest: string;
  /** Of the file, if it is not compressed. */
  estimatedBytes: number;
}

/** Of a piece. Small beside what else a turn of the event loop does: whoever writes meanwhile waits for no more than one of them. */
export const snapshotPieceBytesMax = 257 * 1024;
/** Reads that one export may have under way: the node makes the pieces in memory that it uses again. */
export const snapshotReadsMax = 4;

export interface SnapshotClosed {
  wasOpen: boolean;
  /** Of the whole file, hexadecimal; null unless it was read to its end. */
  sha256: string | null;
}

export interface SnapshotTakeRequest {
  /** At most so many entries of the log are left below the snapshot; null: as configured. */
  trailing: number | null;
  /** Give back the space of what was deleted from the state, too. */
  compactState?: boolean | undefined;
  dryRun: boolean;
}

export interface SnapshotTaken {
  applied: boolean;
  node: string;
  index: number;
  term: number;
  /** Of the file; null in a dry run. */
  bytes: number | null;
  ms: number;
  /** First index of the log that is kept in memory for followers that are behind. */
  logFirstIndex: number;
  /** Of the file of the state; null when it was not compacted. */
  stateBytes: { before: number; after: number } | null;
}

export interface LocalSnapshot {
  index: number;
  term: number;
  bytes: number;
  /** Of the file, 8 hexadecimal digits. */
  digest: string;
  path: string;
  /** Time of the file, ISO 8601. */
  takenAt: string;
  /** What a restart begins from: never pruned. */
  current: boolean;
}

export interface SnapshotPruneReport {
  applied: boolean;
  removed: LocalSnapshot[];
  kept: LocalSnapshot[];
}
