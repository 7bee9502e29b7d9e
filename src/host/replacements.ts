// The replacements that a membership records, read: who takes whose place, and how far each operation is (N9).

import type { NodeId } from "../base/ids.ts";
import { isJoint, type Membership, type MembershipChange, type Replacement } from "../raft/membership.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { ReplacementReport } from "../wire/admin-protocol.ts";
import { nameOf } from "./status.ts";

/**
 * Who is promoted takes the place of whom it replaces in the same change, whoever asks for the promotion. Only the leader stays, to hand over first: its
 * successor removes it.
 */
export function withReplacements(membership: Membership, change: MembershipChange, leader: NodeId): MembershipChange {
  const promoted = change.promote ?? [];
  const staying = [leader, ...(change.remove ?? [])];
  const leaving = (membership.replacements ?? [])
    .filter((replacement) => promoted.includes(newcomerOf(membership, replacement)!) && !staying.includes(replacement.leaving))
    .map((replacement) => replacement.leaving);
  return leaving.length === 0 ? change : { ...change, remove: [...(change.remove ?? []), ...leaving] };
}

/** How far each operation is, as the leader knows it. */
export function replacementReports(status: RaftStatus): ReplacementReport[] {
  const { membership } = status;
  return (membership.replacements ?? []).map((replacement) => {
    const id = newcomerOf(membership, replacement);
    const lag = id === undefined ? undefined : lagOf(status, id);
    return { id: replacement.id, leaving: nameOf(membership, replacement.leaving), newcomer: replacement.newcomer, stage: stageOf(membership, id), lag: lag ?? null };
  });
}

function stageOf(membership: Membership, newcomer: NodeId | undefined): ReplacementReport["stage"] {
  if (isJoint(membership)) return "swapping";
  return newcomer === undefined ? "waiting-for-the-newcomer" : "catching-up";
}

export function newcomerOf(membership: Membership, { newcomer }: Replacement): NodeId | undefined {
  return membership.members.find((member) => member.name === newcomer)?.id;
}

/** Entries that a member lacks, on the leader; undefined when it has not answered yet. */
export function lagOf(status: RaftStatus, id: NodeId): number | undefined {
  const match = id === status.id ? status.lastIndex : status.peers.find((peer) => peer.id === id)?.matchIndex;
  return match === undefined ? undefined : status.lastIndex - match;
}
