// What a leader learns from responses to AppendEntries: how far a follower agrees (matchIndex, Figure 2), where it does not (§5.3), that it
// confirms a ReadIndex round (diss. §6.4), or that it has lost what it had acknowledged. Repeated, late and impossible responses do no harm.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Leadership } from "./leadership.ts";
import { notePledge } from "./lease.ts";
import type { AppendEntriesResponse } from "./message.ts";
import type { AppendRequest, Progress } from "./progress.ts";
import type { State } from "./state.ts";

/** @returns true when a matchIndex has moved. */
export function acknowledge(state: State, leadership: Leadership, from: NodeId, response: AppendEntriesResponse): boolean {
  const progress = leadership.progress(from);
  if (progress === undefined || response.round > leadership.reads.round || response.matchIndex > state.log.lastIndex) {
    if (progress === undefined) mark("append-answer-of-a-removed-member");
    return false;
  }
  const request = progress.settle(response.requestId);
  if (progress.state === "regressed" || haltRegressed(state, progress, request, response)) return false;
  if (request === undefined) mark("append-answer-to-a-forgotten-request");
  if (response.round < progress.confirmedRound) mark("read-round-answer-stale");
  progress.lastContact = state.now;
  progress.awaitsContact = false;
  progress.confirmedRound = Math.max(progress.confirmedRound, response.round);
  if (request !== undefined && response.pledge !== undefined) notePledge(state, progress, request, response.pledge);
  if (!response.success) {
    if (request !== undefined) backUp(state, progress, request, response);
    return false;
  }
  const moved = progress.acknowledge(response.matchIndex);
  settleState(state, progress, request, response);
  return moved;
}

/** No response will come (Input unreachable). */
export function loseRequest(progress: Progress, requestId: number): void {
  if (progress.settle(requestId) === undefined) {
    mark("append-lost-after-it-was-forgotten");
    return;
  }
  if (progress.state === "replicate") {
    mark("append-lost-probing-again");
    progress.becomeProbe(progress.matchIndex + 1);
  }
  if (progress.state === "probe") progress.awaitsContact = true;
}

/** The request was sent when this much was acknowledged, in this term: a follower never gives that up, unless its disk was rolled back. */
function haltRegressed(
  state: State,
  progress: Progress,
  request: AppendRequest | undefined,
  response: AppendEntriesResponse,
): boolean {
  if (request === undefined || response.lastLogIndex >= request.acknowledged) return false;
  const { id: peer, matchIndex: acknowledged } = progress;
  progress.becomeRegressed();
  state.outbox.events.push({ kind: "peerRegressed", peer, acknowledged, lastLogIndex: response.lastLogIndex });
  return true;
}

function backUp(state: State, progress: Progress, request: AppendRequest, response: AppendEntriesResponse): void {
  if (progress.state === "snapshot") return;
  if (request.prevLogIndex <= progress.matchIndex) return refuseAcknowledged(progress, request);
  const sameTerm = response.conflictTerm > 0 ? state.log.lastIndexOfTerm(response.conflictTerm) : undefined;
  const hint = sameTerm === undefined ? response.conflictIndex : sameTerm + 1;
  if (response.conflictTerm === 0) mark("conflict-hint-log-too-short");
  else if (sameTerm === undefined) mark("conflict-hint-term-unknown");
  else mark("conflict-hint-term-known");
  // Strictly lower than the one refused, so that probing ends whatever the hint says.
  progress.becomeProbe(Math.min(hint, request.prevLogIndex));
}

/** The refusal is older than the acknowledgement, or its sender refuses what it has acknowledged. */
function refuseAcknowledged(progress: Progress, request: AppendRequest): void {
  // The request overtook the one before it: what it carried was not taken, and nothing else would send it again.
  if (progress.state === "replicate" && request.lastIndex > progress.matchIndex) {
    mark("append-overtook-the-one-before-it");
    progress.becomeProbe(progress.matchIndex + 1);
    // Asking again at once would never end.
  } else progress.awaitsContact = progress.state === "probe";
}

function settleState(state: State, progress: Progress, request: AppendRequest | undefined, response: AppendEntriesResponse): void {
  if (progress.state === "snapshot") return;
  if (request !== undefined && response.matchIndex < request.lastIndex) return offerAgainLater(progress);
  if (progress.state === "probe" && response.matchIndex >= progress.nextIndex - 1 && response.matchIndex === progress.matchIndex) {
    return progress.becomeReplicate();
  }
  if (!isStale(state, progress, response)) return;
  if (progress.state === "probe") {
    mark("append-probe-sent-again");
    progress.becomeProbe(progress.nextIndex);
  } else {
    mark("append-known-to-be-lost-sent-again");
    progress.becomeProbe(progress.matchIndex + 1);
  }
}

/** A follower that agrees and takes no entries is busy with a snapshot: ask again at the next heartbeat, not at once. */
function offerAgainLater(progress: Progress): void {
  mark("append-not-taken-by-a-follower-that-installs");
  progress.becomeProbe(progress.matchIndex + 1);
  progress.awaitsContact = true;
}

function isStale(state: State, progress: Progress, response: AppendEntriesResponse): boolean {
  return progress.lostAppend(response.requestId, response.lastLogIndex, state.now - state.options.electionTimeout);
}
