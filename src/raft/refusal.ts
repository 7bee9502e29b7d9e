// The answer to a request that is not obeyed: its term is old, its sender has no right to it, or it makes no sense. Every request gets exactly
// one response, and a refusal changes nothing here; it carries our term, so that a sender that is behind learns it (§5.1).

import { unreachable } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import type { AppendEntries, Request, Response } from "./message.ts";
import type { State } from "./state.ts";

export function refuseRequest(state: State, from: NodeId, request: Request): void {
  state.sendWhenDurable(from, refusal(state, request));
}

function refusal(state: State, request: Request): Response {
  const { requestId } = request;
  const term = state.currentTerm;
  switch (request.type) {
    case "requestVote":
      return { type: "requestVoteResponse", requestId, term, voteGranted: false };
    case "preVote":
      return { type: "preVoteResponse", requestId, term, voteGranted: false };
    case "appendEntries":
      return { ...appendRefusal(state, request), round: 0 };
    case "installSnapshot":
      return { type: "installSnapshotResponse", requestId, term, accepted: false, matchIndex: committedAndDurable(state) };
    case "timeoutNow":
      return { type: "timeoutNowResponse", requestId, term };
    default:
      return unreachable(request);
  }
}

/** §5.3: the hint lets the leader skip a whole term per round trip. */
export function appendRefusal(state: State, request: AppendEntries): Response & { readonly type: "appendEntriesResponse" } {
  const conflictTerm = state.log.termAt(request.prevLogIndex) ?? 0;
  return {
    type: "appendEntriesResponse",
    requestId: request.requestId,
    term: state.currentTerm,
    success: false,
    matchIndex: 0,
    conflictIndex: conflictTerm === 0 ? state.log.lastIndex + 1 : state.log.firstIndexOfTermAt(request.prevLogIndex),
    conflictTerm,
    lastLogIndex: state.log.lastIndex,
    round: request.round,
  };
}

export function committedAndDurable(state: State): number {
  return Math.min(state.commitIndex, state.persist.persistedIndex);
}
