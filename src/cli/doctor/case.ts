// What a rule is given: the picture, what the elections would bring, and ways to say things in the same words everywhere.

import type { NodeFacts } from "../../wire/node-facts.ts";
import type { Cause, CauseId, Severity } from "./cause.ts";
import { candidacies, wouldWin, type Candidacy, type Clause } from "./election.ts";
import { drawPicture, type Picture } from "./picture.ts";
import { edgesOf, type Edge } from "./reachability.ts";
import type { Examined } from "./examined.ts";

export interface Case {
  readonly picture: Picture;
  readonly candidates: readonly Candidacy[];
  readonly edges: readonly Edge[];
  /** Nobody leads, and nobody can: somebody has to do something. */
  readonly blocked: boolean;
}

/** Looks for the causes of one kind; an empty list when there are none. */
export type Rule = (found: Case) => Cause[];

export function openCase(examined: readonly Examined[]): Case {
  const picture = drawPicture(examined);
  const candidates = candidacies(picture);
  return { picture, candidates, edges: edgesOf(picture), blocked: picture.leader === undefined && !candidates.some(({ canWin }) => canWin) };
}

/** An outage when this is what keeps everybody from winning; otherwise the cluster works, or would not work without it either. */
export function severityOf({ candidates, blocked }: Case, isLifted: (clause: Clause) => boolean): Severity {
  return blocked && candidates.some((candidacy) => wouldWin(candidacy, isLifted)) ? "outage" : "degraded";
}

export function cause(id: CauseId, severity: Severity, rest: Omit<Cause, "id" | "severity" | "damage"> & { readonly damage?: boolean }): Cause {
  return { id, severity, damage: false, ...rest };
}

export function runningNodes(picture: Picture): NodeFacts[] {
  return [...picture.nodes.values()].filter(({ source }) => source === "live");
}

/** "n1", "n1 and n2", "n1, n2 and n3". */
export function listed(names: readonly string[], nobody = "nobody"): string {
  if (names.length === 0) return nobody;
  if (names.length === 1) return names[0]!;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}

/** Who stands in all of these pairs is the odd one out. */
export function oftenest(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return [...counts.keys()].filter((name) => counts.get(name) === most).toSorted();
}
