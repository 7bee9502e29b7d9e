// Majorities as pure arithmetic. A joint membership decides by a majority of `voters` and a majority of `votersOutgoing`, each on its own
// (§6); learners do not appear here at all. A membership without voters decides nothing.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Membership } from "./membership.ts";

export type Decision = "won" | "lost" | "pending";
type Voters = Pick<Membership, "voters" | "votersOutgoing">;

export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The highest value, of values that are 0 or more, that both majorities have reached; 0 without voters. */
export function quorumValue(membership: Voters, valueOf: (id: NodeId) => number): number {
  if (membership.voters.length === 0) return 0;
  const incoming = majorityValue(membership.voters, valueOf);
  return membership.votersOutgoing.length === 0 ? incoming : Math.min(incoming, majorityValue(membership.votersOutgoing, valueOf));
}

/** @param voteOf true granted, false refused, undefined not answered. */
export function quorumDecision(membership: Voters, voteOf: (id: NodeId) => boolean | undefined): Decision {
  if (membership.voters.length === 0) return "lost";
  const incoming = majorityDecision(membership.voters, voteOf);
  if (membership.votersOutgoing.length === 0) return incoming;
  const outgoing = majorityDecision(membership.votersOutgoing, voteOf);
  if (incoming !== outgoing) mark("joint-majorities-not-of-one-mind");
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}

function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  let highest = 0;
  for (const id of voters) {
    const value = valueOf(id);
    if (value > highest && haveReached(value, voters, valueOf) >= majority(voters.length)) highest = value;
  }
  return highest;
}

/** Asked again instead of kept: voters are few, and this is done for each answer. */
function haveReached(value: number, voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  let count = 0;
  for (const id of voters) if (valueOf(id) >= value) count += 1;
  return count;
}

function majorityDecision(voters: readonly NodeId[], voteOf: (id: NodeId) => boolean | undefined): Decision {
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = voteOf(id);
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  const needed = majority(voters.length);
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "pending";
}
