// What a leader does with each message of the present term, with time, and at every Ready: it counts acknowledgements (§5.3, §5.4.2), confirms that
// it still leads (diss. §6.2, CheckQuorum) and sends what is due. Nobody else's requests are obeyed: there is one leader per term.

import { assert } from "../base/assert.ts";
import { mark } from "../base/mark.ts";
import { acknowledge } from "./acknowledgement.ts";
import { advanceCommit } from "./commit.ts";
import type { Handlers } from "./handlers.ts";
import { ignore } from "./handlers.ts";
import type { Leadership } from "./leadership.ts";
import { continueTransfer } from "./leadership-transfer.ts";
import { isJoint } from "./membership.ts";
import { quorumValue } from "./quorum.ts";
import { beginReads, confirmReads } from "./reads.ts";
import { continueChange } from "./reconfiguration.ts";
import { refuseRequest } from "./refusal.ts";
import { lacksCommitNews, replicate, sendHeartbeats } from "./replication.ts";
import type { State } from "./state.ts";
import { becomeFollower } from "./transitions.ts";

/**
 * ms. A follower hears of a commit with the next entries. Only when none follow for this long is it told separately: while one put follows the other
 * that saves half of all messages. A membership, and the first commit of a term, are told at once: others act on them.
 */
const commitNewsDelay = 5;

export const leaderHandlers: Handlers = {
  requestVote: refuseRequest,
  preVote: refuseRequest,
  appendEntries: refuseRequest,
  installSnapshot: refuseRequest,
  timeoutNow: refuseRequest,
  requestVoteResponse: ignore,
  preVoteResponse: ignore,
  appendEntriesResponse(state, from, response) {
    const { leadership } = state;
    assert(leadership !== undefined, "a leader has its leadership");
    const moved = acknowledge(state, leadership, from, response);
    confirmReads(state, leadership);
    if (!moved) return;
    continueTransfer(state, leadership);
    maybeCommit(state, leadership);
  },
  installSnapshotResponse: ignore,
  timeoutNowResponse: ignore,
};

/** A matchIndex has moved, or our own log became durable: that is when the leader counts itself (diss. §10.2.1). */
export function maybeCommit(state: State, leadership: Leadership): void {
  const index = quorumValue(state.membership, (id) =>
    id === state.id ? state.persist.persistedIndex : (leadership.progress(id)?.matchIndex ?? 0),
  );
  // §5.4.2: only entries of the current term are committed by counting; earlier ones with them (Figure 8).
  if (index <= state.commitIndex || state.log.termAt(index) !== state.currentTerm) {
    if (index > state.commitIndex) mark("commit-of-an-older-term-refused");
    return;
  }
  const urgent = state.commitIndex < Math.max(leadership.noopIndex, state.memberships.currentIndex);
  if (index > state.persist.persistedIndex) mark("commit-before-the-leader-itself-is-durable");
  if (isJoint(state.membership)) mark("commit-by-two-majorities");
  advanceCommit(state, index);
  leadership.commitNewsAt = urgent ? state.now : state.now + commitNewsDelay;
  continueChange(state, leadership);
}

/** At every Ready. */
export function flushLeader(state: State, leadership: Leadership): void {
  beginReads(state, leadership);
  replicate(state, leadership);
}

export function leaderDeadline(state: State, leadership: Leadership): number {
  const diskSince = state.persist.silentSince;
  const diskDeadline = diskSince === undefined ? Number.POSITIVE_INFINITY : diskSince + state.options.electionTimeout;
  const waiting = leadership.peers.some((progress) => lacksCommitNews(state, progress));
  return Math.min(leadership.heartbeatDeadline, leadership.quorumDeadline, diskDeadline, waiting ? leadership.commitNewsAt : Number.POSITIVE_INFINITY);
}

export function tickLeader(state: State, leadership: Leadership): void {
  if (state.diskStalled) {
    mark("leader-steps-down-disk-stalled");
    return stepDown(state, `the disk has not answered for ${state.options.electionTimeout} ms`);
  }
  if (!hasQuorum(state, leadership)) {
    mark("leader-steps-down-majority-silent");
    return stepDown(state, `no contact with a majority for ${state.options.electionTimeout} ms`);
  }
  if (state.now < leadership.heartbeatDeadline) return;
  leadership.heartbeatDeadline = state.now + state.options.heartbeatInterval;
  sendHeartbeats(state, leadership);
}

/** CheckQuorum: a leader that a majority does not answer stops being one, so that nobody waits for it. */
function hasQuorum(state: State, leadership: Leadership): boolean {
  if (state.now < leadership.quorumDeadline) return true;
  const heardAt = quorumValue(state.membership, (id) => (id === state.id ? state.now : (leadership.progress(id)?.heardAt ?? 0)));
  leadership.quorumDeadline = heardAt + state.options.electionTimeout;
  return state.now < leadership.quorumDeadline;
}

function stepDown(state: State, reason: string): void {
  becomeFollower(state, state.currentTerm, undefined, reason);
}
