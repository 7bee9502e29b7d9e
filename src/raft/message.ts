// What peers say to each other, in the paper's words (Figure 2, Figure 13; diss. §3.10, §9.6). Every request carries a `requestId`, unique
// while its sender runs, and gets exactly one response that repeats it. Who sent a message is not in it: the transport knows its peer.

import type { NodeId } from "../base/ids.ts";
import type { Entry } from "./entry.ts";
import type { Membership } from "./membership.ts";

export type Message = Request | Response;
export type Request = RequestVote | PreVote | AppendEntries | InstallSnapshot | TimeoutNow;
export type Response =
  | RequestVoteResponse
  | PreVoteResponse
  | AppendEntriesResponse
  | InstallSnapshotResponse
  | TimeoutNowResponse;

/** §5.2, §5.4.1. */
export interface RequestVote {
  readonly type: "requestVote";
  readonly requestId: number;
  readonly term: number;
  readonly candidateId: NodeId;
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
  /** The leader asked for this election (TimeoutNow), so leader stickiness does not refuse it (diss. §4.2.3). */
  readonly leadershipTransfer: boolean;
}
export interface RequestVoteResponse {
  readonly type: "requestVoteResponse";
  readonly requestId: number;
  readonly term: number;
  readonly voteGranted: boolean;
}

/** diss. §9.6. `term` is the one that the candidate would campaign in: its currentTerm + 1. Changes nothing at the receiver. */
export interface PreVote {
  readonly type: "preVote";
  readonly requestId: number;
  readonly term: number;
  readonly candidateId: NodeId;
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
}
export interface PreVoteResponse {
  readonly type: "preVoteResponse";
  readonly requestId: number;
  /** Granted: the term asked for. Refused: the responder's currentTerm, so that a candidate that is behind learns it. */
  readonly term: number;
  readonly voteGranted: boolean;
}

/** §5.3. A heartbeat is one without entries. */
export interface AppendEntries {
  readonly type: "appendEntries";
  readonly requestId: number;
  readonly term: number;
  readonly leaderId: NodeId;
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  /** The first one has index prevLogIndex + 1, and they are contiguous. */
  readonly entries: readonly Entry[];
  readonly leaderCommit: number;
  /** The latest ReadIndex round that a response to this message confirms (diss. §6.4). Only ever grows within a term. */
  readonly round: number;
}
export interface AppendEntriesResponse {
  readonly type: "appendEntriesResponse";
  readonly requestId: number;
  readonly term: number;
  readonly success: boolean;
  /** Success: the follower's log equals the leader's, durably, up to here. */
  readonly matchIndex: number;
  /** Refused: the first index of `conflictTerm`, or lastLogIndex + 1 when the log is too short (§5.3, the optimisation). */
  readonly conflictIndex: number;
  /** Refused: the term at prevLogIndex; 0 when the log is too short. */
  readonly conflictTerm: number;
  readonly lastLogIndex: number;
  readonly round: number;
  /** With success, and only of a server with lease reads. */
  readonly pledge?: Pledge | undefined;
}

/** From this acknowledgement on its sender neither votes nor campaigns for a while, unless the leader itself asks for an election (lease.ts). */
export interface Pledge {
  /** On the sender's clock, ms. */
  readonly durationMs: number;
  /** What that clock showed then, ms. */
  readonly clockMs: number;
}

/**
 * §7, Figure 13: one chunk. The core sees this header and decides by term; the bytes of the chunk stay with the host (wire/peer-protocol.ts
 * adds them).
 */
export interface InstallSnapshot {
  readonly type: "installSnapshot";
  readonly requestId: number;
  readonly term: number;
  readonly leaderId: NodeId;
  readonly snapshot: SnapshotMeta;
}
export interface InstallSnapshotResponse {
  readonly type: "installSnapshotResponse";
  readonly requestId: number;
  readonly term: number;
  /** false: the term is old, or the receiver has committed this much already (`matchIndex` says how much). */
  readonly accepted: boolean;
  readonly matchIndex: number;
}

/** diss. §3.10: start an election at once. */
export interface TimeoutNow {
  readonly type: "timeoutNow";
  readonly requestId: number;
  readonly term: number;
  readonly leaderId: NodeId;
}
export interface TimeoutNowResponse {
  readonly type: "timeoutNowResponse";
  readonly requestId: number;
  readonly term: number;
}

/** What replaces the log up to `index`. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  /** In force at `index`. */
  readonly membership: Membership;
}
