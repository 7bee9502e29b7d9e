// An entry of the log (Figure 2): a command, a membership or a no-op, with the term in which a leader received it and its place in the log.

/** First index is 1, first term is 1; 0 means "before the log". All are safe integers. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly type: EntryType;
  /** What the client made (command), an encoded Membership (membership), or empty (no-op). Its bytes are never changed by anybody; they move once. */
  data: Uint8Array;
  /**
   * `data` stands in a log record: header and checksum are in the same memory, right before it. Set, and `data` moved there, by whoever encoded or received
   * the entry first, so that the same bytes go to the disk and to every peer and are held only once. The core carries it and never looks.
   */
  isRecorded?: true;
}

/** The numbers stand in log records and on the wire: never change or reuse one. */
export const entryTypes = { noop: 0, command: 1, membership: 2 } as const;
export type EntryType = (typeof entryTypes)[keyof typeof entryTypes];

/** Where an entry stands. Compared by term first, then by index (§5.4.1). */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** What must be durable before any message that depends on it leaves (Figure 2, "persistent state"). */
export interface HardState {
  /** Latest term this server has seen; 0 on first boot, increases monotonically. */
  readonly currentTerm: number;
  /** Candidate that received the vote in currentTerm. */
  readonly votedFor: string | undefined;
  /** A hint that spares a restart some work; not needed for safety. Never above the last durable index. */
  readonly commitIndex: number;
}
