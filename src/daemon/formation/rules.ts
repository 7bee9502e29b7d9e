// How nodes that belong to nothing agree on the one that founds their cluster: decisions alone, without a clock, a disk or a network. Every node
// has one vote. It goes to the lowest id that is in sight, and a node founds the cluster when it votes for itself, when as many nodes as are
// expected vote for it, and when these are to be found at more than half of the addresses that the source names. All others join.
//
// Never two founders, whatever the order of starts, crashes, losses and partitions, because of four things that hold on every node:
//   1. A vote is durable before anybody hears of it (forming-file.ts), and so is its next value.
//   2. A node that votes for another one never votes for itself again, and never founds. So "I vote for another one" means "I have withdrawn",
//      and stays true; founding and withdrawing exclude each other, because the identity file is written between two votes and ends voting.
//   3. A vote leaves its candidate only after that candidate has said that it votes for another one, which means that it has withdrawn.
//   4. A founder counts what was said: "my vote is yours".
// Say that A and B both found, and that a node v is counted by both. Its vote was for one of them first, say A, and later for B. By 3 A had withdrawn
// before v's vote left it, so by 2 A has not founded, neither before nor after. So nobody is counted twice: the two count disjoint sets of nodes, each
// of at least `expect` nodes at more than half of the addresses. That is impossible when all nodes have the same source, because two disjoint sets of
// addresses are not both larger than half; and even with sources that differ as long as fewer than twice `expect` nodes exist. What is given
// for granted: `expect` is the same on all (formation.ts refuses to talk otherwise), no disk forgets, and one node id stands for one directory.
//
// A split vote ends because a node withdraws for every lower id that it sees, and the lowest of all never does.

import type { ErrorCode } from "../../base/errors.ts";
import type { ClusterId, NodeId } from "../../base/ids.ts";

export interface FormingSelf {
  readonly nodeId: NodeId;
  readonly expect: number;
  /** Durable. undefined: not given yet. */
  readonly vote: NodeId | undefined;
  /** never: joins only a cluster for whose founder it may have voted. */
  readonly join: "auto" | "never";
}

export interface Cluster {
  readonly id: ClusterId;
  /** How often it was recovered, plus one. */
  readonly incarnation: number;
}

/** What stands at one of the addresses that the source names. */
export type Finding = { readonly address: string } & (
  | { readonly kind: "self" }
  | { readonly kind: "forming"; readonly nodeId: NodeId; readonly name: string; readonly vote: NodeId | undefined }
  | { readonly kind: "member"; readonly name: string; readonly cluster: Cluster }
  | { readonly kind: "refused"; readonly reason: string; readonly code: ErrorCode; readonly hint: string | undefined }
  | { readonly kind: "silent"; readonly reason: string }
);

export type Step =
  | { readonly kind: "found" }
  | { readonly kind: "join"; readonly cluster: Cluster; readonly seeds: readonly string[] }
  | { readonly kind: "vote"; readonly candidate: NodeId }
  | { readonly kind: "wait" };

type FormingPeer = Extract<Finding, { kind: "forming" }>;

const wait: Step = { kind: "wait" };

/** @param findings one for each address, from answers of this node's present life: what they say of votes for it and of withdrawals stays true. */
export function nextStep(self: FormingSelf, findings: readonly Finding[]): Step {
  const clusters = clustersIn(findings);
  // Two clusters are a mistake of the source; which of them is meant, nobody here knows.
  if (clusters.length > 1) return wait;
  if (clusters.length === 1 && mayJoin(self)) return { kind: "join", cluster: clusters[0]!, seeds: seedsIn(findings) };
  if (clusters.length === 1) return wait;
  if (mayFound(self, findings)) return { kind: "found" };
  const candidate = chooseCandidate(self, formingPeers(findings));
  return candidate === undefined ? wait : { kind: "vote", candidate };
}

/**
 * The vote that a candidate gets because it has asked, although this node may not see enough nodes itself; undefined: none, or it has it already.
 * @param found how many nodes the candidate sees.
 */
export function voteWhenAsked(self: FormingSelf, asker: { readonly nodeId: NodeId; readonly vote: NodeId | undefined; readonly found: number }): NodeId | undefined {
  if (asker.found < self.expect || asker.vote === undefined) return undefined;
  if (asker.vote === self.nodeId) return self.vote === undefined ? self.nodeId : undefined;
  const free = self.vote === undefined || self.vote === self.nodeId;
  return free && asker.vote === asker.nodeId && isLower(asker.nodeId, self.nodeId) ? asker.nodeId : undefined;
}

/** Each once, as its latest incarnation: whoever says an earlier one was given up. */
export function clustersIn(findings: readonly Finding[]): readonly Cluster[] {
  const clusters = new Map<ClusterId, Cluster>();
  for (const finding of findings) {
    if (finding.kind !== "member") continue;
    const { id, incarnation } = finding.cluster;
    clusters.set(id, { id, incarnation: Math.max(incarnation, clusters.get(id)?.incarnation ?? 1) });
  }
  return [...clusters.values()];
}

/** Each once, also when it stands at several addresses. */
export function formingPeers(findings: readonly Finding[]): readonly FormingPeer[] {
  const peers = new Map<NodeId, FormingPeer>();
  for (const finding of findings) if (finding.kind === "forming") peers.set(finding.nodeId, finding);
  return [...peers.values()];
}

export function isLower(left: NodeId, right: NodeId): boolean {
  return BigInt(left) < BigInt(right);
}

export function mayJoin({ join, vote }: FormingSelf): boolean {
  return join === "auto" || vote !== undefined;
}

/** Who votes for this candidate, this node included, and at how many addresses they stand. */
export function supportOf(candidate: NodeId, findings: readonly Finding[]): { readonly voters: number; readonly covered: number } {
  const voters = formingPeers(findings).filter((peer) => peer.vote === candidate).length + 1;
  const covered = findings.filter((finding) => finding.kind === "self" || (finding.kind === "forming" && finding.vote === candidate)).length;
  return { voters, covered };
}

function mayFound({ nodeId, expect, vote }: FormingSelf, findings: readonly Finding[]): boolean {
  if (vote !== nodeId) return false;
  const { voters, covered } = supportOf(nodeId, findings);
  return voters >= expect && 2 * covered > findings.length;
}

/** undefined: the vote stays where it is. */
function chooseCandidate(self: FormingSelf, peers: readonly FormingPeer[]): NodeId | undefined {
  if (peers.length + 1 < self.expect) return undefined;
  const standing = peers.filter((peer) => stands(peer.nodeId, peer.vote)).map(({ nodeId }) => nodeId);
  if (self.vote === undefined) return lowest([self.nodeId, ...standing]);
  if (self.vote === self.nodeId) return lowest(standing.filter((id) => isLower(id, self.nodeId)));
  const holder = peers.find((peer) => peer.nodeId === self.vote);
  // Not seen, or it has not withdrawn: the vote is not ours to take back.
  if (holder === undefined || stands(holder.nodeId, holder.vote)) return undefined;
  return lowest(standing);
}

/** Whoever votes for another one has withdrawn. */
function stands(id: NodeId, vote: NodeId | undefined): boolean {
  return vote === undefined || vote === id;
}

function lowest(ids: readonly NodeId[]): NodeId | undefined {
  return ids.reduce<NodeId | undefined>((low, id) => (low === undefined || isLower(id, low) ? id : low), undefined);
}

function seedsIn(findings: readonly Finding[]): readonly string[] {
  const others = findings.filter(({ kind }) => kind !== "self");
  return others.toSorted((left, right) => Number(right.kind === "member") - Number(left.kind === "member")).map(({ address }) => address);
}
