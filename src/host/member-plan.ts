// What a membership change would do to the cluster's tolerance, before it is proposed. Pure arithmetic over a membership and who is up.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Member, Membership } from "../raft/membership.ts";
import { failureTolerance, quorumOf } from "./status.ts";

export interface Standing {
  readonly voters: number;
  /** How many voters may fail with writes going on. */
  readonly tolerance: number;
}

export interface RemovalPlan {
  readonly member: Member;
  readonly before: Standing;
  readonly after: Standing;
}

/** By name, or by id. NOT_FOUND lists the names there are. */
export function findMember(membership: Membership, nameOrId: string): Member {
  const found = membership.members.find((member) => member.name === nameOrId || member.id === nameOrId);
  if (found !== undefined) return found;
  const names = membership.members.map((member) => member.name).join(", ");
  throw new RaftctlError("NOT_FOUND", `no member is called ${JSON.stringify(nameOrId)} (there are: ${names || "none"})`, { hint: "raftctl member list" });
}

/** UNSAFE when the last voter would go, or when those who stay and are up could not decide anything (unless forced). */
export function planRemoval(membership: Membership, id: NodeId, isUp: (id: NodeId) => boolean, force: boolean): RemovalPlan {
  const member = findMember(membership, id);
  const before = { voters: membership.voters.length, tolerance: failureTolerance(membership, isUp) };
  if (!membership.voters.includes(id)) return { member, before, after: before };
  const voters = membership.voters.filter((voter) => voter !== id);
  if (voters.length === 0) {
    mark("member-removal-of-the-last-voter-refused");
    throw new RaftctlError("UNSAFE", `${member.name} is the last voter: without it the cluster is gone`, { hint: "raftctl daemon stop stops the process and keeps the cluster" });
  }
  const after = { voters: voters.length, tolerance: failureTolerance({ ...membership, voters, votersOutgoing: [] }, isUp) };
  if (after.tolerance < 0 && !force) {
    mark("member-removal-refused-too-few-up");
    const up = voters.filter((voter) => isUp(voter)).length;
    throw new RaftctlError("UNSAFE", `without ${member.name} only ${up} of ${voters.length} voters would be up, and writes need ${quorumOf(voters.length)}`, { hint: "bring the other members up first, or pass --force", details: { before, after } });
  }
  return { member, before, after };
}
