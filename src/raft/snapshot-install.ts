// The follower's side of InstallSnapshot (§7, Figure 13). The host moves the bytes; here stands who may send, what is worth installing, and how
// log and pointers continue afterwards. lastApplied never moves back, and what the log agrees with after the snapshot stays (rule 6).

import { assert } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { adoptMembership } from "./log-writes.ts";
import type { InstallSnapshot, SnapshotMeta } from "./message.ts";
import { committedAndDurable } from "./refusal.ts";
import type { State } from "./state.ts";
import { becomeFollower, hearLeader } from "./transitions.ts";

/** A chunk that is not the last one, already known to come from the leader of this term. */
export function answerChunk(state: State, from: NodeId, request: InstallSnapshot): void {
  const wanted = isWanted(state, request.snapshot);
  if (!wanted) mark("install-chunk-not-wanted");
  respond(state, from, request.requestId, wanted);
}

export interface ReceivedSnapshot {
  readonly from: NodeId;
  readonly requestId: number;
  readonly term: number;
  readonly snapshot: SnapshotMeta;
}

export function receiveSnapshot(state: State, received: ReceivedSnapshot): void {
  const { from, requestId, term, snapshot } = received;
  if (term > state.currentTerm) becomeFollower(state, term, from, `${from} leads term ${term}`);
  const leads = term === state.currentTerm && !state.isLeader && (state.leader === undefined || state.leader === from);
  if (!leads || snapshot.term > term) {
    mark("install-complete-from-a-deposed-leader");
    return respond(state, from, requestId, false);
  }
  if (state.role === "preCandidate" || state.role === "candidate") {
    mark("install-complete-at-a-candidate");
    becomeFollower(state, term, from, `${from} leads term ${term}`);
  }
  hearLeader(state, from);
  if (!isWanted(state, snapshot)) {
    mark("install-complete-and-ignored-as-older");
    return respond(state, from, requestId, false);
  }
  state.install = { from, requestId, snapshot, handedOut: false };
}

/** @returns the snapshot to install, once: when nothing else is on its way to the log or the state machine. */
export function takeInstall(state: State): SnapshotMeta | undefined {
  const { install } = state;
  if (install === undefined || install.handedOut || !state.persist.idle || state.applyingIndex !== state.lastApplied) {
    if (install !== undefined && !install.handedOut) mark("install-waits-for-disk-or-state");
    return undefined;
  }
  assert(install.snapshot.index > state.commitIndex, "a snapshot is installed only when it is ahead");
  install.handedOut = true;
  return install.snapshot;
}

export function finishInstall(state: State, index: number): void {
  const { install } = state;
  assert(install !== undefined && install.handedOut && install.snapshot.index === index, "what is installed was asked for");
  assert(index > state.lastApplied, "lastApplied never moves back");
  const { snapshot } = install;
  const before = state.membership;
  const keepsSuffix = state.log.termAt(index) === snapshot.term;
  if (keepsSuffix) mark("install-kept-the-suffix");
  else if (state.log.lastIndex > state.log.snapshotIndex) mark("install-discarded-the-log");
  state.log.restore(snapshot);
  state.memberships.restore(index, snapshot.membership, keepsSuffix);
  state.persist.restored(state.log.lastIndex);
  state.commitIndex = index;
  state.lastApplied = index;
  state.applyingIndex = index;
  state.install = undefined;
  state.outbox.events.push({ kind: "membershipAppended", index: state.memberships.currentIndex });
  adoptMembership(state, before);
  respond(state, install.from, install.requestId, true);
}

function isWanted(state: State, snapshot: SnapshotMeta): boolean {
  return state.install === undefined && snapshot.index > state.commitIndex;
}

function respond(state: State, to: NodeId, requestId: number, accepted: boolean): void {
  const matchIndex = committedAndDurable(state);
  state.sendWhenDurable(to, { type: "installSnapshotResponse", requestId, term: state.currentTerm, accepted, matchIndex });
}
