// Reads under the leader's lease (diss. §6.4.1): no round of heartbeats, but a bound on how far the clocks of the voters drift apart. Off unless
// the options say otherwise.
//
// A voter that acknowledges pledges not to help to replace this leader: for so long, on its own clock, from the acknowledgement on, it neither votes
// nor campaigns, unless the leader itself asks for an election. Every election needs a voter of every majority, so for as long as a majority is
// pledged no other leader can exist. The leader counts from when it sent the request that was acknowledged, on its own clock, and gives the bound
// away. Its lease ends with its leadership, and for the rest of it when it has sent TimeoutNow: that may arrive at any time.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Leadership } from "./leadership.ts";
import { isJoint, isVoter } from "./membership.ts";
import type { Pledge } from "./message.ts";
import type { AppendRequest, Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import type { State } from "./state.ts";

// ── the voter ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** For the acknowledgement that is being given now. */
export function givePledge(state: State): Pledge | undefined {
  const { leaseReads, electionTimeout } = state.options;
  if (leaseReads === undefined) return undefined;
  state.pledgedUntil = Math.max(state.pledgedUntil, state.now + electionTimeout);
  return { durationMs: electionTimeout, clockMs: state.now };
}

export function isPledged(state: State): boolean {
  return state.now < state.pledgedUntil;
}

/** Nobody else counts: there is no leader whose lease its vote could break. */
export function isOnlyVoter(state: State): boolean {
  const { voters, votersOutgoing } = state.membership;
  return votersOutgoing.length === 0 && voters.length === 1 && voters[0] === state.id;
}

// ── the leader ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param request the one that was acknowledged with this pledge */
export function notePledge(state: State, progress: Progress, request: AppendRequest, pledge: Pledge): void {
  const { leaseReads, electionTimeout } = state.options;
  if (leaseReads === undefined) return;
  const wasTooFast = progress.clock.isTooFast;
  progress.clock.compare({ sentAt: request.sentAt, receivedAt: state.now, reading: pledge.clockMs }, leaseReads.driftMax);
  if (progress.clock.isTooFast) {
    if (!wasTooFast) state.outbox.events.push({ kind: "peerClockTooFast", peer: progress.id });
    // What was pledged before was measured by the same clock.
    progress.pledgedUntil = 0;
    return;
  }
  const worthMs = Math.min(pledge.durationMs, electionTimeout) * (1 - leaseReads.driftMax);
  progress.pledgedUntil = Math.max(progress.pledgedUntil, request.sentAt + worthMs);
}

/** TimeoutNow leaves: its target may campaign, and voters forget their pledges for it, whenever it arrives. */
export function revokeLease(leadership: Leadership): void {
  leadership.leaseRevoked = true;
}

/**
 * The commitIndex, when no other leader can have committed anything by `now`: whoever has applied it may answer a read that was asked before `now`.
 * undefined without a lease.
 */
export function leaseIndex(state: State, now: number): number | undefined {
  const { leadership } = state;
  if (state.options.leaseReads === undefined || leadership === undefined) return undefined;
  if (!state.termCommitted) {
    mark("lease-before-the-first-commit-of-the-term");
    return undefined;
  }
  return holdsLease(state, leadership, now) ? state.commitIndex : undefined;
}

function holdsLease(state: State, leadership: Leadership, now: number): boolean {
  if (leadership.leaseRevoked) {
    mark("lease-revoked-by-a-transfer");
    return false;
  }
  // Of the voters that stay there may be one, which needs nobody's vote and campaigns as soon as it starts.
  if (!isVoter(state.membership, state.id)) return false;
  const pledgedUntil = (id: NodeId): number => (id === state.id ? Number.POSITIVE_INFINITY : (leadership.progress(id)?.pledgedUntil ?? 0));
  const isHeld = now < quorumValue(state.membership, pledgedUntil);
  if (!isHeld) mark("lease-not-held");
  else if (isJoint(state.membership)) mark("lease-of-two-majorities");
  return isHeld;
}
