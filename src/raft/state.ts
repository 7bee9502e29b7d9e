// Every field of Figure 2 and what the extensions add, each with its invariant. State is passive: the files around it change it, and
// invariants.ts asserts, at every Ready, that it is still coherent.
//
//   snapshotIndex ≤ lastApplied ≤ applyingIndex ≤ commitIndex ≤ lastIndex,  persistedIndex ≤ handedOutIndex ≤ lastIndex

import type { NodeId } from "../base/ids.ts";
import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { Ticket } from "./input.ts";
import { entryTypes } from "./entry.ts";
import type { Leadership } from "./leadership.ts";
import { Log } from "./log.ts";
import { decodeMembership } from "./membership-codec.ts";
import { MembershipHistory } from "./membership-history.ts";
import { isJoint, isVoter, memberOf } from "./membership.ts";
import type { Membership } from "./membership.ts";
import type { Message, SnapshotMeta } from "./message.ts";
import type { InitialState, RaftOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { PersistQueue } from "./persist-queue.ts";
import type { Role } from "./ready.ts";

/** One campaign, or the PreVote round before it. */
export interface Election {
  /** Of the first request of this campaign; responses to older requests do not count. */
  readonly firstRequestId: number;
  /** One answer per peer, however often it is repeated. */
  readonly votes: Map<NodeId, boolean>;
  /** The batch that makes this candidate's vote for itself durable; it does not count before. undefined in a PreVote round. */
  readonly ownVoteSequence: number | undefined;
}

/** A leadership transfer that somebody waits for; it outlives the old leader's term until the new leader is seen or time is up. */
export interface PendingTransfer {
  readonly ticket: Ticket;
  readonly target: NodeId;
  /** false: any new leader is a success. */
  readonly targetChosenByCaller: boolean;
  deadline: number;
  timeoutNowSent: boolean;
}

/** A received snapshot on its way into the log and the state machine. */
export interface PendingInstall {
  readonly from: NodeId;
  readonly requestId: number;
  readonly snapshot: SnapshotMeta;
  handedOut: boolean;
}

export class State {
  readonly id: NodeId;
  readonly options: RaftOptions;
  /** The time of the latest input. */
  now: number;

  // Persistent state on all servers (Figure 2)
  /** Latest term this server has seen. Never decreases. */
  currentTerm: number;
  /** Candidate that received the vote in currentTerm. Changes from one candidate to another only with the term. */
  votedFor: NodeId | undefined;
  readonly log: Log;

  // Volatile state on all servers (Figure 2)
  /** Highest index known to be committed. Never decreases. */
  commitIndex: number;
  /** Highest index that the state machine holds. Never decreases. */
  lastApplied: number;

  // Volatile state on leaders (Figure 2: nextIndex, matchIndex) and what else only a leader has
  /** Present exactly while role is leader. */
  leadership: Leadership | undefined;

  // Beyond Figure 2
  role: Role;
  /** The leader of currentTerm, when known; it was heard from at lastLeaderContact. */
  leader: NodeId | undefined;
  lastLeaderContact = Number.NEGATIVE_INFINITY;
  /** Until then this server neither votes nor campaigns, unless a leader asks for it (lease.ts). Never decreases. */
  pledgedUntil: number;
  /** The lastLeaderContact after which the next election was brought nearer. */
  hastenedAfterContact: number | undefined;
  electionDeadline: number;
  /** The random election timeout in use, in [electionTimeout, 1.35 × electionTimeout). */
  electionTimeoutDrawn: number;
  election: Election | undefined;
  readonly memberships: MembershipHistory;
  readonly persist: PersistQueue;
  /** The last entry that was handed out to be applied. */
  applyingIndex: number;
  transfer: PendingTransfer | undefined;
  install: PendingInstall | undefined;
  readonly outbox = new Outbox();
  #nextRequestId = 1;

  constructor(options: RaftOptions, initial: InitialState, now: number) {
    checkInitialState(initial);
    const { hardState, snapshot, entries } = initial;
    this.id = options.id;
    this.options = options;
    this.now = now;
    this.pledgedUntil = options.pledgedMs === undefined ? Number.NEGATIVE_INFINITY : now + options.pledgedMs;
    this.currentTerm = hardState.currentTerm;
    this.votedFor = hardState.votedFor as NodeId | undefined;
    this.log = new Log(snapshot, entries);
    this.lastApplied = initial.lastApplied;
    this.commitIndex = Math.max(initial.lastApplied, Math.min(hardState.commitIndex, this.log.lastIndex));
    this.applyingIndex = initial.lastApplied;
    this.persist = new PersistQueue(hardState, this.log.lastIndex);
    this.memberships = new MembershipHistory(snapshot.index, snapshot.membership);
    for (const entry of entries) {
      if (entry.type === entryTypes.membership) this.memberships.append(entry.index, decodeMembership(entry.data));
    }
    if (this.memberships.currentIndex > this.commitIndex) mark("start-with-an-uncommitted-membership");
    if (isJoint(this.membership)) mark("start-inside-a-joint-membership");
    this.role = this.isElector ? "follower" : "learner";
    this.electionTimeoutDrawn = this.drawElectionTimeout();
    this.electionDeadline = this.mayCampaign ? now + this.electionTimeoutDrawn : Number.POSITIVE_INFINITY;
  }

  get membership(): Membership {
    return this.memberships.current;
  }

  get isLeader(): boolean {
    return this.leadership !== undefined;
  }

  /**
   * A voter, or one that ceases to be one when the membership in force is committed: until then the others may need its longer log, so it still
   * campaigns, without counting itself (diss. §4.2.2).
   */
  get isElector(): boolean {
    return isVoter(this.membership, this.id) || this.memberships.since(this.commitIndex).some((membership) => isVoter(membership, this.id));
  }

  /** An elector that may lead (S96) and is not in the middle of replacing its state. */
  get mayCampaign(): boolean {
    if (!this.options.masterEligible || this.install !== undefined) return false;
    return this.isElector && memberOf(this.membership, this.id)?.masterEligible !== false;
  }

  /** true once an entry of this leader's own term is committed. */
  get termCommitted(): boolean {
    return this.leadership !== undefined && this.commitIndex >= this.leadership.noopIndex;
  }

  get hardStateDirty(): boolean {
    const { currentTerm, votedFor } = this.persist.hardState;
    return this.currentTerm !== currentTerm || this.votedFor !== votedFor;
  }

  /** The disk has not answered for an election timeout: it hangs. One that is only slow goes on leading. */
  get diskStalled(): boolean {
    const since = this.persist.silentSince;
    return since !== undefined && this.now - since >= this.options.electionTimeout;
  }

  drawElectionTimeout(): number {
    return this.options.electionTimeout * (1 + 0.35 * this.options.prng.next());
  }

  newRequestId(): number {
    const requestId = this.#nextRequestId;
    this.#nextRequestId += 1;
    return requestId;
  }

  /** Only for what speaks of nothing that is not durable. */
  send(to: NodeId, message: Message): void {
    this.outbox.messages.push({ to, message });
  }

  /** For what speaks of the present term and vote, and of the log up to `index`: waits until those are durable (diss. §3.8). */
  sendWhenDurable(to: NodeId, message: Message, index = 0): void {
    const sequence = this.persist.dependency(index, this.hardStateDirty);
    if (sequence === undefined) this.outbox.messages.push({ to, message });
    else this.outbox.dependents.push({ to, message, sequence });
  }

  refuse(ticket: Ticket, code: "NOT_LEADER" | "BUSY" | "NOT_READY" | "TRANSFER_FAILED" | "UNKNOWN_OUTCOME", reason: string): void {
    this.outbox.answers.push({ kind: "refused", ticket, code, reason, leader: this.leader });
  }
}

function checkInitialState(initial: InitialState): void {
  const { hardState, snapshot, entries, lastApplied } = initial;
  let { index, term } = snapshot;
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < term) {
      throw new RaftctlError("CORRUPT", `the recovered log is broken: entry ${entry.index} of term ${entry.term} follows ${index} of term ${term}`);
    }
    ({ index, term } = entry);
  }
  if (hardState.currentTerm < term) {
    throw new RaftctlError("CORRUPT", `the recovered term ${hardState.currentTerm} is below ${term}, the term of entry ${index}`);
  }
  if (lastApplied < snapshot.index || lastApplied > index) {
    throw new RaftctlError("CORRUPT", `lastApplied ${lastApplied} is outside of the recovered log ${snapshot.index} to ${index}`);
  }
}
