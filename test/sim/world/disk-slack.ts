// How many more disks may be lost without losing what was acknowledged: the lowest answer over every membership that any node holds, running or not,
// since nobody outside can tell which of them is in force.

import type { Membership } from "../../../src/raft/membership.ts";
import type { SimNode } from "./sim-node.ts";

export function diskSlack(nodes: readonly SimNode[]): number {
  const slack = Math.min(...nodes.flatMap(({ memberships }) => memberships.map((membership) => slackOf(membership, nodes))));
  return slack === Number.POSITIVE_INFINITY ? 0 : slack;
}

function slackOf({ voters, votersOutgoing, members }: Membership, nodes: readonly SimNode[]): number {
  // A newcomer that knows of no membership yet.
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const ineligible = new Set(members.filter(({ masterEligible }) => !masterEligible).map(({ id }) => id));
  const sets = votersOutgoing.length > 0 ? [voters, votersOutgoing] : [voters];
  return Math.min(...sets.map((ids) => Math.floor((ids.length - 1) / 2) - ids.filter((id) => ineligible.has(id) || isUnreliable(nodes[Number(id) - 1])).length));
}

/** A voter that never campaigns may hold what nobody else can be elected without, so it is not relied on either. */
function isUnreliable(node: SimNode | undefined): boolean {
  return node === undefined || node.unsound || !node.masterEligible;
}
