// What a recovery from one survivor may lose, worked out from what is provable. An entry is committed when a majority of the voters holds it, and who
// has acknowledged an entry that is committed holds it for good (Leader Completeness, Figure 3). So a committed entry that the chosen survivor
// lacks was committed by others alone: by dead nodes, and by survivors whose logs are here and say so. docs/recovery.md has the proof. Pure.

import type { NodeId } from "../../base/ids.ts";
import type { LogPosition } from "../../raft/entry.ts";
import { leaveJoint, type Membership } from "../../raft/membership.ts";
import { quorumDecision } from "../../raft/quorum.ts";
import { agreementOf, membershipAt, termAt, type Survivor, type TailEntry } from "./survivor.ts";

export interface PossibleLoss {
  /** Known to be committed by some survivor: nothing up to here is lost. */
  readonly committedUpTo: number;
  /** What the chosen survivor holds behind that: kept, and committed by the recovery, whether a client was told so or not. */
  readonly unproven: UnprovenRange | undefined;
  /** From this index on the dead may have committed, among themselves, what no survivor holds; without an upper bound. */
  readonly unknownFrom: number | undefined;
  /** What only other survivors hold and what may have been committed. */
  readonly entries: readonly LostRange[];
}

export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

export interface UnprovenRange extends IndexRange {
  /** What it touches, as far as the tail was listed. */
  readonly keys: readonly string[];
}

/** Entries of one term that the same survivors hold. */
export interface LostRange extends IndexRange {
  readonly term: number;
  readonly heldBy: readonly NodeId[];
  /** What they touch, as far as the tails were listed. */
  readonly keys: readonly string[];
}

export interface Losing {
  readonly survivors: readonly Survivor[];
  readonly chosen: Survivor;
  readonly committed: LogPosition;
  readonly dead: ReadonlySet<NodeId>;
  /** Those under which anything behind `committed` may have been decided. */
  readonly memberships: readonly Membership[];
}

export function possibleLoss(losing: Losing): PossibleLoss {
  const { chosen, committed, dead, memberships } = losing;
  const committedUpTo = committed.index;
  return {
    committedUpTo,
    unproven: chosen.lastIndex > committedUpTo ? unprovenBehind(chosen, committedUpTo) : undefined,
    unknownFrom: decidesAny(memberships, dead) ? committedUpTo + 1 : undefined,
    entries: heldByOthers(losing).filter(({ heldBy }) => decidesAny(memberships, new Set([...dead, ...heldBy]))),
  };
}

/**
 * The memberships that count: the one in force where the known commitment ends, every later one that a survivor holds, and what a joint one turns into.
 * One that no survivor holds was proposed under one of these, so it needed a majority of that as well.
 */
export function relevantMemberships(survivors: readonly Survivor[], reference: Survivor, committedIndex: number): readonly Membership[] {
  const later = survivors.flatMap(({ memberships }) => memberships.filter(({ index }) => index > committedIndex).map(({ membership }) => membership));
  const held = [membershipAt(reference, committedIndex), ...later];
  return held.flatMap((membership) => (membership.votersOutgoing.length > 0 ? [membership, leaveJoint(membership)] : [membership]));
}

/** Whether these nodes alone are a majority, or both majorities, of the membership. */
export function decides(membership: Membership, nodes: ReadonlySet<NodeId>): boolean {
  return quorumDecision(membership, (id) => nodes.has(id)) === "won";
}

export function decidesAny(memberships: readonly Membership[], nodes: ReadonlySet<NodeId>): boolean {
  return memberships.some((membership) => decides(membership, nodes));
}

function unprovenBehind(chosen: Survivor, index: number): UnprovenRange {
  return { from: index + 1, to: chosen.lastIndex, keys: distinct(chosen.tail.filter((entry) => entry.index > index)) };
}

interface Held extends IndexRange {
  readonly term: number;
  readonly holder: NodeId;
}

/** Of the same term, equal indexes are equal entries: ranges are cut so that each one has the same holders throughout. */
function heldByOthers({ survivors, chosen, committed }: Losing): LostRange[] {
  const others = survivors.filter((survivor) => survivor !== chosen);
  const held = others.flatMap((survivor) => partedFrom(chosen, survivor, committed));
  const terms = [...new Set(held.map(({ term }) => term))].toSorted((left, right) => left - right);
  return terms.flatMap((term) => cut(held.filter((range) => range.term === term))).map((range) => ({ ...range, keys: keysIn(survivors, range) }));
}

/** What this survivor holds behind the point where its log and the chosen one part. One that contradicts what is committed holds nothing that is. */
function partedFrom(chosen: Survivor, survivor: Survivor, committed: LogPosition): Held[] {
  const agreed = agreementOf(chosen, survivor);
  if (agreed === undefined || agreed < committed.index) return [];
  return survivor.terms.flatMap(({ firstIndex, term }, position) => {
    const from = Math.max(firstIndex, agreed + 1);
    const to = (survivor.terms[position + 1]?.firstIndex ?? survivor.lastIndex + 1) - 1;
    return from > to ? [] : [{ from, to, term, holder: survivor.nodeId }];
  });
}

function cut(ranges: readonly Held[]): Omit<LostRange, "keys">[] {
  const starts = [...new Set(ranges.flatMap(({ from, to }) => [from, to + 1]))].toSorted((left, right) => left - right);
  return starts.slice(0, -1).flatMap((from, position) => {
    const to = starts[position + 1]! - 1;
    const heldBy = ranges.filter((range) => range.from <= from && range.to >= to).map(({ holder }) => holder);
    return heldBy.length === 0 ? [] : [{ from, to, term: ranges[0]!.term, heldBy }];
  });
}

function keysIn(survivors: readonly Survivor[], { from, to, term, heldBy }: Omit<LostRange, "keys">): readonly string[] {
  const holder = survivors.find(({ nodeId, lastIndex }) => heldBy.includes(nodeId) && lastIndex >= to)!;
  const entries = holder.tail.filter((entry) => entry.index >= from && entry.index <= to && termAt(holder, entry.index) === term);
  return distinct(entries);
}

function distinct(entries: readonly TailEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ keys }) => keys))].toSorted();
}
