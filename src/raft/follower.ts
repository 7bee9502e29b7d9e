// What a follower does with each message of the present term (§5.2, §5.3). A learner does the same: it may not know yet that it is a voter, so
// it votes when it is asked; what sets it apart is that it never campaigns.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { answerPreVote, answerRequestVote, startElection } from "./election.ts";
import { advanceCommit } from "./commit.ts";
import type { Handlers } from "./handlers.ts";
import { ignore } from "./handlers.ts";
import { givePledge } from "./lease.ts";
import { acceptEntries } from "./log-writes.ts";
import type { AppendEntries, TimeoutNow } from "./message.ts";
import { appendRefusal, refuseRequest } from "./refusal.ts";
import { answerChunk } from "./snapshot-install.ts";
import type { State } from "./state.ts";
import { hearLeader } from "./transitions.ts";

export const followerHandlers: Handlers = {
  requestVote: answerRequestVote,
  preVote: answerPreVote,
  appendEntries: followLeader,
  installSnapshot(state, from, request) {
    if (followsAnother(state, from)) return refuseRequest(state, from, request);
    hearLeader(state, from);
    answerChunk(state, from, request);
  },
  timeoutNow: obeyTimeoutNow,
  requestVoteResponse: ignore,
  preVoteResponse: ignore,
  appendEntriesResponse: ignore,
  installSnapshotResponse: ignore,
  timeoutNowResponse: ignore,
};

export function followLeader(state: State, from: NodeId, request: AppendEntries): void {
  if (followsAnother(state, from)) return refuseRequest(state, from, request);
  hearLeader(state, from);
  if (!agreesWithPrevious(state, request)) return state.sendWhenDurable(from, appendRefusal(state, request));
  // While a snapshot replaces the log, entries would be written into the log that goes away.
  const installing = state.install !== undefined;
  if (installing && request.entries.length > 0) mark("append-put-off-during-an-install");
  const entries = installing ? [] : request.entries;
  if (!acceptEntries(state, entries)) return refuseRequest(state, from, request);
  const verified = request.prevLogIndex + entries.length;
  const commitIndex = Math.min(request.leaderCommit, verified);
  if (verified < request.leaderCommit) mark("commit-limited-by-what-was-verified");
  if (commitIndex > state.commitIndex && !installing) advanceCommit(state, commitIndex);
  const response = {
    type: "appendEntriesResponse",
    requestId: request.requestId,
    term: state.currentTerm,
    success: true,
    matchIndex: verified,
    conflictIndex: 0,
    conflictTerm: 0,
    lastLogIndex: state.log.lastIndex,
    round: request.round,
    pledge: givePledge(state),
  } as const;
  state.sendWhenDurable(from, response, verified);
}

/** §5.3. What the snapshot holds is committed, so it agrees with every leader. */
function agreesWithPrevious(state: State, request: AppendEntries): boolean {
  if (request.prevLogIndex <= state.log.snapshotIndex) {
    if (request.prevLogIndex < state.log.snapshotIndex && request.entries.length > 0) mark("append-begins-inside-the-snapshot");
    return true;
  }
  return state.log.termAt(request.prevLogIndex) === request.prevLogTerm;
}

/** Election safety says that there is one leader per term; a second one is not obeyed. */
function followsAnother(state: State, from: NodeId): boolean {
  return state.leader !== undefined && state.leader !== from;
}

function obeyTimeoutNow(state: State, from: NodeId, request: TimeoutNow): void {
  state.sendWhenDurable(from, { type: "timeoutNowResponse", requestId: request.requestId, term: state.currentTerm });
  if (state.mayCampaign) mark("transfer-target-campaigns");
  else mark("transfer-target-may-not-campaign");
  if (!followsAnother(state, from) && state.mayCampaign) startElection(state, true);
}
