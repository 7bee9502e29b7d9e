// A region's consensus state at one moment, for operators and observers. A copy: reading it never disturbs the core.

import type { NodeId } from "../base/ids.ts";
import type { Membership } from "./membership.ts";
import type { Role } from "./ready.ts";

export interface RaftStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly currentTerm: number;
  readonly votedFor: NodeId | undefined;
  readonly leader: NodeId | undefined;
  readonly commitIndex: number;
  readonly lastApplied: number;
  /** The log begins after this. */
  readonly snapshotIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly membership: Membership;
  /** Where the membership in force stands in the log. */
  readonly membershipIndex: number;
  /** true once an entry of this leader's own term is committed. */
  readonly termCommitted: boolean;
  /** The voters' answers in the latest election of this node, while it knows no leader. */
  readonly votes: Votes | undefined;
  readonly transferTarget: NodeId | undefined;
  /** Leader only: one for each other member. */
  readonly peers: readonly PeerStatus[];
}

export interface Votes {
  readonly granted: readonly NodeId[];
  readonly refused: readonly NodeId[];
  /** No answer yet. */
  readonly missing: readonly NodeId[];
  /** Votes that win, per majority that is needed (two while joint). */
  readonly needed: readonly number[];
}

export interface PeerStatus {
  readonly id: NodeId;
  readonly matchIndex: number;
  readonly nextIndex: number;
  /** probe: one message at a time until logs agree. replicate: pipelined. snapshot: an install is on its way. regressed: halted. */
  readonly state: "probe" | "replicate" | "snapshot" | "regressed";
  /** On the clock of the inputs, ms; undefined before the first answer in this term. */
  readonly lastContact: number | undefined;
}
