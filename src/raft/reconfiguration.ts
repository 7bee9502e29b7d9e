// Membership changes as a leader drives them (§6): one at a time, never before the term's no-op is committed, through a joint membership
// whenever voters change. Whoever leads when a joint membership is committed leaves it, also a successor of the leader that began.

import { equalBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Ticket } from "./input.ts";
import type { Leadership } from "./leadership.ts";
import { handOver } from "./leadership-transfer.ts";
import { appendMembership } from "./log-writes.ts";
import { nextMembership } from "./membership-change.ts";
import { encodeMembership } from "./membership-codec.ts";
import { isJoint, isVoter, leaveJoint } from "./membership.ts";
import type { Membership, MembershipChange } from "./membership.ts";
import { sendHeartbeats } from "./replication.ts";
import type { State } from "./state.ts";
import { becomeFollower } from "./transitions.ts";

/** A learner that trails the log by more entries is not promoted: the new quorum would wait for it (diss. §4.2.1). */
export const promotionLagMax = 4096;

export function startChange(state: State, ticket: Ticket, change: MembershipChange): void {
  const { leadership } = state;
  if (leadership === undefined) {
    mark("change-refused-not-the-leader");
    return state.refuse(ticket, "NOT_LEADER", "only the leader changes the membership");
  }
  try {
    checkMayChange(state);
    const next = nextMembership(state.membership, change);
    for (const id of change.promote ?? []) checkHasCaughtUp(state, leadership, id);
    const index = isInForce(state, next) ? state.memberships.currentIndex : appendMembership(state, leadership, next);
    if (isJoint(next)) mark("joint-entered");
    leadership.change = { ticket, finalIndex: isJoint(next) ? undefined : index };
    answerChange(state, leadership);
  } catch (error) {
    if (!(error instanceof RaftctlError)) throw error;
    state.outbox.answers.push({ kind: "refused", ticket, code: error.code, reason: error.message, leader: state.leader });
  }
}

/** A node that announces itself again until it hears of it must not write an entry each time: it might never catch up with them. */
function isInForce(state: State, next: Membership): boolean {
  const isSame = equalBytes(encodeMembership(state.membership), encodeMembership(next));
  if (isSame) mark("change-changes-nothing");
  return isSame;
}

/** commitIndex has moved: leave a committed joint membership, finish a committed change. */
export function continueChange(state: State, leadership: Leadership): void {
  if (!state.termCommitted || state.memberships.currentIndex > state.commitIndex) return;
  if (isJoint(state.membership)) {
    const finalIndex = appendMembership(state, leadership, leaveJoint(state.membership));
    if (leadership.change !== undefined) leadership.change.finalIndex = finalIndex;
    else mark("joint-left-by-a-successor");
    return;
  }
  answerChange(state, leadership);
  if (!isVoter(state.membership, state.id)) retire(state, leadership);
}

function answerChange(state: State, leadership: Leadership): void {
  const { change } = leadership;
  if (change?.finalIndex === undefined || change.finalIndex > state.commitIndex) return;
  leadership.change = undefined;
  state.outbox.answers.push({ kind: "membershipChanged", ticket: change.ticket, index: change.finalIndex });
}

/** §6: a leader that is not in C_new steps down once C_new is committed; the others learn of that commit first. */
function retire(state: State, leadership: Leadership): void {
  mark("leader-steps-down-left-the-voters");
  sendHeartbeats(state, leadership);
  handOver(state, leadership);
  becomeFollower(state, state.currentTerm, undefined, "left the voters");
}

function checkMayChange(state: State): void {
  if (!state.termCommitted) mark("change-refused-term-not-committed");
  else if (state.transfer !== undefined) mark("change-refused-during-a-transfer");
  if (!state.termCommitted) throw new RaftctlError("NOT_READY", "the leader has not committed an entry of its term yet: try again");
  if (state.transfer !== undefined) throw new RaftctlError("BUSY", `leadership is being transferred to ${state.transfer.target}: try again`);
  if (isJoint(state.membership) || state.memberships.currentIndex > state.commitIndex) {
    mark("change-refused-another-in-progress");
    throw new RaftctlError("CHANGE_IN_PROGRESS", "a membership change is in progress: wait until it is complete");
  }
}

function checkHasCaughtUp(state: State, leadership: Leadership, id: NodeId): void {
  const progress = leadership.progress(id);
  const lag = state.log.lastIndex - (progress?.matchIndex ?? 0);
  if (progress?.state === "replicate" && lag <= promotionLagMax) return;
  mark("change-refused-learner-lags");
  throw new RaftctlError("NOT_READY", `member ${id} trails the log by ${lag} entries: promote it when it has caught up`);
}
