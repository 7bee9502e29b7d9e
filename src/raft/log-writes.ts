// Whatever changes the log: a leader's own entries, a follower's accepted ones, and what a conflict removes. A membership is in force from the
// moment it stands in the log, and not a moment longer (§6), so every write here also adopts or rolls back memberships.

import { assert } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { entryTypes } from "./entry.ts";
import type { Entry } from "./entry.ts";
import type { Leadership } from "./leadership.ts";
import { decodeMembership, encodeMembership } from "./membership-codec.ts";
import { memberOf } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { Progress } from "./progress.ts";
import type { State } from "./state.ts";
import { reviewRole } from "./transitions.ts";

/** §5.3: a leader only appends. @returns the index. */
export function appendCommand(state: State, leadership: Leadership, data: Uint8Array): number {
  const index = state.log.lastIndex + 1;
  state.log.append({ index, term: state.currentTerm, type: entryTypes.command, data });
  leadership.uncommittedBytes += data.length;
  return index;
}

/** §8: a blank entry into the log at the start of a term. */
export function appendNoop(state: State): void {
  state.log.append({ index: state.log.lastIndex + 1, term: state.currentTerm, type: entryTypes.noop, data: emptyBytes });
}

/** @returns the index of the entry that carries it. */
export function appendMembership(state: State, leadership: Leadership, membership: Membership): number {
  const data = encodeMembership(membership);
  const index = state.log.lastIndex + 1;
  state.log.append({ index, term: state.currentTerm, type: entryTypes.membership, data });
  leadership.uncommittedBytes += data.length;
  enterMembership(state, index, membership);
  return index;
}

/**
 * §5.3: keeps what agrees, removes from the first conflict on, appends what is new.
 * @returns false, with nothing changed, when the entries cannot stand in a log.
 */
export function acceptEntries(state: State, entries: readonly Entry[]): boolean {
  const { log } = state;
  let start = 0;
  while (start < entries.length && agrees(state, entries[start]!)) start += 1;
  const first = entries[start];
  if (first === undefined) {
    if (start > 0) mark("append-holds-nothing-new");
    return true;
  }
  if (start > 0) mark("append-holds-something-known");
  const termBefore = log.termAt(first.index - 1);
  if (termBefore === undefined || first.term < termBefore) return false;
  const memberships = decodeAll(entries, start);
  if (memberships === undefined) return false;
  if (first.index <= log.lastIndex) truncate(state, first.index);
  for (let position = start; position < entries.length; position += 1) log.append(entries[position]!);
  for (const { index, membership } of memberships) enterMembership(state, index, membership);
  return true;
}

function agrees(state: State, entry: Entry): boolean {
  return entry.index <= state.log.snapshotIndex || state.log.termAt(entry.index) === entry.term;
}

function truncate(state: State, index: number): void {
  assert(index > state.commitIndex, "a committed entry is never removed (§5.4)");
  mark("conflict-truncated");
  const before = state.membership;
  state.log.truncateFrom(index);
  state.persist.truncatedFrom(index);
  state.outbox.events.push({ kind: "logTruncated", fromIndex: index });
  if (state.memberships.currentIndex >= index) mark("conflict-took-a-membership-back");
  if (state.memberships.truncateFrom(index)) adoptMembership(state, before);
}

function enterMembership(state: State, index: number, membership: Membership): void {
  const before = state.membership;
  state.memberships.append(index, membership);
  state.outbox.events.push({ kind: "membershipAppended", index });
  adoptMembership(state, before);
}

/** The membership in force is another one than `before`. */
export function adoptMembership(state: State, before: Membership): void {
  if (state.leadership === undefined) reviewRole(state);
  else adoptPeers(state, state.leadership, before);
}

function adoptPeers(state: State, leadership: Leadership, before: Membership): void {
  const { membership } = state;
  for (const { id } of before.members) {
    if (id !== state.id && !isSameDisk(before, membership, id)) {
      if (memberOf(membership, id) !== undefined) mark("change-replaced-a-learners-disk");
      leadership.removePeer(id);
    }
  }
  for (const { id } of membership.members) {
    if (id === state.id || leadership.progress(id) !== undefined) continue;
    // The membership's own entry is the first thing that a new peer is asked about, so that it is probed although nothing else is proposed.
    leadership.addPeer(new Progress(id, state.log.lastIndex, state.now));
  }
}

/** A new incarnation holds nothing of what the old one acknowledged. */
function isSameDisk(before: Membership, after: Membership, id: NodeId): boolean {
  return memberOf(after, id)?.incarnation === memberOf(before, id)?.incarnation;
}

interface DecodedMembership {
  readonly index: number;
  readonly membership: Membership;
}
const noMemberships: readonly DecodedMembership[] = [];

/** undefined when one of them is not a membership. */
function decodeAll(entries: readonly Entry[], start: number): readonly DecodedMembership[] | undefined {
  let decoded: DecodedMembership[] | undefined;
  for (let position = start; position < entries.length; position += 1) {
    const entry = entries[position]!;
    if (entry.type !== entryTypes.membership) continue;
    try {
      (decoded ??= []).push({ index: entry.index, membership: decodeMembership(entry.data) });
    } catch {
      return undefined;
    }
  }
  return decoded ?? noMemberships;
}
