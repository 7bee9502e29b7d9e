// When the cluster has come to rest: one leader, no change under way, and every member that still exists holds and has applied all of its log.

import { isJoint } from "../../../src/raft/membership.ts";
import type { SimNode } from "./sim-node.ts";
import type { Stage } from "./stage.ts";

export function atRest(stage: Stage): boolean {
  const core = stage.leader()?.process?.raft.core;
  if (core === undefined || !core.termCommitted || isJoint(core.membership)) return false;
  if (core.commitIndex !== core.lastIndex || core.lastApplied !== core.lastIndex) return false;
  return membersAlive(stage).every((node) => {
    if (node.process?.gateway.removedAt !== undefined) return false;
    const other = node.process?.raft.core;
    return other !== undefined && other.currentTerm === core.currentTerm && other.lastIndex === core.lastIndex && other.lastApplied === core.lastIndex;
  });
}

/** Members of the newest leader's membership whose machine exists: not those that are only expected. */
export function membersAlive(stage: Stage): SimNode[] {
  const membership = stage.leader()?.process?.raft.core.membership;
  if (membership === undefined) return [];
  return membership.members.map(({ id }) => stage.nodes[Number(id) - 1]).filter((node): node is SimNode => node !== undefined && !node.destroyed);
}
