// Leadership transfer (diss. §3.10): proposals stop, the target is brought up to date, TimeoutNow makes it campaign at once. What has not
// succeeded within one election timeout is given up, and the old leader goes on if it still leads.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Ticket } from "./input.ts";
import type { Leadership } from "./leadership.ts";
import { revokeLease } from "./lease.ts";
import { memberOf } from "./membership.ts";
import type { Progress } from "./progress.ts";
import type { State } from "./state.ts";

export function startTransfer(state: State, ticket: Ticket, asked: NodeId | undefined): void {
  const { leadership } = state;
  if (leadership === undefined) {
    mark("transfer-refused-not-the-leader");
    return state.refuse(ticket, "NOT_LEADER", "only the leader hands leadership over");
  }
  if (state.transfer !== undefined) {
    mark("transfer-refused-another-under-way");
    return state.refuse(ticket, "TRANSFER_FAILED", `leadership is being transferred to ${state.transfer.target} already`);
  }
  if (asked === state.id) return state.outbox.answers.push({ kind: "leadershipTransferred", ticket, leader: state.id });
  const { target, objection } = succession(state, leadership, asked);
  if (target === undefined) return state.refuse(ticket, "TRANSFER_FAILED", objection);
  const deadline = state.now + state.options.electionTimeout;
  state.transfer = { ticket, target, targetChosenByCaller: asked !== undefined, deadline, timeoutNowSent: false };
  continueTransfer(state, leadership);
}

export type Succession = { readonly target: NodeId; readonly objection: undefined } | { readonly target: undefined; readonly objection: string };

/** Who would lead: whoever is asked for, or the one that is furthest along of those in contact. */
export function succession(state: State, leadership: Leadership, asked: NodeId | undefined): Succession {
  const target = asked ?? bestSuccessor(state, leadership)?.id;
  if (target === undefined) {
    mark("transfer-refused-no-successor-in-contact");
    return { target: undefined, objection: "no other voter that may lead is in contact" };
  }
  const objection = objectionTo(state, leadership, target);
  if (objection === undefined) return { target, objection };
  mark("transfer-refused-unfit-target");
  return { target: undefined, objection };
}

/** TimeoutNow once the target holds the whole log. */
export function continueTransfer(state: State, leadership: Leadership): void {
  const { transfer } = state;
  if (transfer === undefined || transfer.timeoutNowSent) return;
  if ((leadership.progress(transfer.target)?.matchIndex ?? 0) < state.log.lastIndex) mark("transfer-waits-for-a-lagging-target");
  if (leadership.progress(transfer.target)?.matchIndex !== state.log.lastIndex) return;
  transfer.timeoutNowSent = true;
  sendTimeoutNow(state, leadership, transfer.target);
}

/** Ends a transfer whose target may not lead any more, or whose time is up. */
export function expireTransfer(state: State): void {
  const { transfer } = state;
  if (transfer === undefined || state.now < transfer.deadline) return;
  mark("transfer-timed-out");
  state.transfer = undefined;
  state.refuse(transfer.ticket, "TRANSFER_FAILED", `${transfer.target} did not take over within ${state.options.electionTimeout} ms`);
}

/** A leader that leaves the voters asks the one with the longest log to campaign (diss. §4.2.2), and does not wait for the result. */
export function handOver(state: State, leadership: Leadership): void {
  const successor = bestSuccessor(state, leadership);
  if (successor !== undefined && successor.matchIndex < state.log.lastIndex) mark("transfer-to-a-lagging-successor");
  if (successor !== undefined) sendTimeoutNow(state, leadership, successor.id);
}

function bestSuccessor(state: State, leadership: Leadership): Progress | undefined {
  let best: Progress | undefined;
  for (const progress of leadership.peers) {
    const silent = progress.lastContact === undefined || state.now - progress.lastContact >= state.options.electionTimeout;
    if (silent || objectionTo(state, leadership, progress.id) !== undefined) continue;
    if (best === undefined || progress.matchIndex > best.matchIndex) best = progress;
  }
  return best;
}

function objectionTo(state: State, leadership: Leadership, target: NodeId): string | undefined {
  const member = memberOf(state.membership, target);
  if (member === undefined) return `${target} is not a member`;
  if (!state.membership.voters.includes(target)) mark("transfer-target-is-no-voter");
  if (!state.membership.voters.includes(target)) return `${member.name} (${target}) is not a voter: promote it first`;
  if (!member.masterEligible) {
    mark("transfer-target-may-not-lead");
    return `${member.name} (${target}) is not master-eligible`;
  }
  return leadership.progress(target)?.state === "regressed" ? `${member.name} (${target}) has lost acknowledged entries` : undefined;
}

function sendTimeoutNow(state: State, leadership: Leadership, to: NodeId): void {
  revokeLease(leadership);
  state.send(to, { type: "timeoutNow", requestId: state.newRequestId(), term: state.currentTerm, leaderId: state.id });
}
