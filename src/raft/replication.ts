// What a leader sends: entries in batches (§5.3), heartbeats (§5.2), and the wish for a snapshot transfer (§7). An agreeing follower is sent
// entries optimistically, several requests ahead of its acknowledgements; one that is not known to agree gets one request at a time.

import { mark } from "../base/mark.ts";
import type { Leadership } from "./leadership.ts";
import type { Entry } from "./entry.ts";
import type { Progress } from "./progress.ts";
import type { State } from "./state.ts";

/**
 * ms. While entries are on their way to a follower, new ones wait for its answer and go out together (S22), unless they fill a request or the
 * latest one left this long ago: over a long line the pipe stays filled.
 */
const pipelineInterval = 2;

const noEntries: readonly Entry[] = [];

/** Everything that is due now: entries, and the news of a commit for followers that nothing else would tell. */
export function replicate(state: State, leadership: Leadership): void {
  for (const progress of leadership.peers) {
    if (progress.state === "probe") sendProbe(state, progress);
    else if (progress.state === "replicate") {
      sendPipelined(state, progress);
      if (state.now >= leadership.commitNewsAt && lacksCommitNews(state, progress)) sendHeartbeat(state, progress);
    }
  }
}

/** Nothing that is on its way to this follower lets it commit what it could. */
export function lacksCommitNews(state: State, progress: Progress): boolean {
  return progress.state === "replicate" && progress.appendsInFlight === 0 && progress.sentCommit < Math.min(state.commitIndex, progress.matchIndex);
}

function sendProbe(state: State, progress: Progress): void {
  if (progress.awaitsContact || progress.appendsInFlight > 0) return;
  if (progress.nextIndex <= state.log.lastIndex) sendEntries(state, progress);
}

function sendPipelined(state: State, progress: Progress): void {
  while (progress.nextIndex <= state.log.lastIndex && maySend(state, progress)) {
    if (!sendEntries(state, progress)) return;
  }
}

function maySend(state: State, progress: Progress): boolean {
  if (progress.appendsInFlight === 0) return true;
  if (progress.appendsInFlight >= state.options.appendsInFlightMax) {
    mark("append-pipeline-full");
    return false;
  }
  if (state.now - progress.lastAppendAt >= pipelineInterval) return true;
  return state.log.fillsBatch(progress.nextIndex, state.options.appendBytesMax);
}

/** @returns false when the entries are compacted and a snapshot has to go instead. */
function sendEntries(state: State, progress: Progress): boolean {
  const { log } = state;
  const prevLogIndex = progress.nextIndex - 1;
  if (prevLogIndex < log.snapshotIndex) {
    requestTransfer(state, progress);
    return false;
  }
  const entries = log.batch(progress.nextIndex, log.lastIndex, state.options.appendBytesMax);
  sendAppend(state, progress, prevLogIndex, entries);
  if (progress.state === "replicate") progress.nextIndex += entries.length;
  return true;
}

function requestTransfer(state: State, progress: Progress): void {
  mark("install-needed-log-compacted");
  progress.becomeSnapshot();
  state.outbox.transfers.push({ to: progress.id, term: state.currentTerm, indexMin: state.log.snapshotIndex });
}

export function sendHeartbeats(state: State, leadership: Leadership): void {
  for (const progress of leadership.peers) sendHeartbeat(state, progress);
}

/** Asks about what the follower has acknowledged, so that it may commit up to there and a lost disk shows. */
export function sendHeartbeat(state: State, progress: Progress): void {
  const known = state.log.termAt(progress.matchIndex) !== undefined;
  if (!known) mark("append-heartbeat-to-one-behind-the-log");
  sendAppend(state, progress, known ? progress.matchIndex : 0, noEntries);
}

function sendAppend(state: State, progress: Progress, prevLogIndex: number, entries: readonly Entry[]): void {
  const requestId = state.newRequestId();
  const lastIndex = prevLogIndex + entries.length;
  state.send(progress.id, {
    type: "appendEntries",
    requestId,
    term: state.currentTerm,
    leaderId: state.id,
    prevLogIndex,
    prevLogTerm: state.log.termAt(prevLogIndex) ?? 0,
    entries,
    leaderCommit: state.commitIndex,
    round: state.leadership!.reads.round,
  });
  const agreed = progress.state === "replicate" ? lastIndex : progress.matchIndex;
  progress.sentCommit = Math.max(progress.sentCommit, Math.min(state.commitIndex, agreed));
  progress.sent({ requestId, prevLogIndex, lastIndex, acknowledged: progress.matchIndex, sentAt: state.now });
}
