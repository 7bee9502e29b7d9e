// Whether a message can be true at all. The transport's decoder has checked the shape; this checks what the fields say together, because a peer
// with a bug, or a hostile one, must neither crash this server nor reach its log.

import type { NodeId } from "../base/ids.ts";
import type { AppendEntries, AppendEntriesResponse, Message, PreVote, RequestVote } from "./message.ts";

export function isWellFormed(from: NodeId, message: Message): boolean {
  if (!isCount(message.term) || !isCount(message.requestId)) return false;
  switch (message.type) {
    case "requestVote":
    case "preVote":
      return isWellFormedVote(from, message);
    case "appendEntries":
      return isWellFormedAppend(from, message);
    case "appendEntriesResponse":
      return isWellFormedAppendResponse(message);
    case "installSnapshot":
      return message.leaderId === from && isCount(message.snapshot.index) && isCount(message.snapshot.term) && message.snapshot.term <= message.term;
    case "timeoutNow":
      return message.leaderId === from;
    default:
      return true;
  }
}

function isWellFormedVote(from: NodeId, message: RequestVote | PreVote): boolean {
  return message.candidateId === from && isCount(message.lastLogIndex) && isCount(message.lastLogTerm) && message.lastLogTerm < message.term;
}

function isWellFormedAppend(from: NodeId, message: AppendEntries): boolean {
  if (message.leaderId !== from || !isCount(message.leaderCommit) || !isCount(message.round)) return false;
  let index = message.prevLogIndex;
  let term = message.prevLogTerm;
  if (!isCount(index) || !isCount(term)) return false;
  for (const entry of message.entries) {
    index += 1;
    if (entry.index !== index || entry.term < term || !Number.isSafeInteger(entry.term)) return false;
    term = entry.term;
  }
  return term <= message.term;
}

function isWellFormedAppendResponse(message: AppendEntriesResponse): boolean {
  const { matchIndex, conflictIndex, conflictTerm, lastLogIndex, round, pledge } = message;
  if (pledge !== undefined && !(isDuration(pledge.durationMs) && isDuration(pledge.clockMs))) return false;
  return isCount(matchIndex) && isCount(conflictIndex) && isCount(conflictTerm) && isCount(lastLogIndex) && isCount(round);
}

function isDuration(ms: number): boolean {
  return ms >= 0 && Number.isFinite(ms);
}

/** One less than the largest safe integer still has a successor. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < Number.MAX_SAFE_INTEGER;
}
