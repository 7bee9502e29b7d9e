// Whether what was collected belongs together: one cluster, one history, each node once, nobody empty. Pure.

import { RaftctlError } from "../../base/errors.ts";
import { committedIndexOf, isEmpty, termAt, type Survivor } from "./survivor.ts";

/**
 * @returns the one that knows most to be committed
 * @throws UNSAFE; CORRUPT when two of them know different entries to be committed at the same index
 */
export function checkSurvivors(survivors: readonly Survivor[]): Survivor {
  const [first] = survivors;
  if (first === undefined) throw new RaftctlError("UNSAFE", "no survivor was given", { hint: "name its data directory, or what recover collect has written" });
  for (const [position, survivor] of survivors.entries()) {
    if (survivor.clusterId !== first.clusterId) throw unsafe(survivor, `belongs to cluster ${survivor.clusterId}, ${first.name} to ${first.clusterId}`);
    const twin = survivors.slice(0, position).find(({ nodeId }) => nodeId === survivor.nodeId);
    if (twin !== undefined) throw unsafe(survivor, `and ${twin.directory} are both node ${survivor.nodeId}: one is a copy, and only one can be right`);
    if (isEmpty(survivor)) throw unsafe(survivor, "holds no log: nothing can be recovered from it");
    checkHoldsWhatItKnows(survivor);
  }
  const newest = Math.max(...survivors.map(({ clusterIncarnation }) => clusterIncarnation));
  const outdated = survivors.find(({ clusterIncarnation }) => clusterIncarnation < newest);
  if (outdated !== undefined) throw unsafe(outdated, `is of cluster incarnation ${outdated.clusterIncarnation}: the cluster was recovered without it as incarnation ${newest}`);
  const reference = survivors.reduce((most, survivor) => (committedIndexOf(survivor) > committedIndexOf(most) ? survivor : most));
  for (const survivor of survivors) checkAgrees(survivor, reference);
  return reference;
}

/** What a node knows to be committed it has on its own disk first; a log that ends before that has lost its end. */
function checkHoldsWhatItKnows(survivor: Survivor): void {
  const { name, directory, lastIndex } = survivor;
  if (committedIndexOf(survivor) <= lastIndex) return;
  throw new RaftctlError("CORRUPT", `${directory} (${name}) knows index ${committedIndexOf(survivor)} to be committed, but its log ends at ${lastIndex}: its end was lost`, { hint: "leave it out" });
}

/** State Machine Safety (Figure 3): what is committed is the same everywhere. */
function checkAgrees(survivor: Survivor, reference: Survivor): void {
  const index = committedIndexOf(survivor);
  const [own, expected] = [termAt(survivor, index), termAt(reference, index)];
  if (own === undefined || expected === undefined || own === expected) return;
  throw new RaftctlError("CORRUPT", `${survivor.name} and ${reference.name} both know index ${index} to be committed, with terms ${own} and ${expected}: one of them is not what it was`, {
    hint: "find out which disk was replaced or rolled back, and leave it out",
  });
}

function unsafe({ name, directory }: Survivor, what: string): RaftctlError {
  return new RaftctlError("UNSAFE", `${directory} (${name}) ${what}`, { hint: "leave it out" });
}
