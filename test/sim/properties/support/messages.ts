// Messages of which a test names only what matters.

import type {
  AppendEntries, AppendEntriesResponse, InstallSnapshotResponse, PreVoteResponse, RequestVote, RequestVoteResponse,
} from "../../../../src/raft/message.ts";
import { idOf } from "../../../raft/harness/members.ts";

export function voteGranted(term: number): RequestVoteResponse {
  return { type: "requestVoteResponse", requestId: 1, term, voteGranted: true };
}

export function voteRefused(term: number): RequestVoteResponse {
  return { type: "requestVoteResponse", requestId: 1, term, voteGranted: false };
}

export function preVoteGranted(term: number): PreVoteResponse {
  return { type: "preVoteResponse", requestId: 1, term, voteGranted: true };
}

export function requestVote(candidate: string, term: number): RequestVote {
  return { type: "requestVote", requestId: 1, term, candidateId: idOf(candidate), lastLogIndex: 0, lastLogTerm: 0, leadershipTransfer: false };
}

export function heartbeat(leader: string, term: number): AppendEntries {
  return { type: "appendEntries", requestId: 1, term, leaderId: idOf(leader), prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit: 0, round: 0 };
}

export function acknowledged(term: number, matchIndex: number): AppendEntriesResponse {
  return { type: "appendEntriesResponse", requestId: 1, term, success: true, matchIndex, conflictIndex: 0, conflictTerm: 0, lastLogIndex: matchIndex, round: 0 };
}

export function installedUpTo(term: number, matchIndex: number): InstallSnapshotResponse {
  return { type: "installSnapshotResponse", requestId: 1, term, accepted: true, matchIndex };
}
