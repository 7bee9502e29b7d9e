// Moves commitIndex (Figure 2). It only ever grows, and never past the log; what may be handed to the state machine ends where the log is
// durable here, however far the quorum is.

import { assert } from "../base/assert.ts";
import { mark } from "../base/mark.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";
import { reviewRole } from "./transitions.ts";

export function advanceCommit(state: State, index: number): void {
  assert(index > state.commitIndex, "commitIndex only grows");
  assert(index <= state.log.lastIndex, "what is committed is in the log");
  for (const membershipIndex of state.memberships.indexesBetween(state.commitIndex, index)) {
    state.outbox.events.push({ kind: "membershipCommitted", index: membershipIndex });
  }
  if (state.leadership !== undefined) state.leadership.uncommittedBytes -= state.log.bytesBetween(state.commitIndex, index);
  const membershipCommitted = state.memberships.currentIndex > state.commitIndex && state.memberships.currentIndex <= index;
  state.commitIndex = index;
  if (membershipCommitted && state.leadership === undefined) reviewRole(state);
}

const nothing: readonly Entry[] = [];

/** The next entries for the state machine: committed, durable here, and only when it has finished the ones before. */
export function takeCommitted(state: State): readonly Entry[] {
  if (state.applyingIndex !== state.lastApplied || state.install !== undefined) return nothing;
  const last = Math.min(state.commitIndex, state.persist.persistedIndex);
  if (last < state.commitIndex) mark("commit-ahead-of-the-own-disk");
  if (last <= state.applyingIndex) return nothing;
  const entries = state.log.batch(state.applyingIndex + 1, last, state.options.applyBytesMax);
  state.applyingIndex += entries.length;
  return entries;
}

export function applied(state: State, index: number): void {
  assert(index <= state.applyingIndex, "only what was handed out is applied");
  if (index > state.lastApplied) state.lastApplied = index;
}
