// What a region's core is made of: its identity, its timing, its limits, and what it remembers from before.

import type { NodeId } from "../base/ids.ts";
import type { Prng } from "../base/prng.ts";
import type { Entry, HardState } from "./entry.ts";
import type { SnapshotMeta } from "./message.ts";

export interface RaftOptions {
  readonly id: NodeId;
  /** Election timeouts are drawn anew from [electionTimeout, 1.35 × electionTimeout) ms at every election and role change (§5.2). */
  readonly electionTimeout: number;
  /** ms; at most a third of electionTimeout. */
  readonly heartbeatInterval: number;
  readonly masterEligible: boolean;
  /** Lease reads: this server pledges not to help to replace the leader that it hears, and serves reads by the pledges of others (lease.ts). Absent: off. */
  readonly leaseReads?: LeaseReadOptions | undefined;
  /** An earlier run of this server may have pledged for so long, ms from the construction on. Absent: none has. */
  readonly pledgedMs?: number | undefined;
  readonly prng: Prng;
  /** Bytes of entries in one AppendEntries; one larger entry still goes alone. */
  readonly appendBytesMax: number;
  /** AppendEntries with entries on their way to one peer. */
  readonly appendsInFlightMax: number;
  /** Bytes of entries in one Ready.committed. */
  readonly applyBytesMax: number;
  /** Bytes of proposals appended and not yet committed; more are refused with BUSY. */
  readonly uncommittedBytesMax: number;
}

export interface LeaseReadOptions {
  /** While a voter's clock advances by a time, the leader's advances by at least 1 - driftMax of it. In [0, 1). */
  readonly driftMax: number;
}

/** What storage recovered, or what `init` and `join` made of a pristine directory. */
export interface InitialState {
  readonly hardState: HardState;
  /** The log begins after this. A fresh region has index 0, term 0 and the founding membership (none for a node that joins). */
  readonly snapshot: SnapshotMeta;
  /** Contiguous from snapshot.index + 1. */
  readonly entries: readonly Entry[];
  /** At least snapshot.index, at most the last entry. */
  readonly lastApplied: number;
}
