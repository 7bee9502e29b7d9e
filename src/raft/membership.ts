// Who belongs to a region, as replicated in the log (§6). Decisions of a joint membership need a majority of `voters` and a majority of
// `votersOutgoing`; learners never count. The latest membership in the log is in force from the moment it is appended, committed or not (§6).

import type { NodeId } from "../base/ids.ts";

export interface Membership {
  /** C_new while joint, otherwise the only voters. Never empty once a region exists. */
  readonly voters: readonly NodeId[];
  /** C_old while joint, otherwise empty. */
  readonly votersOutgoing: readonly NodeId[];
  /** Receive entries, never counted in any quorum. */
  readonly learners: readonly NodeId[];
  /** Voters of C_old that become learners when the joint membership is left. */
  readonly learnersNext: readonly NodeId[];
  /** One for every id above. */
  readonly members: readonly Member[];
  /** Operations under way; absent when there is none. */
  readonly replacements?: readonly Replacement[];
}

/** A member that another one takes the place of, as soon as that has joined and caught up. Whoever leads goes on with it. */
export interface Replacement {
  /** For people: to follow it, and to cancel it. */
  readonly id: string;
  readonly leaving: NodeId;
  /** The name under which the newcomer joins. */
  readonly newcomer: string;
}

/** What is known of a member. Addresses are attributes, looked up by id at every dial; the id is the identity. */
export interface Member {
  readonly id: NodeId;
  /** For people: unique in the cluster, changeable. */
  readonly name: string;
  /** host:port of the peer listener as others reach it. */
  readonly peerAddress: string;
  /** host:port of the client listener as others reach it. */
  readonly clientAddress: string;
  /** Goes up when a node's disk was replaced; a lower one may neither vote nor be counted. */
  readonly incarnation: number;
  /** false: never campaigns and refuses a leadership transfer; may still vote (S96). */
  readonly masterEligible: boolean;
}

/** What an operator asks for. The core turns it into one simple or one joint membership entry. */
export interface MembershipChange {
  /** New learners, or changed attributes of present members. */
  readonly upsert?: readonly Member[];
  /** Learners that become voters. */
  readonly promote?: readonly NodeId[];
  /** Voters that become learners. */
  readonly demote?: readonly NodeId[];
  /** Voters or learners that leave. */
  readonly remove?: readonly NodeId[];
  /** Begins an operation; it ends when the leaving member has left. */
  readonly beginReplacement?: Replacement;
  /** The id of an operation that is given up. */
  readonly cancelReplacement?: string;
}

/** Of a node that joins: it belongs to nothing until a leader contacts it. */
export const emptyMembership: Membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], members: [] };

export function isJoint(membership: Membership): boolean {
  return membership.votersOutgoing.length > 0;
}

/** Counts in at least one of the majorities. */
export function isVoter(membership: Membership, id: NodeId): boolean {
  return membership.voters.includes(id) || membership.votersOutgoing.includes(id);
}

export function memberOf(membership: Membership, id: NodeId): Member | undefined {
  return membership.members.find((member) => member.id === id);
}

/** C_old,new → C_new (§6). */
export function leaveJoint(joint: Membership): Membership {
  const learners = [...joint.learners, ...joint.learnersNext];
  const staying = new Set([...joint.voters, ...learners]);
  return {
    voters: joint.voters,
    votersOutgoing: [],
    learners,
    learnersNext: [],
    members: joint.members.filter((member) => staying.has(member.id)),
    ...(joint.replacements === undefined ? {} : { replacements: joint.replacements }),
  };
}
