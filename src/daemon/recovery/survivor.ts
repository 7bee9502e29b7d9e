// What is known of one node whose cluster has lost its quorum: who it is, what its log holds and how much of that is known to be committed. Of the log
// only the terms stand here: two logs agree at an index exactly when they have the same term there (Log Matching, Figure 3). Pure.

import type { ClusterId, NodeId } from "../../base/ids.ts";
import type { HardState, LogPosition } from "../../raft/entry.ts";
import type { Membership } from "../../raft/membership.ts";

export interface Survivor {
  /** Where it was read; of this machine. */
  readonly directory: string;
  readonly clusterId: ClusterId;
  readonly clusterIncarnation: number;
  readonly nodeId: NodeId;
  readonly name: string;
  readonly incarnation: number;
  /** commitIndex is known to be committed; more may be. */
  readonly hardState: HardState;
  /** Of its state, where that can be relied on; 0 where not. What was applied was committed. */
  readonly appliedIndex: number;
  /** Behind which the log begins; index 0, term 0 without a snapshot. */
  readonly snapshot: LogPosition;
  readonly lastIndex: number;
  /** Oldest first, behind the snapshot. */
  readonly terms: readonly TermRun[];
  /** In force at the snapshot, and every later one in the log, committed or not. */
  readonly memberships: readonly MembershipAt[];
  /** Behind commitIndex, at most `tailEntriesMax` of them. */
  readonly tail: readonly TailEntry[];
}

export interface TermRun {
  readonly firstIndex: number;
  readonly term: number;
}

export interface MembershipAt {
  readonly index: number;
  readonly membership: Membership;
}

export interface TailEntry {
  readonly index: number;
  readonly term: number;
  /** What the command of this entry touches, as text. */
  readonly keys: readonly string[];
}

/** undefined where the log holds nothing, or only a snapshot's content. */
export function termAt({ snapshot, lastIndex, terms }: Survivor, index: number): number | undefined {
  if (index === snapshot.index) return snapshot.term;
  if (index < snapshot.index || index > lastIndex) return undefined;
  return terms.findLast((run) => run.firstIndex <= index)?.term;
}

/** By its own word. */
export function committedIndexOf({ hardState, appliedIndex }: Survivor): number {
  return Math.max(hardState.commitIndex, appliedIndex);
}

export function lastPosition(survivor: Survivor): LogPosition {
  return { index: survivor.lastIndex, term: termAt(survivor, survivor.lastIndex) ?? 0 };
}

/** Of a position that is committed: what a snapshot covers agrees with it. */
export function holdsCommitted(survivor: Survivor, { index, term }: LogPosition): boolean {
  return survivor.snapshot.index > index || termAt(survivor, index) === term;
}

/** The one in force at an index that the log still knows. */
export function membershipAt({ memberships }: Survivor, index: number): Membership {
  return (memberships.findLast((at) => at.index <= index) ?? memberships[0]!).membership;
}

export function latestMembership(survivor: Survivor): Membership {
  return membershipAt(survivor, survivor.lastIndex);
}

export function isEmpty(survivor: Survivor): boolean {
  return survivor.lastIndex === 0 || latestMembership(survivor).voters.length === 0;
}

/** The end of what both logs hold alike; undefined when they cannot be compared, because one is forgotten where the other one ends. */
export function agreementOf(left: Survivor, right: Survivor): number | undefined {
  const begin = Math.max(left.snapshot.index, right.snapshot.index);
  let agreed = termAt(left, begin) !== undefined && termAt(left, begin) === termAt(right, begin) ? begin : undefined;
  if (agreed === undefined) return undefined;
  // Alike at one index is alike at all before it: only the beginnings of runs can be where they part.
  const end = Math.min(left.lastIndex, right.lastIndex);
  const turns = [...left.terms, ...right.terms].map((run) => run.firstIndex).filter((index) => index > begin && index <= end).toSorted((one, other) => one - other);
  for (const turn of [...turns, end + 1]) {
    if (termAt(left, turn - 1) === termAt(right, turn - 1)) agreed = turn - 1;
  }
  return agreed;
}
