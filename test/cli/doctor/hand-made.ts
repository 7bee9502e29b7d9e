// Facts written down by hand: a healthy cluster of voters, and small changes that make it ill. Every change gives a new cluster, so that faults can be
// put together.

import type { Examined, Forming, Trouble } from "../../../src/cli/doctor/examined.ts";
import type { Knock, MembershipFacts, NodeFacts, PeerFacts } from "../../../src/wire/node-facts.ts";

export type Cluster = ReadonlyMap<string, Examined>;

const wallClockMs = 1_800_000_000_000;

export const refused: Trouble = { code: "UNREACHABLE", message: "cannot connect to 10.0.0.9:7400: connect ECONNREFUSED 10.0.0.9:7400" };
export const silent: Trouble = { code: "UNREACHABLE", message: "cannot connect to 10.0.0.9:7400: no answer within 500 ms" };
export const stalled: Trouble = { code: "UNREACHABLE", message: "10.0.0.9:7400 accepted but did not answer the handshake in time" };
export const broken: Trouble = { code: "UNREACHABLE", message: "read ECONNRESET" };

export function names(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `n${place + 1}`);
}

/** n1 leads in term 7, and every log ends at (7,1042). The id of n1 is 1. */
export function healthy(count = 3): Cluster {
  const membership = membershipOf(names(count));
  return new Map(names(count).map((name) => [name, answering(factsOf(name, membership))]));
}

export function membershipOf(voters: readonly string[]): MembershipFacts {
  return { voters: voters.map(idOf), votersOutgoing: [], learners: [], members: voters.map(memberOf) };
}

export function memberOf(name: string): MembershipFacts["members"][number] {
  return { id: idOf(name), name, peerAddress: `10.0.0.${idOf(name)}:7401`, clientAddress: `10.0.0.${idOf(name)}:7400`, incarnation: 1, masterEligible: true };
}

export function idOf(name: string): string {
  return name.slice(1);
}

export function factsOf(name: string, membership: MembershipFacts): NodeFacts {
  const id = idOf(name);
  const leads = name === "n1";
  return {
    source: "live", clusterId: "a".repeat(32), clusterIncarnation: 1, nodeId: id, name, incarnation: 1, version: "0.1.0", protocol: 1, dataFormat: 1,
    dataDir: `/var/lib/${name}`, addresses: { peer: memberOf(name).peerAddress, client: memberOf(name).clientAddress }, electionTimeoutMs: 1000, masterEligible: true,
    process: { pid: 100 + Number(id), state: "ready", uptimeMs: 60_000, eventLoopLagP99Ms: 1, wallClockMs, wallClockJumpMs: 0, join: null },
    disk: { fsyncP99Ms: 2, pendingMs: null, readOnly: false },
    raft: {
      role: leads ? "leader" : "follower", term: 7, votedFor: "1", leader: "1", lastContactMs: leads ? 0 : 40, lastTerm: 7, lastIndex: 1042, commitIndex: 1042, lastApplied: 1042,
      snapshotIndex: 0, votes: null, membershipIndex: 5, membership, removedAt: null, divergence: null,
    },
    peers: membership.members.map((member) => peerOf(member, leads)), warnings: [],
  };
}

function peerOf({ id, name, peerAddress }: MembershipFacts["members"][number], fromLeader: boolean): PeerFacts {
  return {
    id, address: peerAddress, link: { state: "connected", lastError: null, rttMs: 1 }, knock: { ok: true, nodeId: id, name, clusterId: "a".repeat(32), incarnation: 1, ms: 2 },
    lastContactMs: fromLeader ? 40 : null, matchIndex: fromLeader ? 1042 : null, replication: fromLeader ? "replicate" : null,
  };
}

export function answering(facts: NodeFacts): Examined {
  return { place: `10.0.0.${facts.nodeId}:7400`, expected: { id: facts.nodeId, name: facts.name }, facts, silence: undefined, directory: undefined, forming: undefined, answered: { wallClockMs, tookMs: 3 } };
}

/** What the audit of a node says that has halted. */
export const differs = { index: 1024, message: "a majority has another state than this node at index 1024: it applies nothing any more and answers nothing from its state" };

// ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function changed(cluster: Cluster, name: string, change: (facts: NodeFacts) => NodeFacts): Cluster {
  const place = cluster.get(name)!;
  return new Map([...cluster, [name, { ...place, facts: change(place.facts!) }]]);
}

export function everywhere(cluster: Cluster, change: (facts: NodeFacts) => NodeFacts): Cluster {
  return new Map([...cluster].map(([name, place]) => [name, place.facts === undefined ? place : { ...place, facts: change(place.facts) }]));
}

/** Everybody has noticed that nobody leads. */
export function leaderless(cluster: Cluster): Cluster {
  return everywhere(cluster, (facts) => ({
    ...facts, raft: { ...facts.raft, role: "preCandidate", leader: null, lastContactMs: null },
    peers: facts.peers.map((peer) => ({ ...peer, lastContactMs: null, replication: null })),
  }));
}

export function raft(facts: NodeFacts, change: Partial<NodeFacts["raft"]>): NodeFacts {
  return { ...facts, raft: { ...facts.raft, ...change } };
}

/** Its state is not that of the others, and it has found out. */
export function halted(cluster: Cluster, name: string): Cluster {
  return changed(cluster, name, (facts) => raft(facts, { role: "halted", leader: null, lastContactMs: null, divergence: differs }));
}

/** It answers neither us nor anybody. Leaderless when that is too much, or when it led. */
export function gone(cluster: Cluster, name: string, trouble: Trouble): Cluster {
  const place = cluster.get(name)!;
  const without = new Map([...cluster, [name, { ...place, facts: undefined, silence: trouble, answered: undefined }]]);
  return everywhere(without, (facts) => cutPeer(facts, name, trouble));
}

/** From one node to another; nothing is said of the way back. */
export function cut(cluster: Cluster, from: string, to: string, trouble: Trouble = broken): Cluster {
  return changed(cluster, from, (facts) => cutPeer(facts, to, trouble));
}

function cutPeer(facts: NodeFacts, name: string, { code, message }: Trouble): NodeFacts {
  return withPeer(facts, name, { knock: { ok: false, code, message }, link: { state: "closed", lastError: message, rttMs: null }, lastContactMs: null });
}

export function withPeer(facts: NodeFacts, name: string, change: Partial<PeerFacts>): NodeFacts {
  return { ...facts, peers: facts.peers.map((peer) => (peer.id === idOf(name) ? { ...peer, ...change } : peer)) };
}

export function answersAs(name: string): Knock {
  return { ok: true, nodeId: idOf(name), name, clusterId: "a".repeat(32), incarnation: 1, ms: 1 };
}

/** Its daemon is stopped, and its directory was given. */
export function onDisk(cluster: Cluster, name: string): Cluster {
  const place = cluster.get(name)!;
  const facts: NodeFacts = {
    ...place.facts!, source: "directory", electionTimeoutMs: null, process: null, disk: { fsyncP99Ms: null, pendingMs: null, readOnly: false }, peers: [],
    raft: { ...place.facts!.raft, role: null, leader: null, lastContactMs: null, lastApplied: null },
  };
  return new Map([...cluster, [name, { ...place, place: `/mnt/${name}`, expected: undefined, facts, answered: undefined }]]);
}

export function damaged(cluster: Cluster, name: string, state: "wiped" | "damaged"): Cluster {
  const place = cluster.get(name)!;
  const directory = { state, node: { id: idOf(name), name }, code: "CORRUPT", message: `/mnt/${name}/wal/0000000000000001.wal is damaged at byte 4096: a batch does not match its checksum` };
  return new Map([...cluster, [name, { ...place, place: `/mnt/${name}`, expected: undefined, facts: undefined, directory, answered: undefined }]]);
}

/** Of a cluster of three that does not exist yet. */
export function formingAt(name: string, progress: Partial<NonNullable<Forming["progress"]>> | undefined): Examined {
  const source = "static:10.0.0.1:7401,10.0.0.2:7401,10.0.0.3:7401";
  const addresses = [
    { address: "10.0.0.1:7401", state: "self" as const, detail: "this node" }, { address: "10.0.0.2:7401", state: "forming" as const, detail: "n2" },
    { address: "10.0.0.3:7401", state: "silent" as const, detail: "connect ECONNREFUSED" },
  ];
  const whole = { source, expect: 3, found: 2, vote: null, addresses, waitsFor: "2 of 3 nodes found; 10.0.0.3:7401: connect ECONNREFUSED", problem: null };
  return {
    place: `/run/${name}.sock`, expected: undefined, facts: undefined, silence: undefined, directory: undefined, answered: undefined,
    forming: { name, source, expect: 3, progress: progress === undefined ? undefined : { ...whole, ...progress } },
  };
}

/** n1 to n4 have gone on as they were, though the last of five was recovered from their loss and leads alone. */
export function twoClusters(): Cluster {
  return changed(healthy(5), "n5", (facts) => ({ ...raft(facts, { role: "leader", leader: "5", term: 9, lastTerm: 9, lastContactMs: 0, membership: membershipOf(["n5"]) }), clusterIncarnation: 2 }));
}

export function withMembership(cluster: Cluster, membership: MembershipFacts): Cluster {
  return everywhere(cluster, (facts) => raft(facts, { membership }));
}
