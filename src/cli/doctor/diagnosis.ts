// From what was found to a verdict: every rule is asked, the causes are put in order (what keeps the cluster from working first, and of those what lies
// deepest), and consequences that a deeper cause explains are left out. Pure: equal facts give equal diagnoses.

import type { NodeFacts } from "../../wire/node-facts.ts";
import { openCase, type Case, type Rule } from "./case.ts";
import { causeIds, type Action, type Cause, type CauseId } from "./cause.ts";
import type { Examined } from "./examined.ts";
import { majorityOf } from "./picture.ts";
import { matrixDocument, type EdgeDocument } from "./reachability.ts";
import { differentClusters, duplicateAddress, duplicateId, notAdmitted, removedNode, tlsMismatch, versionMismatch, wrongAddress } from "./rules/identity.ts";
import { stateDiverged } from "./rules/divergence.ts";
import { forming } from "./rules/forming.ts";
import { clockWrong, configurationsDiffer, electionBlocked, electionUnderWay, eventLoopLate, noEligibleCandidate } from "./rules/leadership.ts";
import { asymmetricPartition, nodeDown, nodesStopped, nodeUnreachable, partition, processPaused, quorumLost } from "./rules/reach.ts";
import { fencedOut, splitBrain } from "./rules/recovered.ts";
import { directoryDamaged, diskFull, diskSlow, wipedDisk } from "./rules/storage.ts";

const rules: readonly Rule[] = [
  directoryDamaged, wipedDisk, stateDiverged, splitBrain, differentClusters, fencedOut, tlsMismatch, versionMismatch, duplicateId, duplicateAddress, wrongAddress,
  processPaused, partition, asymmetricPartition, noEligibleCandidate, configurationsDiffer, quorumLost, nodeUnreachable, nodeDown, nodesStopped,
  diskFull, diskSlow, eventLoopLate, removedNode, forming, notAdmitted, clockWrong, electionBlocked, electionUnderWay,
];

/** damaged: a directory cannot be started from, or a state is wrong. unavailable: nothing is decided, or no write is taken. degraded: it works with less than it should. */
export type Verdict = "healthy" | "degraded" | "unavailable" | "damaged";

export interface Diagnosis {
  verdict: Verdict;
  cause: CauseId | null;
  /** In one sentence. */
  summary: string;
  causes: Cause[];
  candidates: CandidateDocument[];
  reachability: EdgeDocument[];
  /** Of the first cause. */
  evidence: string[];
  /** The smallest one that helps first. */
  actions: Action[];
  leader: string | null;
  nodes: NodeDocument[];
}

export interface CandidateDocument {
  name: string;
  id: string;
  canWin: boolean;
  needs: { votes: number; of: string[] }[];
  clauses: { voter: string; obstacle: string; text: string }[];
  text: string;
}

export interface NodeDocument {
  place: string;
  name: string | null;
  id: string | null;
  state: string;
  role: string | null;
  term: string | null;
  lastTerm: string | null;
  lastIndex: string | null;
  commitIndex: string | null;
  error: { code: string; message: string } | null;
}

/** @param only leave out every cause but this one. */
export function diagnose(examined: readonly Examined[], only?: CauseId): Diagnosis {
  const found = openCase(examined);
  const causes = explained(rules.flatMap((rule) => rule(found))).filter(({ id }) => only === undefined || id === only).toSorted(worstFirst);
  const verdict = verdictOf(causes);
  return {
    verdict, cause: causes[0]?.id ?? null, summary: causes[0]?.summary ?? healthText(found, only), causes,
    candidates: candidateDocuments(found), reachability: matrixDocument(found.picture),
    evidence: [...(causes[0]?.evidence ?? [])], actions: distinct(causes.flatMap(({ actions }) => actions)),
    leader: found.picture.leader === undefined ? null : found.picture.name(found.picture.leader), nodes: examined.map((place) => nodeDocument(found, place)),
  };
}

/** That nothing runs is no news to somebody who names directories: whatever else was found in them comes first. */
function worstFirst(left: Cause, right: Cause): number {
  const weight = ({ id, severity }: Cause): number => (id === "nodes-stopped" ? 2 : severity === "outage" ? 0 : 1);
  return weight(left) - weight(right) || causeIds.indexOf(left.id) - causeIds.indexOf(right.id);
}

function verdictOf(causes: readonly Cause[]): Verdict {
  if (causes.some(({ damage }) => damage)) return "damaged";
  if (causes.some(({ severity }) => severity === "outage")) return "unavailable";
  return causes.length > 0 ? "degraded" : "healthy";
}

/** What a deeper cause about the same nodes has said already is not said again. */
function explained(causes: readonly Cause[]): Cause[] {
  const namesOf = (...ids: readonly CauseId[]): Set<string> => new Set(causes.filter(({ id }) => ids.includes(id)).flatMap(({ nodes }) => nodes));
  const gone = namesOf("directory-damaged", "wiped-disk", "quorum-lost", "wrong-address", "tls-mismatch", "version-mismatch");
  const misplaced = namesOf("wrong-address");
  const has = (...ids: readonly CauseId[]): boolean => causes.some((one) => ids.includes(one.id) && one.severity === "outage");
  return causes.filter(({ id, nodes }) => {
    if (id === "node-down" || id === "node-unreachable") return !nodes.every((name) => gone.has(name));
    if (id === "partition" || id === "asymmetric-partition") return !nodes.some((name) => misplaced.has(name));
    if (id === "election-blocked") return !causes.some((one) => one.severity === "outage" && one.id !== "election-blocked");
    if (id === "election-under-way") return !has("disk-slow", "event-loop-late", "disk-full");
    return true;
  });
}

function distinct(actions: readonly Action[]): Action[] {
  return [...new Map(actions.map((action) => [`${action.text} ${action.command}`, action])).values()];
}

function healthText({ picture }: Case, only: CauseId | undefined): string {
  if (only !== undefined) return `${only} was not found`;
  const voters = picture.groups[0]?.length ?? 0;
  const leads = picture.leader === undefined ? "" : `${picture.name(picture.leader)} leads, `;
  return `${leads}${voters} of ${voters} voters are well, ${voters - majorityOf(picture.groups[0] ?? [])} may fail`;
}

function candidateDocuments({ picture, candidates }: Case): CandidateDocument[] {
  return candidates.map(({ id, name, canWin, groups, clauses, text }) => ({
    name, id, canWin, text, needs: groups.map((group) => ({ votes: majorityOf(group), of: group.map((voter) => picture.name(voter)) })),
    clauses: clauses.map((clause) => ({ ...clause, voter: picture.name(clause.voter) })),
  }));
}

function nodeDocument({ picture }: Case, { place, facts, expected, silence, directory, forming: newcomer }: Examined): NodeDocument {
  const node = facts === undefined ? (directory?.node ?? expected) : { id: facts.nodeId, name: facts.name };
  return {
    place, name: newcomer?.name ?? node?.name ?? null, id: node?.id ?? null, state: newcomer === undefined ? stateText(picture, facts, { node, directory }) : "forming", role: facts?.raft.role ?? null,
    term: textOf(facts?.raft.term), lastTerm: textOf(facts?.raft.lastTerm), lastIndex: textOf(facts?.raft.lastIndex), commitIndex: textOf(facts?.raft.commitIndex),
    error: errorOf(silence ?? directory),
  };
}

function stateText(picture: Case["picture"], facts: NodeFacts | undefined, { node, directory }: { readonly node: { readonly id: string } | undefined; readonly directory: Examined["directory"] }): string {
  if (facts?.source === "live") return "answers";
  if (directory !== undefined) return directory.state;
  return node === undefined ? "unknown" : picture.stateOf(node.id);
}

function errorOf(trouble: { readonly code: string; readonly message: string } | undefined): NodeDocument["error"] {
  return trouble === undefined ? null : { code: trouble.code, message: trouble.message };
}

function textOf(value: number | undefined): string | null {
  return value === undefined ? null : String(value);
}
