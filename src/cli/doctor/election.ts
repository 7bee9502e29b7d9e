// The election rules, evaluated for every voter as if it campaigned now: whose votes it needs (§5.2, §6: of both majorities while joint), who would
// grant (§5.4.1: only to a log that is up to date), who cannot be reached or refuses for another reason, and which clause of that stands in its way.
// A vote of which nobody can know counts as granted: the doctor says "cannot win" only of what is certain.

import type { NodeFacts } from "../../wire/node-facts.ts";
import { shortReason } from "./examined.ts";
import { compareLogs, electionTimeoutMsDefault, groupsOf, isHalted, majorityOf, votersOf, type Picture } from "./picture.ts";
import { edgeBetween, type Edge } from "./reachability.ts";

export type Obstacle =
  | "down" | "unreachable" | "stalled" | "not-looked-at" | "damaged" | "state-diverged"
  | "longer-log" | "hears-leader" | "ineligible" | "not-voter" | "leaving" | "incarnation" | "recovered" | "removed" | "other-cluster" | "version" | "tls" | "wrong-address" | "leads-already";

/** One reason why a vote is not given (`voter`), or why the candidate does not even ask (`voter` is the candidate). */
export interface Clause {
  readonly voter: string;
  readonly obstacle: Obstacle;
  readonly text: string;
}

export interface Candidacy {
  readonly id: string;
  readonly name: string;
  readonly canWin: boolean;
  /** The majorities that it needs. */
  readonly groups: readonly (readonly string[])[];
  readonly clauses: readonly Clause[];
  readonly text: string;
}

/** Every voter of the configuration that counts, by name; without a leader also who believes to be one by another configuration. */
export function candidacies(picture: Picture): Candidacy[] {
  const believers = picture.leader !== undefined ? [] : [...picture.nodes.values()].filter(({ nodeId, raft }) => votersOf(raft.membership).includes(nodeId)).map(({ nodeId }) => nodeId);
  const voters = [...new Set([...votersOf(picture.configuration), ...believers])];
  return voters.toSorted((left, right) => picture.name(left).localeCompare(picture.name(right), "en", { numeric: true })).map((id) => candidacyOf(picture, id));
}

/** As if these clauses did not exist. */
export function wouldWin(candidacy: Candidacy, isLifted: (clause: Clause) => boolean): boolean {
  const standing = new Set(candidacy.clauses.filter((clause) => !isLifted(clause)).map((clause) => clause.voter));
  if (standing.has(candidacy.id) && candidacy.clauses.some((clause) => clause.voter === candidacy.id && clause.obstacle !== "leaving" && !isLifted(clause))) return false;
  return candidacy.groups.every((group) => group.filter((id) => !standing.has(id)).length >= majorityOf(group));
}

function candidacyOf(picture: Picture, id: string): Candidacy {
  const facts = picture.nodes.get(id);
  const configuration = facts !== undefined && facts.raft.membership.voters.length > 0 ? facts.raft.membership : picture.configuration;
  const groups = groupsOf(configuration);
  const others = votersOf(configuration).filter((voter) => voter !== id);
  const clauses = [...ownClauses(picture, id), ...others.flatMap((voter) => voteClause(picture, id, voter) ?? [])];
  const candidacy = { id, name: picture.name(id), groups, clauses };
  const canWin = wouldWin({ ...candidacy, canWin: false, text: "" }, () => false);
  return { ...candidacy, canWin, text: candidacyText(picture, candidacy, canWin) };
}

// ── why a node does not campaign ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function ownClauses(picture: Picture, id: string): Clause[] {
  const absent = absence(picture, id);
  const own = (obstacle: Obstacle, text: string): Clause => ({ voter: id, obstacle, text });
  const clauses = absent === undefined ? [] : [own(absent.obstacle, absent.text)];
  const member = picture.configuration.members.find((candidate) => candidate.id === id);
  const facts = picture.nodes.get(id);
  if (member?.masterEligible === false || facts?.masterEligible === false) clauses.push(own("ineligible", "masterEligible: false"));
  if (facts !== undefined && !votersOf(facts.raft.membership).includes(id)) clauses.push(leaves(facts) ? own("leaving", "it does not count itself") : own("not-voter", "its own configuration does not name it as a voter"));
  return clauses;
}

/** Until that is committed it campaigns for the others, who may need its log, and does not count itself (diss. §4.2.2). */
function leaves({ raft }: NodeFacts): boolean {
  return raft.membershipIndex > raft.commitIndex;
}

function absence(picture: Picture, id: string): { readonly obstacle: Obstacle; readonly text: string } | undefined {
  const trouble = picture.examined.find(({ directory }) => directory?.node?.id === id)?.directory;
  if (trouble !== undefined && picture.nodes.get(id)?.source !== "live") return { obstacle: "damaged", text: trouble.state === "wiped" ? "its log is gone" : "its directory is damaged" };
  if (isHalted(picture.nodes.get(id))) return { obstacle: "state-diverged", text: "it has halted, because its state differs" };
  switch (picture.stateOf(id)) {
    case "down": return { obstacle: "down", text: "it is not running" };
    case "stopped": return picture.offline ? undefined : { obstacle: "down", text: "it is not running" };
    case "stalled": return { obstacle: "stalled", text: "it accepts connections and answers nothing" };
    case "unreachable": return { obstacle: "unreachable", text: "nobody reaches it" };
    case "unknown": return { obstacle: "not-looked-at", text: picture.offline ? "its directory was not given" : "nobody looked at it" };
    default: return undefined;
  }
}

// ── why a vote is not given ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function voteClause(picture: Picture, candidate: string, voter: string): Clause | undefined {
  const { obstacle, text } = unreached(picture, candidate, voter) ?? refused(picture, candidate, voter) ?? {};
  return obstacle === undefined ? undefined : { voter, obstacle, text: text! };
}

type Finding = Omit<Clause, "voter"> | undefined;

function unreached(picture: Picture, candidate: string, voter: string): Finding {
  const name = picture.name(voter);
  const edge = edgeBetween(picture, candidate, voter);
  const absent = absence(picture, voter);
  const failed = edge !== undefined && !edge.reached ? edge : undefined;
  if (absent !== undefined) {
    const seen = failed === undefined ? undefined : `${name} is unreachable from ${picture.name(candidate)} (${failed.reason})`;
    const silence = picture.silenceOf(voter);
    const asked = silence === undefined || absent.obstacle === "damaged" || absent.obstacle === "stalled" ? "" : ` (${shortReason(silence)})`;
    return { obstacle: absent.obstacle, text: seen ?? `${name}: ${absent.text}${asked}` };
  }
  if (failed === undefined) return undefined;
  return { obstacle: obstacleOf(failed), text: `${name} is unreachable from ${picture.name(candidate)} (${failed.reason})` };
}

const refusals: Readonly<Record<string, Obstacle>> = {
  INCARNATION_REFUSED: "incarnation", CLUSTER_RECOVERED: "recovered", CLUSTER_MISMATCH: "other-cluster", PEER_IDENTITY_MISMATCH: "wrong-address", REMOVED: "removed",
};

function obstacleOf({ kind, reason }: Edge): Obstacle {
  const refusal = refusals[reason ?? ""];
  if (refusal !== undefined && kind === "stranger") return refusal;
  if (kind === "tls" || kind === "version") return kind;
  return "unreachable";
}

function refused(picture: Picture, candidate: string, voter: string): Finding {
  const [asker, asked] = [picture.nodes.get(candidate), picture.nodes.get(voter)];
  if (asker === undefined || asked === undefined) return undefined;
  const name = picture.name(voter);
  const known = asked.raft.membership.members.find((member) => member.id === candidate);
  if (known !== undefined && known.incarnation > asker.incarnation) {
    return { obstacle: "incarnation", text: `${name} refuses incarnation ${asker.incarnation} of ${picture.name(candidate)}: it knows ${known.incarnation}` };
  }
  if (asker.clusterIncarnation !== asked.clusterIncarnation) return { obstacle: "recovered", text: `${name} is of cluster incarnation ${asked.clusterIncarnation}, ${picture.name(candidate)} of ${asker.clusterIncarnation}` };
  if (compareLogs(asked, asker) > 0) return { obstacle: "longer-log", text: `${name} has a longer log ${positions(asked, asker)}` };
  return hearing(picture, asked);
}

/** diss. §4.2.3. A leader that has halted is not heard again; with a leader that works it says nothing about an election without it. */
function hearing(picture: Picture, { nodeId, raft, electionTimeoutMs }: NodeFacts): Finding {
  if (picture.leader !== undefined || raft.leader === null || isHalted(picture.nodes.get(raft.leader))) return undefined;
  const name = picture.name(nodeId);
  if (raft.leader === nodeId) return { obstacle: "leads-already", text: `${name} believes that it leads` };
  const isFresh = raft.lastContactMs !== null && raft.lastContactMs < (electionTimeoutMs ?? electionTimeoutMsDefault);
  return isFresh ? { obstacle: "hears-leader", text: `${name} hears ${picture.name(raft.leader)} as its leader` } : undefined;
}

function positions(longer: NodeFacts, shorter: NodeFacts): string {
  return `(${longer.raft.lastTerm},${longer.raft.lastIndex}) > (${shorter.raft.lastTerm},${shorter.raft.lastIndex})`;
}

// ── in words ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function candidacyText(picture: Picture, { id, name, groups, clauses }: Omit<Candidacy, "canWin" | "text">, canWin: boolean): string {
  if (picture.leader === id) return `${name} leads`;
  if (canWin) return `${name} can win`;
  const own = clauses.filter((clause) => clause.voter === id && clause.obstacle !== "leaving");
  if (own.length > 0) return `${name} cannot win: ${own.map((clause) => clause.text).join(", ")}`;
  const needs = groups.map((group) => `${majorityOf(group)} of {${group.map((voter) => picture.name(voter)).join(",")}}`).join(" and ");
  return `${name} cannot win: needs ${needs}; ${clauses.map((clause) => clause.text).join(" and ")}`;
}
