// What a candidate and a preCandidate do with each message of the present term (§5.2, diss. §9.6): they count votes, and follow whoever turns out
// to lead this term.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { answerPreVote, answerRequestVote, recordPreVote, recordVote } from "./election.ts";
import { followerHandlers } from "./follower.ts";
import type { Handlers } from "./handlers.ts";
import { ignore } from "./handlers.ts";
import { refuseRequest } from "./refusal.ts";
import type { State } from "./state.ts";
import { becomeFollower } from "./transitions.ts";

export const candidateHandlers: Handlers = {
  requestVote: answerRequestVote,
  preVote: answerPreVote,
  appendEntries(state, from, request) {
    follow(state, from);
    followerHandlers.appendEntries(state, from, request);
  },
  installSnapshot(state, from, request) {
    mark("install-chunk-reaches-a-candidate");
    follow(state, from);
    followerHandlers.installSnapshot(state, from, request);
  },
  timeoutNow: refuseRequest,
  requestVoteResponse: recordVote,
  preVoteResponse: ignore,
  appendEntriesResponse: ignore,
  installSnapshotResponse: ignore,
  timeoutNowResponse: ignore,
};

export const preCandidateHandlers: Handlers = {
  ...candidateHandlers,
  timeoutNow(state, from, request) {
    mark("transfer-reaches-a-pre-candidate");
    follow(state, from);
    followerHandlers.timeoutNow(state, from, request);
  },
  requestVoteResponse: ignore,
  preVoteResponse: recordPreVote,
};

function follow(state: State, leader: NodeId): void {
  mark("election-winner-followed-by-another-candidate");
  becomeFollower(state, state.currentTerm, leader, `${leader} leads term ${state.currentTerm}`);
}
