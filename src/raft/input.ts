// Everything that can happen to one region, as data. The host feeds inputs through one mailbox, one at a time, each with the time at which it
// is handled; equal inputs at equal times give equal outputs, so a recorded list of them is a complete bug report.

import type { NodeId } from "../base/ids.ts";
import type { MembershipChange } from "./membership.ts";
import type { Message, SnapshotMeta } from "./message.ts";

/** Names who waits for the answer to an input; chosen by the host, never reused. */
export type Ticket = number;

export type Input =
  /** The deadline may have passed. Harmless when it has not. */
  | { readonly kind: "tick" }
  | { readonly kind: "message"; readonly from: NodeId; readonly message: Message }
  /** A request got no response: refused, timed out, or its connection was lost. Replication to this peer falls back to probing. */
  | { readonly kind: "unreachable"; readonly peer: NodeId; readonly requestId: number }
  | { readonly kind: "propose"; readonly ticket: Ticket; readonly data: Uint8Array }
  /** ReadIndex (diss. §6.4): answered once a quorum has confirmed a round that began after this input. Leader only. */
  | { readonly kind: "read"; readonly ticket: Ticket }
  /** Like read, but always starts a round of its own and is answered when a majority has answered that round (S111). */
  | { readonly kind: "forceReplication"; readonly ticket: Ticket }
  | { readonly kind: "changeMembership"; readonly ticket: Ticket; readonly change: MembershipChange }
  /** diss. §3.10. Without a target the most up-to-date eligible voter is chosen. */
  | { readonly kind: "transferLeadership"; readonly ticket: Ticket; readonly target: NodeId | undefined }
  /** Campaign without waiting for the deadline (a new single-node cluster). Ignored unless this node may campaign. */
  | { readonly kind: "campaign" }
  /** Every persist batch up to and including this sequence is durable. */
  | { readonly kind: "persisted"; readonly sequence: number }
  /** The state machine holds every entry up to and including this index. */
  | { readonly kind: "applied"; readonly index: number }
  /** The log up to and including this index may be forgotten: a durable snapshot holds it. Never above lastApplied. */
  | { readonly kind: "compact"; readonly index: number }
  /** Leader: the transfer that a Ready asked for has ended; `index` is what the peer now holds, undefined when it failed. */
  | { readonly kind: "installFinished"; readonly peer: NodeId; readonly term: number; readonly index: number | undefined }
  /** Follower: the last chunk is here, complete and verified. Answered by one response: declined at once, or accepted after `installed`. */
  | { readonly kind: "snapshotReceived"; readonly from: NodeId; readonly requestId: number; readonly term: number; readonly snapshot: SnapshotMeta }
  /** Follower: what Ready.install asked for is done and durable, in the log and in the state machine. */
  | { readonly kind: "installed"; readonly index: number };

/** A command that waits for its index. */
export type Proposal = Extract<Input, { kind: "propose" }>;
