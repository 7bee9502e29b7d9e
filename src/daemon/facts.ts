// This node's answer to `diagnose`: what it knows of itself and of its peers, and what a knock at every member's address brings right now. A knock is
// one handshake and changes nothing; members that do not answer cost the caller two time limits, all of them together.

import { toRaftctlError, type RaftctlError } from "../base/errors.ts";
import type { Joining } from "../host/joining.ts";
import type { Transport, TransportStats } from "../host/transport.ts";
import type { Member, Membership } from "../raft/membership.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { Identity } from "../storage/data-dir.ts";
import type { WalStats } from "../storage/wal/wal-options.ts";
import type { DaemonStatus, NodeStatus } from "../wire/admin-protocol.ts";
import type { DivergenceFacts, Knock, MembershipFacts, NodeFacts, PeerFacts, ProcessFacts, RaftFacts } from "../wire/node-facts.ts";
import type { RegionView } from "./node-status.ts";
import { versionReport } from "./reports.ts";

export interface FactSources {
  readonly identity: Identity;
  readonly masterEligible: boolean;
  readonly node: () => Omit<NodeStatus, "regions">;
  readonly daemon: () => DaemonStatus;
  readonly view: () => RegionView;
  readonly wal: Pick<WalStats, "pendingSinceMs">;
  readonly wallClockJumpMs: () => number;
  readonly joining: () => Joining | undefined;
  /** As the leader gateway knows it. */
  readonly removedAt: () => number | undefined;
  readonly transport: Pick<Transport, "probe">;
}

/** Long enough for a handshake on a busy machine, short enough for a call of five seconds. */
const knockTimeoutMs = 1_500;

export async function nodeFacts(sources: FactSources): Promise<NodeFacts> {
  const knocks = await knockAtMembers(sources);
  // Read after the knocks, so that all of it is of one moment and as late as possible.
  const { identity, masterEligible } = sources;
  const node = sources.node();
  const view = sources.view();
  const status = view.raft.core.status();
  const { version, protocol, dataFormat } = versionReport(identity.name);
  return {
    source: "live", clusterId: identity.clusterId, clusterIncarnation: identity.clusterIncarnation, nodeId: identity.nodeId, name: identity.name, incarnation: identity.incarnation,
    version, protocol, dataFormat, dataDir: sources.daemon().dataDir, addresses: { peer: node.peerAddress, client: node.clientAddress }, electionTimeoutMs: view.electionTimeout, masterEligible,
    process: processFacts(sources),
    disk: { fsyncP99Ms: view.fsyncP99Ms ?? null, pendingMs: sources.wal.pendingSinceMs ?? null, readOnly: view.raft.storage.readOnly },
    raft: { ...raftFacts(view, status), removedAt: sources.removedAt() ?? null },
    peers: status.membership.members.flatMap((member) => peerFacts(member, { view, status, knock: knocks.get(member.id) })),
    warnings: node.warnings,
  };
}

function processFacts(sources: FactSources): ProcessFacts {
  const { pid, state, uptimeMs } = sources.daemon();
  const progress = sources.joining()?.progress();
  const join = progress === undefined ? null : { stage: progress.stage, error: progress.error === null ? null : { code: progress.error.code, message: progress.error.message } };
  return {
    pid, state, uptimeMs, eventLoopLagP99Ms: sources.node().eventLoopLagP99Ms,
    wallClockMs: Date.now(), wallClockJumpMs: Math.round(sources.wallClockJumpMs()), join,
  };
}

function raftFacts({ raft }: RegionView, status: RaftStatus): Omit<RaftFacts, "removedAt"> {
  const { votes, membership } = status;
  const contact = raft.leaderContactAge;
  const divergence = divergenceFacts(raft.divergence);
  return {
    term: status.currentTerm, votedFor: status.votedFor ?? null,
    // Whoever has halted neither leads nor follows any more, whatever it was when it did.
    ...(divergence === null
      ? { role: status.role, leader: status.leader ?? null, lastContactMs: contact === undefined ? null : Math.round(contact) }
      : { role: "halted", leader: null, lastContactMs: null }),
    lastTerm: status.lastTerm, lastIndex: status.lastIndex, commitIndex: status.commitIndex, lastApplied: status.lastApplied, snapshotIndex: status.snapshotIndex,
    votes: votes === undefined ? null : { granted: [...votes.granted], refused: [...votes.refused], missing: [...votes.missing], needed: [...votes.needed] },
    membershipIndex: status.membershipIndex,
    membership: membershipFacts(membership), divergence,
  };
}

function divergenceFacts(error: RaftctlError | undefined): DivergenceFacts | null {
  const index = error?.details?.["index"];
  return error === undefined ? null : { index: typeof index === "number" ? index : null, message: error.message };
}

export function membershipFacts({ voters, votersOutgoing, learners, learnersNext, members }: Membership): MembershipFacts {
  return { voters: [...voters], votersOutgoing: [...votersOutgoing], learners: [...learners, ...learnersNext], members: members.map((member) => ({ ...member })) };
}

async function knockAtMembers({ view, transport }: FactSources): Promise<ReadonlyMap<string, Knock>> {
  const { members } = view().raft.core.membership;
  return new Map(await Promise.all(members.map(async ({ id, peerAddress }) => [id, await knockAt(peerAddress, transport)] as const)));
}

/** A second time when nobody answered in time: a busy machine is not a stuck one. */
async function knockAt(address: string, transport: FactSources["transport"]): Promise<Knock> {
  const first = await knockOnce(address, transport);
  return first.ok || first.code !== "UNREACHABLE" ? first : knockOnce(address, transport);
}

async function knockOnce(address: string, transport: FactSources["transport"]): Promise<Knock> {
  const began = performance.now();
  try {
    const { nodeId, name, clusterId, incarnation } = await transport.probe(address, { timeoutMs: knockTimeoutMs });
    return { ok: true, nodeId, name, clusterId: clusterId ?? null, incarnation, ms: Math.round(performance.now() - began) };
  } catch (error) {
    const { code, message } = toRaftctlError(error);
    return { ok: false, code, message };
  }
}

/** A member that was admitted while we knocked has no answer yet, and no line. */
function peerFacts(member: Member, seen: { readonly view: RegionView; readonly status: RaftStatus; readonly knock: Knock | undefined }): PeerFacts[] {
  const { view, status, knock } = seen;
  if (knock === undefined) return [];
  const progress = status.peers.find(({ id }) => id === member.id);
  return [{
    id: member.id, address: member.peerAddress, knock,
    link: linkFacts(view.transport.peers.find(({ id }) => id === member.id)),
    lastContactMs: progress?.lastContact === undefined ? null : Math.max(0, Math.round(view.now - progress.lastContact)),
    matchIndex: progress?.matchIndex ?? null,
    replication: progress?.state ?? null,
  }];
}

function linkFacts(link: TransportStats["peers"][number] | undefined): PeerFacts["link"] {
  return link === undefined ? null : { state: link.state, lastError: link.lastError ?? null, rttMs: link.rttMs ?? null };
}
