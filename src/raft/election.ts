// Elections: §5.2 (terms and votes), §5.4.1 (only a log that is up to date wins), diss. §9.6 (PreVote), diss. §4.2.3 (a server that hears a leader
// does not help to replace it). Votes are durable before they leave, a candidate's vote for itself is durable before it counts.

import { assert } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { appendNoop } from "./log-writes.ts";
import { isJoint, isVoter } from "./membership.ts";
import type { PreVote, PreVoteResponse, RequestVote, RequestVoteResponse } from "./message.ts";
import { quorumDecision } from "./quorum.ts";
import type { State } from "./state.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate, hastenElection, postponeElection } from "./transitions.ts";

export function startPreVote(state: State, reason: string): void {
  assert(state.mayCampaign, "only a voter that may lead campaigns");
  becomePreCandidate(state, reason);
  for (const to of otherVoters(state)) {
    state.sendWhenDurable(to, {
      type: "preVote",
      requestId: state.newRequestId(),
      term: state.currentTerm + 1,
      candidateId: state.id,
      lastLogIndex: state.log.lastIndex,
      lastLogTerm: state.log.lastTerm,
    });
  }
  countVotes(state);
}

/** @param leadershipTransfer the leader asked for this election (diss. §3.10). */
export function startElection(state: State, leadershipTransfer: boolean): void {
  assert(state.mayCampaign, "only a voter that may lead campaigns");
  becomeCandidate(state, leadershipTransfer ? "the leader asked for it" : "a majority would vote for it");
  for (const to of otherVoters(state)) {
    state.sendWhenDurable(to, {
      type: "requestVote",
      requestId: state.newRequestId(),
      term: state.currentTerm,
      candidateId: state.id,
      lastLogIndex: state.log.lastIndex,
      lastLogTerm: state.log.lastTerm,
      leadershipTransfer,
    });
  }
}

/** diss. §4.2.3: a leader was heard within the minimum election timeout, or this server is one. */
export function hearsLeader(state: State): boolean {
  if (state.isLeader) return true;
  return state.leader !== undefined && state.now - state.lastLeaderContact < state.options.electionTimeout;
}

/** In the current term. */
export function answerRequestVote(state: State, from: NodeId, request: RequestVote): void {
  const free = state.votedFor === from || (state.votedFor === undefined && state.leader === undefined);
  const voteGranted = free && isUpToDate(state, request);
  if (state.role === "learner") mark("vote-asked-of-a-learner");
  if (!free) mark("vote-denied-term-already-decided");
  else if (!voteGranted) mark("vote-denied-log-behind");
  if (voteGranted) {
    if (state.votedFor === from) mark("vote-given-again-to-the-same");
    if (state.role === "learner") mark("vote-given-by-a-learner");
    state.votedFor = from;
    if (!state.isLeader) postponeElection(state);
  }
  const { requestId } = request;
  state.sendWhenDurable(from, { type: "requestVoteResponse", requestId, term: state.currentTerm, voteGranted });
}

/**
 * Of any term; nothing is promised. A follower that refuses a voter because its own log is ahead has learned that the leader is silent for others too,
 * and that the asker cannot win: it asks for itself soon, which spares the cluster the rest of its election timeout.
 */
export function answerPreVote(state: State, from: NodeId, request: PreVote): void {
  const upToDate = isUpToDate(state, request);
  const voteGranted = request.term > state.currentTerm && upToDate;
  if (!upToDate) mark("prevote-denied-log-behind");
  else if (!voteGranted) mark("prevote-denied-term-behind");
  const term = voteGranted ? request.term : state.currentTerm;
  state.sendWhenDurable(from, { type: "preVoteResponse", requestId: request.requestId, term, voteGranted });
  if (!upToDate && state.role === "follower" && isVoter(state.membership, from)) hastenElection(state);
}

export function recordPreVote(state: State, from: NodeId, response: PreVoteResponse): void {
  if (response.voteGranted && response.term !== state.currentTerm + 1) {
    mark("prevote-granted-for-another-term");
    return;
  }
  recordVote(state, from, response);
}

export function recordVote(state: State, from: NodeId, response: RequestVoteResponse | PreVoteResponse): void {
  const { election } = state;
  if (election === undefined || response.requestId < election.firstRequestId || election.votes.has(from)) {
    mark("vote-answer-of-an-earlier-campaign");
    return;
  }
  election.votes.set(from, response.voteGranted);
  countVotes(state);
}

/** The batch that holds this candidate's own vote may have become durable. */
export function recordOwnVote(state: State): void {
  const { election } = state;
  if (state.role !== "candidate" || election?.ownVoteSequence === undefined) return;
  if (election.ownVoteSequence > state.persist.persistedSequence || election.votes.has(state.id)) {
    if (!election.votes.has(state.id)) mark("vote-for-itself-not-durable-yet");
    return;
  }
  election.votes.set(state.id, true);
  countVotes(state);
}

function countVotes(state: State): void {
  const votes = state.election?.votes;
  if (votes === undefined) return;
  const decision = quorumDecision(state.membership, (id) => votes.get(id));
  if (decision === "lost") {
    mark("election-lost");
    becomeFollower(state, state.currentTerm, undefined, "lost the election");
  } else if (decision === "won" && state.role === "preCandidate") startElection(state, false);
  else if (decision === "won" && votes.get(state.id) === true) {
    if (isJoint(state.membership)) mark("election-won-under-a-joint-membership");
    if (!isVoter(state.membership, state.id)) mark("election-won-by-one-that-leaves-the-voters");
    becomeLeader(state);
    appendNoop(state);
  }
}

/** §5.4.1 */
function isUpToDate(state: State, candidate: RequestVote | PreVote): boolean {
  const { lastTerm, lastIndex } = state.log;
  return candidate.lastLogTerm > lastTerm || (candidate.lastLogTerm === lastTerm && candidate.lastLogIndex >= lastIndex);
}

function otherVoters(state: State): readonly NodeId[] {
  const { voters, votersOutgoing } = state.membership;
  const others = new Set([...voters, ...votersOutgoing]);
  others.delete(state.id);
  return [...others];
}
