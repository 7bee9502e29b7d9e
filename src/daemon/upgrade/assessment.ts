// Whether the cluster can finalize a newer version, from what its members know: the highest level that all of them know, and what is in the way of it.
// Finalizing takes the word of every member, learners included: one that does not know the level stops when it meets it.

import type { UpgradeMember, UpgradeReport } from "../../wire/admin-protocol.ts";
import { commandsAllowed, rangeText, type ClusterVersions, type LevelRange } from "../../wire/cluster-version.ts";

type Obstacle = UpgradeReport["obstacles"][number];
type Answered = UpgradeMember & { readonly levels: LevelRange };

/** @param versions of the node at hand */
export function assess(finalized: number, members: UpgradeMember[], versions: ClusterVersions): UpgradeReport {
  const answered = members.filter((member): member is Answered => member.levels !== null);
  const target = Math.max(finalized, Math.min(versions.newest, ...answered.map(({ levels }) => levels.max)));
  const obstacles = [silence(members), ...disagreement(target, finalized, answered)].filter((obstacle) => obstacle !== undefined);
  return { finalized, target, allows: commandsAllowed(versions, { above: finalized, upTo: target }), obstacles, members };
}

function silence(members: readonly UpgradeMember[]): Obstacle | undefined {
  const silent = members.filter(({ levels }) => levels === null);
  if (silent.length === 0) return undefined;
  const named = silent.map(({ name, address, error }) => `${name} at ${address} (${error?.message ?? "no answer"})`);
  return { code: "CONFLICT", message: `a version is finalized when every member says that it knows it; no answer from ${named.join(", ")}`, hint: "start them again, or raftctl member remove who is gone for good" };
}

function disagreement(target: number, finalized: number, answered: readonly Answered[]): Obstacle[] {
  const lowest = Math.min(...answered.map(({ levels }) => levels.max));
  const isApart = answered.some(({ levels }) => levels.max > lowest);
  if (answered.every(({ levels }) => levels.min <= target) && !(isApart && lowest <= finalized)) return [];
  const named = answered.map(({ name, levels }) => `${name} knows ${rangeText(levels)}`);
  const late = answered.filter(({ levels }) => levels.max === lowest);
  return [{ code: "INCOMPATIBLE", message: `the members know no version above ${finalized} in common: ${named.join(", ")}`, hint: `upgrade ${late.map(({ name }) => name).join(", ")} first` }];
}
