// A log as people look at it: where it begins and ends, what is known to be committed, and its entries taken apart. The same from a running daemon (the
// admin methods `logHeader` and `logPage`) and from the directory of a stopped one. Plain values: terms and indexes are numbers here.
// It does not say how any of it is shown.

/** What of an entry's content comes along: nothing but sizes and checksums, the values too, or instead of them the payload as it stands in the log. */
export type LogContent = "sizes" | "values" | "payload";
export type LogEntryType = "noop" | "command" | "config";

export interface LogHeader {
  source: "live" | "directory";
  clusterId: string;
  nodeId: string;
  node: string;
  region: string;
  dataDir: string;
  /** The log holds what follows this position; index 0 when it holds everything. The term is null where damage hides it. */
  start: { index: number; term: number | null };
  firstIndex: number;
  /** Below firstIndex when the log holds no entry. */
  lastIndex: number;
  /** As far as this node knows. */
  commitIndex: number;
  /** null in a directory: the state is not opened. */
  lastApplied: number | null;
  hardState: { term: number; vote: string | null };
  /** Complete ones, oldest first. */
  snapshots: LogSnapshot[];
  /** Oldest first. */
  segments: LogSegment[];
  /** A write that a crash tore, or that is just being made: not damage. */
  tornTail: { file: string; offset: number; bytes: number } | null;
  /** The log ends here because what follows cannot be read. */
  damage: LogDamage | null;
}

export interface LogDamage {
  message: string;
  file: string | null;
  offset: number | null;
}

export interface LogSnapshot {
  file: string;
  index: number;
  term: number;
  bytes: number;
  /** Equal for equal content; null when the file does not say. */
  digest: string | null;
}

export interface LogSegment {
  file: string;
  bytes: number;
  /** A running daemon does not say more than names and sizes. */
  state: "full" | "active" | "spare" | null;
  /** Highest index of the region that was written into it. */
  lastIndex: number | null;
  /** The newest snapshot holds everything that stands in it and in those before it. */
  purgeable: boolean | null;
}

export interface LogEntry {
  index: number;
  term: number;
  type: LogEntryType;
  /** null: this node does not know that it is. */
  committed: true | null;
  /** When the leader took the command in, on its clock, ms since 1970; null for what no client has sent, and where it was not noted. */
  time: number | null;
  /** Of the payload. */
  bytes: number;
  /** CRC-32 of the payload. */
  crc: number;
  session: { id: string; sequence: number } | null;
  command: LogCommand | null;
  config: LogConfig | null;
  /** Why the payload cannot be taken apart; such an entry changes nothing. */
  fault: string | null;
  payload: Uint8Array | null;
}

export interface LogCommand {
  /** range: a read, which is only a step of a transaction. */
  operation: "put" | "delete" | "deleteRange" | "append" | "set" | "settle" | "txn" | "range" | "leaseGrant" | "leaseRevoke" | "sessionClose";
  /** The first key of a range, or the name of a stream or of a setting; empty where there is none. */
  key: Uint8Array;
  /** Of a range, not included; null: to the last key. */
  end: Uint8Array | null;
  value: LogValue | null;
  condition: LogCondition | null;
  /** That is granted or ends, or that a put attaches its key to. */
  lease?: LogLease | undefined;
  /** The session that is closed, as a decimal. */
  target?: string;
  /** Only of a transaction. */
  txn?: LogTxn;
}

export interface LogTxn {
  compare: LogComparison[];
  then: LogCommand[];
  else: LogCommand[];
}

/** A number, or a value when that is what is compared. */
export interface LogComparison {
  key: Uint8Array;
  target: "version" | "createIndex" | "modIndex" | "value";
  relation: "equal" | "notEqual" | "less" | "greater";
  number: number | null;
  value: LogValue | null;
}

export interface LogLease {
  /** 16 hexadecimal digits. */
  id: string;
  /** Of a grant. */
  ttlMs?: number | undefined;
  /** Of a revoke because its time was over: the index of the grant that is meant. */
  expiredGrant?: number | undefined;
}

export type LogCondition = { kind: "absent" } | { kind: "version"; version: number } | { kind: "value"; value: LogValue };

export interface LogValue {
  bytes: number;
  crc: number;
  content: Uint8Array | null;
}

/** By names, ids where there is no name. */
export interface LogConfig {
  voters: string[];
  /** Not empty while joint. */
  votersOutgoing: string[];
  learners: string[];
}

export interface LogPageRequest {
  first: number;
  last: number;
  content: LogContent;
  /** How long to wait for `first` to be committed. */
  waitMs: number;
}

export interface LogPage {
  /** Of this moment. */
  firstIndex: number;
  lastIndex: number;
  commitIndex: number;
  /** Of the entry before `first`: who has read that one with another term has read a log that was truncated since. null: forgotten. */
  previousTerm: number | null;
  /** From `first` on, as many as fit; none when `first` is not there. */
  entries: LogEntry[];
}

export interface LogRange {
  /** Both included. */
  readonly first: number;
  readonly last: number;
}

/** An opened log. */
export interface LogSource {
  readonly header: LogHeader;
  /** In order, page by page. @throws NOT_FOUND when a part of the range is forgotten meanwhile, CORRUPT */
  entries(range: LogRange, content: LogContent): AsyncGenerator<readonly LogEntry[]>;
  close(): Promise<void>;
}
