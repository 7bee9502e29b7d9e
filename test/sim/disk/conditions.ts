// How a node's disk behaves at the moment. The swarm draws the first values, faults change them while the node runs.

export interface DiskConditions {
  /** Virtual ms until a write or a sync that must be durable is; 0 means in the same event. Asked for each call. */
  durableMs: () => number;
  /** The same for everything else: open, read, write, rename, list. */
  otherMs: () => number;
  /** Bytes that files may still grow by. */
  freeBytes: number;
  /** The next write or sync that must be durable fails with this instead, once. */
  failNext: "EIO" | "ENOSPC" | undefined;
  /** Durable writes and syncs do not complete before this virtual time; Infinity hangs for ever. */
  stalledUntil: number;
}
