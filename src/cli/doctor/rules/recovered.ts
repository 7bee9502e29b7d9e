// A cluster that was recovered from the loss of its quorum: nodes from before that are shut out, and what is worse, two clusters under one id, because
// the old majority lived after all, or because it was recovered twice.

import type { NodeFacts } from "../../../wire/node-facts.ts";
import { cause, listed, oftenest, severityOf, type Case, type Rule } from "../case.ts";
import type { Action } from "../cause.ts";
import { votersOf } from "../picture.ts";
import { joinAnew } from "../remedy.ts";

export const fencedOut: Rule = (found) => {
  const all = [...found.picture.nodes.values()];
  const newest = Math.max(0, ...all.map(({ clusterIncarnation }) => clusterIncarnation));
  const old = all.filter(({ clusterIncarnation }) => clusterIncarnation < newest);
  const refused = found.edges.filter(({ reason }) => reason === "CLUSTER_RECOVERED");
  if (old.length + refused.length === 0) return [];
  const names = old.length > 0 ? old.map(({ name }) => name) : oftenest(refused.flatMap(({ from, to }) => [found.picture.name(from), found.picture.name(to)]));
  return [cause("fenced-out", severityOf(found, ({ obstacle }) => obstacle === "recovered"), {
    nodes: names, summary: `${listed(names)} was given up when the cluster was recovered, and cannot come back as it is`,
    evidence: [
      ...old.map(({ name, clusterIncarnation }) => `${name} is of cluster incarnation ${clusterIncarnation}, the cluster is at ${newest}`),
      ...refused.map(({ from, to }) => `${found.picture.name(from)} and ${found.picture.name(to)} refuse each other: one of them is from before the recovery`),
    ],
    actions: comeBack(found.picture, old),
  })];
};

/** What the old ones hold is not thrown away while they still decide by themselves. */
function comeBack(picture: Case["picture"], old: readonly NodeFacts[]): Action[] {
  if (old.length === 0) return [{ text: "run the doctor where both of them answer: it says which one is from before the recovery, and that one joins anew", command: null }];
  const decides = picture.leaders.some((id) => old.some(({ nodeId }) => nodeId === id));
  return decides ? [{ text: "decide first which one of the two clusters goes on", command: null }] : old.map(({ name, dataDir }) => joinAnew(picture, name, dataDir));
}

/** Each with a majority of its own: a cluster that was recovered while the old one lived, or twice. */
export const splitBrain: Rule = ({ picture }) => {
  const leaders = picture.leaders.map((id) => picture.nodes.get(id)!);
  const [first] = leaders;
  const apart = leaders.filter((facts) => facts === first || areApart(first!, facts));
  if (first === undefined || apart.length < 2) return [];
  const names = apart.map(({ name }) => name);
  return [cause("split-brain", "degraded", {
    nodes: names, summary: `there are ${apart.length} clusters under one id: ${listed(names)} lead at the same time, each with a majority of its own, and clients may write to any of them`,
    evidence: apart.map(({ name, clusterIncarnation, raft }) => `${name} leads {${raft.membership.voters.map((id) => picture.name(id)).join(",")}} in term ${raft.term} of cluster incarnation ${clusterIncarnation}, committed up to ${raft.commitIndex}`),
    actions: [{ text: "decide which one goes on, stop all nodes of the other, keep their directories until what was written there is saved, and let them join anew", command: null }],
  })];
};

/** In one configuration two majorities share a voter: who leads it changes, and that is no fault. */
function areApart(one: NodeFacts, other: NodeFacts): boolean {
  return one.clusterIncarnation !== other.clusterIncarnation || !votersOf(one.raft.membership).some((id) => votersOf(other.raft.membership).includes(id));
}
