// The results of the snapshot verbs as `--json` has them: every index, term and id is a text.

import type { BytesDocument } from "../envelope.ts";

/** A portable file that was written. */
export interface BackupDocument {
  /** false: a dry run. */
  applied: boolean;
  /** null: it went to the standard output, or nowhere. */
  file: string | null;
  bytes: number | null;
  sha256: string | null;
  region: string;
  clusterId: string;
  /** Whose state it is; nothing in the file says so. */
  node: string;
  lastIndex: string;
  lastTerm: string;
  members: string[];
  keys: number;
  /** Known after --verify. */
  streams: number | null;
  stateDigest: string;
  compression: string;
  verified: boolean;
  durationMs: number;
}

/** A snapshot that a node took for itself. */
export interface TakenDocument {
  applied: boolean;
  file: null;
  bytes: number | null;
  region: string;
  node: string;
  lastIndex: string;
  lastTerm: string;
  /** Where the log begins that followers can still be sent. */
  logFirstIndex: string;
  /** Of the file of the state; null when it was not compacted. */
  stateBytes: { before: number; after: number } | null;
  durationMs: number;
}

export interface LocalSnapshotDocument {
  lastIndex: string;
  lastTerm: string;
  bytes: number;
  digest: string;
  path: string;
  takenAt: string;
  current: boolean;
}

export interface PrunedDocument {
  applied: boolean;
  removed: LocalSnapshotDocument[];
  kept: LocalSnapshotDocument[];
}

export interface RowsDocument {
  rows: number;
  bytes: number;
}

export interface FileDocument {
  file: string;
  kind: "backup" | "snapshot";
  bytes: number;
  imageBytes: number;
  sha256: string | null;
  compression: string;
  clusterId: string;
  clusterIncarnation: string | null;
  region: string;
  lastIndex: string;
  lastTerm: string;
  members: { id: string; name: string; peerAddress: string; voter: boolean }[];
  stateDigest: string;
  records: RowsDocument;
  sessions: RowsDocument;
  settings: RowsDocument;
  /** And the keys that are attached to them. */
  leases: RowsDocument;
  streams: RowsDocument & { streams: number };
}

export interface InspectionDocument extends FileDocument {
  keys: { prefix: BytesDocument; keys: number; bytes: number }[] | null;
  moreKeys: boolean;
}

export interface VerifiedDocument extends FileDocument {
  valid: true;
  rehearsal: RehearsalDocument | null;
}

export interface RehearsalDocument {
  /** From the first byte read to a node that serves. */
  readyMs: number;
  /** The state that the node served is the one in the file. */
  sameState: boolean;
  command: string | null;
  exitCode: number | null;
  signal: string | null;
}

export interface DifferenceDocument {
  equal: boolean;
  left: { file: string; clusterId: string; lastIndex: string; lastTerm: string; members: string[] };
  right: { file: string; clusterId: string; lastIndex: string; lastTerm: string; members: string[] };
  added: number;
  removed: number;
  changed: number;
  rewritten: number;
  otherRows: number;
  sameMembership: boolean;
  samePosition: boolean;
  sameCluster: boolean;
  keys: { change: "added" | "removed" | "changed"; key: BytesDocument }[];
  moreKeys: boolean;
}

/** A cluster that runs holds the keys of a backup. */
export interface IntoClusterDocument {
  /** false: a dry run. */
  applied: boolean;
  intoCluster: true;
  file: string;
  region: string;
  /** Numbers of keys. */
  put: number;
  deleted: number;
  unchanged: number;
  from: { clusterId: string; lastIndex: string; lastTerm: string };
  durationMs: number;
}

export interface RestoredDocument {
  applied: boolean;
  dataDir: string;
  clusterId: string;
  clusterIncarnation: string;
  nodeId: string;
  name: string;
  region: string;
  lastIndex: string;
  lastTerm: string;
  members: { id: string; name: string; peerAddress: string }[];
  /** Other members that run already. */
  running: string[];
  stateDigest: string;
  from: { clusterId: string; lastIndex: string; lastTerm: string };
}
