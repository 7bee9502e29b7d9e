// Linearizable reads without log entries (diss. §6.4): a read is answered with the commitIndex of a moment after it came, once a quorum has
// confirmed, in a round that began later still, that this leader was not deposed. Before the term's no-op is committed all reads wait.

import { assert } from "../base/assert.ts";
import { mark } from "../base/mark.ts";
import type { Leadership } from "./leadership.ts";
import { isVoter } from "./membership.ts";
import type { Ticket } from "./input.ts";
import { quorumValue } from "./quorum.ts";
import { sendHeartbeat } from "./replication.ts";
import type { State } from "./state.ts";

export function requestRead(state: State, ticket: Ticket): void {
  const reads = state.leadership?.reads;
  if (reads === undefined) {
    mark("read-came-after-the-step-down");
    state.refuse(ticket, "NOT_LEADER", "only the leader answers linearizable reads");
  } else if (reads.isFull) state.refuse(ticket, "BUSY", "too many reads wait for the leader to be confirmed");
  else {
    if (!state.termCommitted) mark("read-waits-for-the-first-commit-of-the-term");
    reads.wait(ticket);
  }
}

/** S111: a round of its own, also when another one is under way. */
export function forceReplication(state: State, ticket: Ticket): void {
  const { leadership } = state;
  if (leadership === undefined) return state.refuse(ticket, "NOT_LEADER", "only the leader replicates");
  if (leadership.reads.isFull) return state.refuse(ticket, "BUSY", "too many reads wait for the leader to be confirmed");
  leadership.reads.beginForcedRound(ticket, state.commitIndex);
  askVoters(state, leadership);
}

/** One round for all reads that wait. */
export function beginReads(state: State, leadership: Leadership): void {
  if (!state.termCommitted || !leadership.reads.wantsRound) return;
  leadership.reads.beginReadRound(state.commitIndex);
  askVoters(state, leadership);
}

export function confirmReads(state: State, leadership: Leadership): void {
  const { reads } = leadership;
  if (reads.isIdle) return;
  const confirmed = quorumValue(state.membership, (id) =>
    id === state.id ? reads.round : (leadership.progress(id)?.confirmedRound ?? 0),
  );
  for (const { kind, index, tickets } of reads.confirm(confirmed)) {
    assert(kind === "replicated" || state.termCommitted, "no read is answered before the term's first commit (§8)");
    for (const ticket of tickets) state.outbox.answers.push({ kind, ticket, index });
  }
}

function askVoters(state: State, leadership: Leadership): void {
  for (const progress of leadership.peers) {
    if (isVoter(state.membership, progress.id)) sendHeartbeat(state, progress);
  }
  confirmReads(state, leadership);
}
