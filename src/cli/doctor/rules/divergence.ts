// A node that has halted because its state is not that of the others (S42, H38). While the rest decides, it is right and the halted one is rebuilt from
// it. When the rest cannot decide, nobody knows whose state is right: then no directory may be thrown away.

import { cause, listed, runningNodes, severityOf, type Case, type Rule } from "../case.ts";
import type { Action } from "../cause.ts";
import { joinAnew, recover, removeMember, startNode, stopNode } from "../remedy.ts";
import type { NodeFacts } from "../../../wire/node-facts.ts";

export const stateDiverged: Rule = (found) => {
  const halted = runningNodes(found.picture).filter(({ raft }) => raft.divergence !== null);
  if (halted.length === 0) return [];
  const names = halted.map(({ name }) => name);
  const severity = severityOf(found, ({ obstacle }) => obstacle === "state-diverged");
  const [have, them] = halted.length === 1 ? ["it has", "it"] : ["they have", "them"];
  const rest = severity === "outage" ? "the rest cannot decide without" : "the others go on without";
  return [cause("state-diverged", severity, {
    damage: true, nodes: names, summary: `the state of ${listed(names)} is not that of the others, and ${have} halted: ${rest} ${them}`,
    evidence: halted.map(evidenceOf), actions: severity === "outage" ? findOutWhoIsRight(found, halted) : halted.flatMap((facts) => rebuild(found, facts)),
  })];
};

function evidenceOf({ name, raft: { divergence, lastApplied } }: NodeFacts): string {
  const { index, message } = divergence!;
  return `${name}${index === null ? "" : ` differs at index ${index} and`} has applied up to ${lastApplied ?? 0}: ${message}`;
}

function rebuild({ picture }: Case, { name, dataDir }: NodeFacts): Action[] {
  return [stopNode(picture, { name, dataDir }, "its state cannot be mended, and what is in its directory is of use for an inquiry"), removeMember(picture, name), joinAnew(picture, name, dataDir)];
}

/** A majority whose states are alike says who is right: whoever is missing is asked first. */
function findOutWhoIsRight({ picture, candidates }: Case, halted: readonly NodeFacts[]): Action[] {
  const absent = candidates.filter(({ id }) => ["down", "stopped"].includes(picture.stateOf(id)));
  const names = halted.map(({ name }) => name);
  return [
    ...absent.map(({ id, name }) => ({ ...startNode(picture, id), text: `bring back ${name}: a majority whose states are alike says who is right` })),
    { text: `only if there is no majority whose states are alike: stop all of them and keep every directory, decide whose state is right, and recover from that one; the command gives up ${listed(names)}`, command: recover(picture, names).command },
  ];
}
