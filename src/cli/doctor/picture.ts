// All that was found, put together: which cluster it is about, which configuration counts, who leads, and in what state each voter is. Where nodes
// disagree it takes the leader's word, and without a leader that of the most advanced log, because that node's configuration outlives the others'.

import type { MembershipFacts, NodeFacts } from "../../wire/node-facts.ts";
import { kindOf, type Examined, type Trouble } from "./examined.ts";

/** running: others hear it, only we do not. stopped: its directory was read and no daemon runs there. unknown: nobody looked. */
export type NodeState = "answers" | "running" | "stalled" | "down" | "unreachable" | "stopped" | "unknown";

export interface Picture {
  readonly examined: readonly Examined[];
  /** One for each node of this cluster, the running daemon's word before its directory's. */
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  /** Of other clusters. */
  readonly strangers: readonly NodeFacts[];
  readonly clusterId: string | undefined;
  readonly configuration: MembershipFacts;
  /** Whose configuration it is. */
  readonly source: NodeFacts | undefined;
  /** The majorities that every decision needs: one, or two while joint. */
  readonly groups: readonly (readonly string[])[];
  /** A leader that a majority follows. */
  readonly leader: string | undefined;
  /** Everybody who leads with a majority of its own configuration behind it; more than one is a split brain, or a change that is under way. */
  readonly leaders: readonly string[];
  /** No daemon answered and none was found silent: only directories were looked at. */
  readonly offline: boolean;
  name(id: string): string;
  stateOf(id: string): NodeState;
  /** How the doctor itself failed to reach it. */
  silenceOf(id: string): Trouble | undefined;
}

const nobody: MembershipFacts = { voters: [], votersOutgoing: [], learners: [], members: [] };
/** Where a directory does not say it: the default. */
export const electionTimeoutMsDefault = 1_000;

export function drawPicture(examined: readonly Examined[]): Picture {
  const all = examined.flatMap(({ facts }) => facts ?? []);
  const clusterId = prevailingCluster(all);
  const nodes = preferRunning(all.filter((facts) => facts.clusterId === clusterId));
  const leader = workingLeader([...nodes.values()]);
  const source = (leader === undefined ? undefined : nodes.get(leader)) ?? mostAdvanced([...nodes.values()]);
  const configuration = source?.raft.membership ?? nobody;
  return {
    examined, nodes, clusterId, configuration, source, leader, leaders: leadersOf([...nodes.values()]),
    offline: examined.every(({ facts, silence, forming }) => silence === undefined && facts?.source !== "live" && forming?.progress === undefined),
    strangers: all.filter((facts) => facts.clusterId !== clusterId),
    groups: groupsOf(configuration),
    name: remembered((id) => nodes.get(id)?.name ?? memberNamed(all, id) ?? id),
    stateOf: remembered((id) => stateOf({ examined, nodes }, id)),
    silenceOf: remembered((id) => silencesOf(examined, id)[0]),
  };
}

/** Every rule asks for every node, some of them for every pair. */
function remembered<T>(find: (id: string) => T): (id: string) => T {
  const known = new Map<string, { readonly found: T }>();
  return (id) => {
    const { found } = known.get(id) ?? { found: find(id) };
    known.set(id, { found });
    return found;
  };
}

export function groupsOf({ voters, votersOutgoing }: MembershipFacts): (readonly string[])[] {
  return [voters, votersOutgoing].filter((group) => group.length > 0);
}

export function votersOf(membership: MembershipFacts): readonly string[] {
  return [...new Set([...membership.voters, ...membership.votersOutgoing])];
}

export function majorityOf(group: readonly string[]): number {
  return Math.floor(group.length / 2) + 1;
}

/** It answers us, and is to the others as if it were down. */
export function isHalted(facts: NodeFacts | undefined): boolean {
  return facts !== undefined && facts.raft.divergence !== null;
}

/** (term, index): the order of §5.4.1. */
export function compareLogs(left: NodeFacts, right: NodeFacts): number {
  return left.raft.lastTerm - right.raft.lastTerm || left.raft.lastIndex - right.raft.lastIndex;
}

/** The cluster of most of the nodes, however often each of them was looked at; of equally many, the first one that was named. */
function prevailingCluster(all: readonly NodeFacts[]): string | undefined {
  const nodes = new Map<string, Set<string>>();
  for (const { clusterId, nodeId } of all) nodes.set(clusterId, (nodes.get(clusterId) ?? new Set<string>()).add(nodeId));
  return [...nodes].toSorted((left, right) => right[1].size - left[1].size)[0]?.[0];
}

function preferRunning(all: readonly NodeFacts[]): Map<string, NodeFacts> {
  const nodes = new Map<string, NodeFacts>();
  for (const facts of all) if (facts.source === "live" || !nodes.has(facts.nodeId)) nodes.set(facts.nodeId, facts);
  return nodes;
}

/** A voter of its own configuration knows more of it than one that has left. */
function mostAdvanced(nodes: readonly NodeFacts[]): NodeFacts | undefined {
  const voters = nodes.filter(({ nodeId, raft }) => votersOf(raft.membership).includes(nodeId));
  return (voters.length > 0 ? voters : nodes).toSorted((left, right) => compareLogs(right, left))[0];
}

function memberNamed(all: readonly NodeFacts[], id: string): string | undefined {
  for (const { raft } of all) {
    const member = raft.membership.members.find((candidate) => candidate.id === id);
    if (member !== undefined) return member.name;
  }
  return undefined;
}

/** Whom a majority of each group follows in one term, by what followers and the leader have heard of each other lately. */
function workingLeader(nodes: readonly NodeFacts[]): string | undefined {
  const halted = new Set(nodes.filter(isHalted).map(({ nodeId }) => nodeId));
  const claims = nodes.filter(({ source, raft }) => source === "live" && raft.leader !== null && !halted.has(raft.leader)).toSorted((left, right) => right.raft.term - left.raft.term);
  return claims.map(({ raft }) => raft).find((raft) => follow(nodes, raft.leader!, raft.term))?.leader ?? undefined;
}

function leadersOf(nodes: readonly NodeFacts[]): string[] {
  const leading = nodes.filter(({ nodeId, source, raft }) => source === "live" && raft.role === "leader" && raft.leader === nodeId);
  return leading.filter(({ nodeId, raft }) => follow(nodes, nodeId, raft.term)).map(({ nodeId }) => nodeId);
}

function follow(nodes: readonly NodeFacts[], leader: string, term: number): boolean {
  const own = nodes.find(({ nodeId, raft, source }) => source === "live" && nodeId === leader && raft.role === "leader" && raft.term === term);
  const voice = own ?? nodes.find(({ raft }) => raft.leader === leader && raft.term === term)!;
  const recentMs = 2 * (voice.electionTimeoutMs ?? electionTimeoutMsDefault);
  const isFresh = (ms: number | null | undefined): boolean => ms !== null && ms !== undefined && ms <= recentMs;
  const follows = (id: string): boolean => {
    if (id === leader && own !== undefined) return true;
    const facts = nodes.find(({ nodeId, source }) => nodeId === id && source === "live");
    if (facts !== undefined) return facts.raft.leader === leader && facts.raft.term === term && isFresh(facts.raft.lastContactMs);
    // A leader whose directory could be read has stopped a moment ago.
    return isFresh(own?.peers.find((peer) => peer.id === id)?.lastContactMs) || (id === leader && !nodes.some(({ nodeId }) => nodeId === id));
  };
  const groups = groupsOf(voice.raft.membership);
  return groups.length > 0 && groups.every((group) => group.filter(follows).length >= majorityOf(group));
}

type Seen = Pick<Picture, "examined" | "nodes">;

function stateOf({ examined, nodes }: Seen, id: string): NodeState {
  const facts = nodes.get(id);
  if (facts?.source === "live") return "answers";
  const knocks = [...nodes.values()].filter((node) => node.nodeId !== id).flatMap(({ peers }) => peers.filter((peer) => peer.id === id).map((peer) => peer.knock));
  if (knocks.some((knock) => knock.ok && knock.nodeId === id)) return "running";
  const kinds = [...silencesOf(examined, id), ...knocks.filter((knock) => !knock.ok)].map(kindOf);
  if (kinds.includes("stalled")) return "stalled";
  if (kinds.some((kind) => kind !== "silent" && kind !== "refused" && kind !== "cut")) return "running";
  if (kinds.includes("refused")) return "down";
  if (kinds.length > 0) return "unreachable";
  const looked = facts !== undefined || examined.some(({ directory }) => directory?.node?.id === id);
  return looked ? "stopped" : "unknown";
}

function silencesOf(examined: readonly Examined[], id: string): Trouble[] {
  return examined.flatMap(({ expected, facts, directory, silence }) => (silence !== undefined && [expected?.id, facts?.nodeId, directory?.node?.id].includes(id) ? [silence] : []));
}
