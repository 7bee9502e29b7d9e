// The door of the core. One RawNode is one server of one Raft group: inputs go in through `step`, effects come out through `takeReady`, and
// `deadline` says when it wants the next tick. It is pure and synchronous, and equal inputs give equal outputs. It does no I/O, reads no clock,
// and holds no promise. After an AssertionFailure it must not be used any more.

import { assert, unreachable } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { loseRequest } from "./acknowledgement.ts";
import { applied, takeCommitted } from "./commit.ts";
import { recordOwnVote, startPreVote } from "./election.ts";
import type { Entry } from "./entry.ts";
import type { Input, Ticket } from "./input.ts";
import { checkInvariants } from "./invariants.ts";
import { flushLeader, leaderDeadline, maybeCommit, tickLeader } from "./leader.ts";
import { expireTransfer, startTransfer, succession, type Succession } from "./leadership-transfer.ts";
import { isOnlyVoter, isPledged, leaseIndex } from "./lease.ts";
import { appendCommand } from "./log-writes.ts";
import type { Membership } from "./membership.ts";
import { checkRaftOptions } from "./options-check.ts";
import type { InitialState, RaftOptions } from "./options.ts";
import { forceReplication, requestRead } from "./reads.ts";
import type { PersistBatch, Ready, Role } from "./ready.ts";
import { startChange } from "./reconfiguration.ts";
import { handleMessage } from "./roles.ts";
import { finishInstall, receiveSnapshot, takeInstall } from "./snapshot-install.ts";
import { State } from "./state.ts";
import { statusOf } from "./status-report.ts";
import type { PeerStatus, RaftStatus } from "./status.ts";
import { restartElectionTimer, setLeader } from "./transitions.ts";

const noPeers: readonly PeerStatus[] = [];

export class RawNode {
  readonly #state: State;

  /** @throws CONFIG_INVALID for options that cannot work, CORRUPT for a recovered state that contradicts itself. */
  constructor(options: RaftOptions, initial: InitialState, now: number) {
    checkRaftOptions(options);
    this.#state = new State(options, initial, now);
  }

  /** @param now ms on the monotonic clock of the host; a value below the one before counts as equal to it. */
  step(input: Input, now: number): void {
    const state = this.#state;
    if (now > state.now) state.now = now;
    switch (input.kind) {
      case "tick":
        return this.#tick();
      case "message":
        return handleMessage(state, input.from, input.message);
      case "unreachable":
        return this.#lose(input.peer, input.requestId);
      case "propose":
        return this.#propose(input.ticket, input.data);
      case "read":
        return requestRead(state, input.ticket);
      case "forceReplication":
        return forceReplication(state, input.ticket);
      case "changeMembership":
        return startChange(state, input.ticket, input.change);
      case "transferLeadership":
        return startTransfer(state, input.ticket, input.target);
      case "campaign":
        return campaign(state);
      case "persisted":
        return this.#persisted(input.sequence);
      case "applied":
        return applied(state, input.index);
      case "compact":
        return this.#compact(input.index);
      case "installFinished":
        return this.#installFinished(input.peer, input.term, input.index);
      case "snapshotReceived":
        return receiveSnapshot(state, input);
      case "installed":
        return finishInstall(state, input.index);
      default:
        return unreachable(input);
    }
  }

  /** @returns everything to be done since the last call; undefined when there is nothing. */
  takeReady(): Ready | undefined {
    const state = this.#state;
    if (state.leadership !== undefined) flushLeader(state, state.leadership);
    const persist = takeBatch(state);
    const committed = takeCommitted(state);
    const install = takeInstall(state);
    checkInvariants(state);
    const { outbox } = state;
    if (persist === undefined && committed.length === 0 && install === undefined && outbox.isEmpty) return undefined;
    return {
      messages: outbox.messages.take(),
      persist,
      messagesAfterPersist: outbox.dependents.take(),
      committed,
      answers: outbox.answers.take(),
      transfers: outbox.transfers.take(),
      install,
      events: outbox.events.take(),
    };
  }

  /** On the clock of the inputs, when the next tick has something to do; Infinity when nothing but another input will. */
  get deadline(): number {
    const state = this.#state;
    const own = state.leadership === undefined ? state.electionDeadline : leaderDeadline(state, state.leadership);
    return state.transfer === undefined ? own : Math.min(own, state.transfer.deadline);
  }

  get id(): NodeId {
    return this.#state.id;
  }

  get role(): Role {
    return this.#state.role;
  }

  get currentTerm(): number {
    return this.#state.currentTerm;
  }

  get leader(): NodeId | undefined {
    return this.#state.leader;
  }

  get commitIndex(): number {
    return this.#state.commitIndex;
  }

  get lastApplied(): number {
    return this.#state.lastApplied;
  }

  get lastIndex(): number {
    return this.#state.log.lastIndex;
  }

  /** Entries up to here are durable on this server. */
  get persistedIndex(): number {
    return this.#state.persist.persistedIndex;
  }

  /** Leader only: what it knows of the other members. Live: it is looked at and not kept. */
  get peers(): readonly PeerStatus[] {
    return this.#state.leadership?.peers ?? noPeers;
  }

  get snapshotIndex(): number {
    return this.#state.log.snapshotIndex;
  }

  get membership(): Membership {
    return this.#state.membership;
  }

  /** true on a leader that has committed an entry of its own term. */
  get termCommitted(): boolean {
    return this.#state.termCommitted;
  }

  /** Whether this server takes part in lease reads. */
  get hasLeaseReads(): boolean {
    return this.#state.options.leaseReads !== undefined;
  }

  /**
   * The leader's lease (lease.ts), looked at without a round trip: what has applied the index that is answered may answer any read that was asked before `now`.
   * undefined: this server holds none, so it has to ask the voters (Input read).
   * @param now read from the clock of the inputs after the reads were asked
   */
  leaseIndex(now: number): number | undefined {
    return leaseIndex(this.#state, now);
  }

  /** undefined for an index before the snapshot or after the last entry. */
  termAt(index: number): number | undefined {
    return this.#state.log.termAt(index);
  }

  /** In force at `index`, which is in the log or the snapshot's own. */
  membershipAt(index: number): Membership {
    return this.#state.memberships.at(index);
  }

  /** Both ends included; without what is compacted or not there yet. */
  entriesBetween(first: number, last: number): readonly Entry[] {
    return this.#state.log.slice(first, last);
  }

  status(): RaftStatus {
    return statusOf(this.#state);
  }

  /** To whom a transfer would go now, or why to nobody. */
  succession(asked: NodeId | undefined): Succession {
    const { leadership } = this.#state;
    return leadership === undefined ? { target: undefined, objection: "only the leader hands leadership over" } : succession(this.#state, leadership, asked);
  }

  #tick(): void {
    const state = this.#state;
    if (state.leadership !== undefined) tickLeader(state, state.leadership);
    else if (state.now >= state.electionDeadline) electionTimedOut(state);
    expireTransfer(state);
  }

  #propose(ticket: Ticket, data: Uint8Array): void {
    const state = this.#state;
    const { leadership, transfer } = state;
    if (leadership === undefined) {
      mark("proposal-came-after-the-step-down");
      return state.refuse(ticket, "NOT_LEADER", "only the leader takes proposals");
    }
    if (transfer !== undefined) mark("proposal-refused-during-a-transfer");
    if (transfer !== undefined) return state.refuse(ticket, "NOT_LEADER", `leadership is being transferred to ${transfer.target}`);
    const pending = leadership.uncommittedBytes;
    if (pending > 0 && pending + data.length > state.options.uncommittedBytesMax) {
      mark("proposal-refused-too-many-bytes-uncommitted");
      return state.refuse(ticket, "BUSY", `${pending} bytes of proposals wait to be committed, the most are ${state.options.uncommittedBytesMax}`);
    }
    const index = appendCommand(state, leadership, data);
    state.outbox.answers.push({ kind: "appended", ticket, index, term: state.currentTerm });
  }

  #lose(peer: NodeId, requestId: number): void {
    const progress = this.#state.leadership?.progress(peer);
    if (progress !== undefined) loseRequest(progress, requestId);
  }

  #persisted(sequence: number): void {
    const state = this.#state;
    state.persist.persisted(sequence, state.now);
    recordOwnVote(state);
    if (state.leadership !== undefined) maybeCommit(state, state.leadership);
  }

  #compact(index: number): void {
    const { log, memberships, lastApplied } = this.#state;
    assert(index <= lastApplied, "the log is compacted only below what is applied");
    if (index <= log.snapshotIndex) return;
    log.compact(index);
    memberships.compact(index);
  }

  #installFinished(peer: NodeId, term: number, index: number | undefined): void {
    const state = this.#state;
    const progress = state.leadership?.progress(peer);
    if (progress?.state !== "snapshot" || term !== state.currentTerm) {
      mark("install-ended-for-an-earlier-leadership");
      return;
    }
    const holds = index !== undefined && index <= state.log.lastIndex;
    if (holds) progress.acknowledge(index);
    progress.becomeProbe(progress.matchIndex + 1);
    if (!holds) mark("install-ended-with-failure");
    // As long as only another transfer would help, that one waits until the peer is heard again: it may be busy with this one.
    progress.awaitsContact = progress.matchIndex < state.log.snapshotIndex;
    if (holds && state.leadership !== undefined) maybeCommit(state, state.leadership);
  }
}

function campaign(state: State): void {
  if (!state.mayCampaign || state.isLeader || (isPledged(state) && !isOnlyVoter(state))) return;
  startPreVote(state, "asked to campaign");
}

/** One action per wake-up, however late it comes: the host has delivered what was waiting before. */
function electionTimedOut(state: State): void {
  const isBound = isPledged(state) && !isOnlyVoter(state);
  if (isBound) mark("election-put-off-by-a-pledge");
  if (state.mayCampaign && !state.diskStalled && !isBound) {
    if (state.role === "candidate") mark("election-ended-without-a-winner");
    else if (state.role === "preCandidate") mark("prevote-ended-without-a-majority");
    return startPreVote(state, "no leader was heard in time");
  }
  if (state.mayCampaign && state.diskStalled) mark("election-put-off-disk-stalled");
  setLeader(state, undefined);
  restartElectionTimer(state);
}

function takeBatch(state: State): PersistBatch | undefined {
  const { log, persist } = state;
  const first = persist.handedOutIndex + 1;
  const last = log.lastIndex;
  if (first > last && !state.hardStateDirty) return undefined;
  const entries = log.slice(first, last);
  const { currentTerm, votedFor } = state;
  // The hint stays below what is durable already: of a torn batch it may survive alone, beside the entries that the batch replaces.
  const commitIndex = Math.min(state.commitIndex, persist.persistedIndex);
  const hintMoved = commitIndex > persist.hardState.commitIndex;
  const hardState = hintMoved || state.hardStateDirty ? { currentTerm, votedFor, commitIndex } : undefined;
  return { sequence: persist.handOut(last, hardState, state.now), hardState, entries };
}
