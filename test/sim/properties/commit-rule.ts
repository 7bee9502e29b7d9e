// By which memberships a leader must have counted when its commitIndex moved within one event. The latest membership in the log is in force from the
// moment it is appended (§6), and a commit may itself append one: then the one before it was in force when the commit was counted.
//
// While one step of a change is under way the older membership is the weaker one or needs the same voters, so it decides. The exception is the
// end of a joint membership: what reaches it was counted under both majorities, what comes after it under C_new alone.

import { entryTypes } from "../../../src/raft/entry.ts";
import { isJoint, type Membership } from "../../../src/raft/membership.ts";
import type { ReplicaView } from "./property.ts";

export interface Requirement {
  readonly membership: Membership;
  /** Every index up to this one needs the majorities of this membership. */
  readonly upTo: number;
}

/**
 * @param before in force before the event, at the same leader in the same term.
 * @param first that was not committed before the event.
 */
export function requirementsOf(leader: ReplicaView, before: Membership, first: number): readonly Requirement[] {
  const { membership: after, commitIndex } = leader;
  if (!isJoint(before) || isJoint(after)) return [{ membership: before, upTo: commitIndex }];
  return [
    { membership: before, upTo: Math.max(first, lastMembershipIndex(leader, first)) },
    { membership: after, upTo: commitIndex },
  ];
}

function lastMembershipIndex(leader: ReplicaView, first: number): number {
  const entries = leader.entriesBetween(first, leader.commitIndex);
  return entries.findLast((entry) => entry.type === entryTypes.membership)?.index ?? 0;
}

/** What a replica was when it was last seen leading: the base of the requirements. */
export interface LedBefore {
  readonly boot: number;
  readonly term: number;
  readonly commitIndex: number;
  readonly membership: Membership;
}

export function ledBefore(seen: LedBefore | undefined, leader: ReplicaView): seen is LedBefore {
  return seen !== undefined && seen.term === leader.currentTerm && seen.boot === leader.boot;
}

export function ledNow({ boot, currentTerm: term, commitIndex, membership }: ReplicaView): LedBefore {
  return { boot, term, commitIndex, membership };
}
