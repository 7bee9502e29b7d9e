// What the core wants done, as data. Only the host carries it out, in the one safe order: (1) messages, (2) persist, (3) when durable:
// step(persisted), which releases the messages that had to wait, (4) committed to the state machine, (5) when applied: step(applied).

import type { ErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Entry, HardState } from "./entry.ts";
import type { Ticket } from "./input.ts";
import type { Message, SnapshotMeta } from "./message.ts";

export interface Ready {
  /** Depend on nothing that is not durable yet: send at once. A leader's AppendEntries go out while its own disk still writes (diss. §10.2.1). */
  readonly messages: readonly Envelope[];
  /** Must become durable, batch after batch in order of sequence; several may be in flight. */
  readonly persist: PersistBatch | undefined;
  /**
   * Votes, vote requests and acknowledgements (diss. §3.8): may leave only when every batch up to `sequence` is durable. The core hands them
   * out together with, or after, the batch that they depend on.
   */
  readonly messagesAfterPersist: readonly DependentEnvelope[];
  /** Contiguous, committed, and durable here. The next ones come after step(applied). */
  readonly committed: readonly Entry[];
  /** Answers to tickets, each given exactly once. */
  readonly answers: readonly Answer[];
  /** Followers that are behind the log: send them an image of the state at or above `indexMin`, then step(installFinished). */
  readonly transfers: readonly Transfer[];
  /**
   * Replace the log and the state machine by this received snapshot, then step(installed). Until then no entries are persisted or committed; a
   * term or a vote may be. Entries behind the snapshot stay when `termAt(install.index) === install.term`.
   */
  readonly install: SnapshotMeta | undefined;
  /** What observers may want to know, in past tense and in order. Nothing depends on it. */
  readonly events: readonly RaftEvent[];
}

export interface Envelope {
  readonly to: NodeId;
  readonly message: Message;
}

export interface DependentEnvelope extends Envelope {
  readonly sequence: number;
}

export interface PersistBatch {
  /** 1, 2, 3, … without gaps while the node runs. */
  readonly sequence: number;
  readonly hardState: HardState | undefined;
  /** Contiguous. If the first index is at or below the last one in the log, the log is truncated there first. */
  readonly entries: readonly Entry[];
}

export interface Transfer {
  readonly to: NodeId;
  readonly term: number;
  readonly indexMin: number;
}

export type Answer =
  | { readonly kind: "appended"; readonly ticket: Ticket; readonly index: number; readonly term: number }
  /** A read may be served once lastApplied has reached `index`. */
  | { readonly kind: "readable"; readonly ticket: Ticket; readonly index: number }
  | { readonly kind: "replicated"; readonly ticket: Ticket; readonly index: number }
  /** A membership change is complete: its final membership is committed, at `index`. */
  | { readonly kind: "membershipChanged"; readonly ticket: Ticket; readonly index: number }
  | { readonly kind: "leadershipTransferred"; readonly ticket: Ticket; readonly leader: NodeId }
  /** Nothing was done, or (code UNKNOWN_OUTCOME) a successor may still do it. */
  | { readonly kind: "refused"; readonly ticket: Ticket; readonly code: ErrorCode; readonly reason: string; readonly leader: NodeId | undefined };

export type RaftEvent =
  | { readonly kind: "roleChanged"; readonly role: Role; readonly term: number; readonly reason: string }
  | { readonly kind: "leaderChanged"; readonly leader: NodeId | undefined; readonly term: number }
  | { readonly kind: "membershipAppended"; readonly index: number }
  | { readonly kind: "membershipCommitted"; readonly index: number }
  | { readonly kind: "logTruncated"; readonly fromIndex: number }
  /** Leader with lease reads: this peer's clock runs faster than ours by more than the bound, so its pledges do not count for a while. */
  | { readonly kind: "peerClockTooFast"; readonly peer: NodeId }
  /** A peer holds less than it has acknowledged in this incarnation: its disk was rolled back. It is no longer replicated to. */
  | { readonly kind: "peerRegressed"; readonly peer: NodeId; readonly acknowledged: number; readonly lastLogIndex: number };

/** learner: receives entries and neither votes nor campaigns by itself. preCandidate: diss. §9.6. */
export type Role = "learner" | "follower" | "preCandidate" | "candidate" | "leader";
