// Changes of role (Figure 4, plus the preCandidate of diss. §9.6 and the learner of diss. §4.2.1), and of who is known to lead. Every change of
// role draws a new election timeout (§5.2) and, when leadership ends, answers everybody who waited for this leader.

import { assert } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { Leadership } from "./leadership.ts";
import { Progress } from "./progress.ts";
import type { Role } from "./ready.ts";
import type { State } from "./state.ts";

/** @param leader of `term`, when the reason for this change names it. */
export function becomeFollower(state: State, term: number, leader: NodeId | undefined, reason: string): void {
  assert(term >= state.currentTerm, "the term never decreases");
  const newTerm = term > state.currentTerm;
  if (newTerm) {
    state.currentTerm = term;
    state.votedFor = undefined;
    state.election = undefined;
  }
  if (newTerm || leader !== undefined || state.leader === state.id) setLeader(state, leader);
  endLeadership(state, reason);
  changeRole(state, state.isElector ? "follower" : "learner", reason);
}

/** diss. §9.6: asks whether an election could be won, without a new term. */
export function becomePreCandidate(state: State, reason: string): void {
  setLeader(state, undefined);
  state.election = { firstRequestId: state.newRequestId(), votes: new Map([[state.id, true]]), ownVoteSequence: undefined };
  changeRole(state, "preCandidate", reason);
  restartElectionTimer(state);
}

/** §5.2: a new term, and a vote for itself that counts once it is durable. */
export function becomeCandidate(state: State, reason: string): void {
  state.currentTerm += 1;
  state.votedFor = state.id;
  setLeader(state, undefined);
  state.election = { firstRequestId: state.newRequestId(), votes: new Map(), ownVoteSequence: state.persist.nextSequence };
  changeRole(state, "candidate", reason);
  restartElectionTimer(state);
}

/** The caller appends the no-op at `leadership.noopIndex` next. */
export function becomeLeader(state: State): Leadership {
  assert(state.role === "candidate", "only a candidate becomes leader");
  assert(!state.hardStateDirty && state.persist.dependency(0, false) === undefined, "a leader's term and vote are durable");
  const leadership = new Leadership(state.log.lastIndex + 1, state.now, state.options);
  leadership.uncommittedBytes = state.log.bytesBetween(state.commitIndex, state.log.lastIndex);
  for (const { id } of state.membership.members) {
    if (id !== state.id) leadership.addPeer(new Progress(id, state.log.lastIndex + 1, state.now));
  }
  state.leadership = leadership;
  state.election = undefined;
  changeRole(state, "leader", "won the election");
  setLeader(state, state.id);
  return leadership;
}

export function changeRole(state: State, role: Role, reason: string): void {
  if (state.role === role) return;
  state.role = role;
  state.outbox.events.push({ kind: "roleChanged", role, term: state.currentTerm, reason });
  restartElectionTimer(state);
}

/** Who votes has changed, by an entry or by a commit. */
export function reviewRole(state: State): void {
  if (state.role === "learner" && state.isElector) changeRole(state, "follower", "became a voter");
  else if (state.role === "follower" && !state.isElector) {
    mark("change-made-a-voter-a-learner");
    changeRole(state, "learner", "is no voter any more");
  }
  if (state.electionDeadline === Number.POSITIVE_INFINITY && state.mayCampaign) restartElectionTimer(state);
}

export function setLeader(state: State, leader: NodeId | undefined): void {
  if (leader !== undefined) state.election = undefined;
  if (state.leader === leader) return;
  state.leader = leader;
  state.outbox.events.push({ kind: "leaderChanged", leader, term: state.currentTerm });
  if (leader !== undefined && state.transfer !== undefined) concludeTransfer(state, leader);
}

/** A message of the leader of this term has arrived. */
export function hearLeader(state: State, leader: NodeId): void {
  setLeader(state, leader);
  state.lastLeaderContact = state.now;
  postponeElection(state);
}

/** Another timeout of the length in use; without a leader to lose and without the right to campaign there is nothing to wake up for. */
export function postponeElection(state: State): void {
  const wakes = state.leader !== undefined || state.mayCampaign;
  state.electionDeadline = wakes ? state.now + state.electionTimeoutDrawn : Number.POSITIVE_INFINITY;
}

export function restartElectionTimer(state: State): void {
  state.electionTimeoutDrawn = state.drawElectionTimeout();
  postponeElection(state);
}

/**
 * Brings this server's next election nearer, once after each contact with a leader: whoever asks first again and again must not make those that refuse it
 * campaign together forever. The more voters there are, the wider those that do so at once are spread (§5.2).
 */
export function hastenElection(state: State): void {
  if (!state.mayCampaign || state.hastenedAfterContact === state.lastLeaderContact) return;
  mark("election-hastened-by-a-longer-log");
  state.hastenedAfterContact = state.lastLeaderContact;
  const spread = (state.options.electionTimeout / 20) * (state.membership.voters.length - 2);
  state.electionDeadline = Math.min(state.electionDeadline, state.now + Math.max(0, spread) * state.options.prng.next());
}

function endLeadership(state: State, reason: string): void {
  const leadership = state.leadership;
  if (leadership === undefined) return;
  state.leadership = undefined;
  if (!leadership.reads.isIdle) mark("read-rounds-lost-with-the-leadership");
  for (const ticket of leadership.reads.drain()) state.refuse(ticket, "NOT_LEADER", `leadership was lost: ${reason}`);
  if (leadership.change !== undefined) {
    mark("change-outcome-unknown-leadership-lost");
    state.refuse(leadership.change.ticket, "UNKNOWN_OUTCOME", `leadership was lost during the membership change: ${reason}`);
  }
  if (state.transfer !== undefined) state.transfer.deadline = state.now + state.options.electionTimeout;
}

function concludeTransfer(state: State, leader: NodeId): void {
  const transfer = state.transfer;
  if (transfer === undefined) return;
  state.transfer = undefined;
  const { ticket, target } = transfer;
  if (leader === target || (leader !== state.id && !transfer.targetChosenByCaller)) {
    state.outbox.answers.push({ kind: "leadershipTransferred", ticket, leader });
  } else {
    mark("transfer-won-by-another");
    state.refuse(ticket, "TRANSFER_FAILED", `${leader} was elected instead of ${target}`);
  }
}
