// What an operator wants to know of a region, in one place: its tolerance, which votes are missing, and the error that says so.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Membership } from "../raft/membership.ts";
import type { Raft } from "./region.ts";

/**
 * How many voters may fail with writes going on, given which of them are up now; negative when the quorum is lost already. While joint both
 * majorities count, so the weaker one decides (§6).
 */
export function failureTolerance(membership: Membership, isUp: (id: NodeId) => boolean): number {
  const sets = membership.votersOutgoing.length > 0 ? [membership.voters, membership.votersOutgoing] : [membership.voters];
  return Math.min(...sets.map((voters) => voters.filter((id) => isUp(id)).length - quorumOf(voters.length)));
}

export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

export function nameOf(membership: Membership, id: NodeId): string {
  return membership.members.find((member) => member.id === id)?.name ?? id;
}

/** Exit 5: says how many votes are needed, which are there and which are missing. */
export function noLeader(raft: Raft): RaftctlError {
  const { membership, votes, currentTerm } = raft.core.status();
  const name = (id: NodeId): string => nameOf(membership, id);
  const voters = membership.voters.length;
  const granted = votes?.granted ?? [];
  const missing = (votes === undefined ? membership.voters : [...votes.missing, ...votes.refused]).filter((id) => id !== raft.id);
  const needed = quorumOf(voters);
  const have = granted.length === 0 ? "none" : granted.map(name).join(", ");
  return new RaftctlError("NO_LEADER", `no leader in region global: need ${needed} of ${voters} votes, have ${have}; missing ${missing.map(name).join(", ") || "none"}`, {
    details: { needed, voters, term: currentTerm, have: granted.map(name), missing: missing.map(name) },
    hint: "raftctl doctor",
  });
}

/** Exit 8: what a node answers that others have removed. */
export function removed(index: number): RaftctlError {
  return new RaftctlError("REMOVED", `this node was removed from the cluster at index ${index}`, {
    hint: "to bring it back: raftctl daemon stop, then raftctl join --fresh <peer address of a member>", details: { index },
  });
}
