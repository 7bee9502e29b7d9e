// One boot of one node. Everything that the world does for a process goes through its life, so that a crash takes all of it away at once: timers,
// messages, and the answers of the disk. What a dead process still computes has no effect on anything.

export interface Life {
  /** "n1", "n2", … */
  readonly name: string;
  /** 1, 2, 3, … per node. */
  readonly boot: number;
  readonly alive: boolean;
  /** Calls later in virtual time, unless the process has died by then; while it is paused the call waits. */
  after(ms: number, call: () => void): void;
  /**
   * The process has reached a port ("disk.writeDurable.wal", "send.requestVoteResponse.granted", "store.transaction"): a fault may strike here, and
   * the life may be over when this returns. Whoever calls it does nothing more for a dead life, and never settles its promise.
   */
  passed(point: string): void;
}
