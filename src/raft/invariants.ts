// What must be true of our own state whenever it is left alone, asserted at every Ready, in production too: a handful of comparisons. A node that
// fails here has a bug and must stop before anything leaves it.

import { assert } from "../base/assert.ts";
import type { State } from "./state.ts";

export function checkInvariants(state: State): void {
  const { log, persist } = state;
  assert(log.snapshotIndex <= state.lastApplied, "the log is compacted only below what is applied");
  assert(state.lastApplied <= state.applyingIndex, "only what was handed out is applied");
  assert(state.applyingIndex <= state.commitIndex, "only what is committed is applied (§5.3)");
  assert(state.commitIndex <= log.lastIndex, "what is committed is in the log");
  assert(state.applyingIndex <= persist.persistedIndex, "only what is durable here is applied");
  assert(persist.persistedIndex <= persist.handedOutIndex, "only what was handed out is durable");
  assert(persist.handedOutIndex <= log.lastIndex, "only what is in the log is handed out");
  assert(log.lastTerm <= state.currentTerm, "no entry is newer than the current term");
  assert(state.memberships.currentIndex <= log.lastIndex, "the membership in force is in the log");
  checkRole(state);
}

function checkRole(state: State): void {
  assert((state.role === "leader") === (state.leadership !== undefined), "leadership exists exactly while leading");
  if (state.role === "leader") {
    assert(state.leader === state.id && state.votedFor === state.id, "a leader voted for itself and knows that it leads");
    assert(state.install === undefined, "a leader installs no snapshot");
  } else {
    assert(state.leader !== state.id, "who does not lead does not believe that it leads");
  }
  if (state.role === "candidate") assert(state.votedFor === state.id, "a candidate voted for itself");
}
