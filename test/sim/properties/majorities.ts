// Majorities, counted a second time and as simply as possible, so that a mistake in the core's arithmetic does not hide itself (§6).

import type { NodeId } from "../../../src/base/ids.ts";
import type { Membership } from "../../../src/raft/membership.ts";

/** More than half of the voters, and while joint more than half of the outgoing ones as well; each counts once, and nobody else does. */
export function haveMajorities({ voters, votersOutgoing }: Membership, agrees: (id: NodeId) => boolean): boolean {
  return isMajority(voters, agrees) && (votersOutgoing.length === 0 || isMajority(votersOutgoing, agrees));
}

function isMajority(voters: readonly NodeId[], agrees: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (agrees(id)) count += 1;
  return count * 2 > voters.length;
}
