// The answers to "how is it going": status, health and the list of members, from what the node itself knows.

import { globalRegionName, type NodeId } from "../base/ids.ts";
import type { CatchUpEstimate } from "../host/catch-up-meter.ts";
import type { Raft } from "../host/region.ts";
import { replacementReports } from "../host/replacements.ts";
import { failureTolerance, nameOf } from "../host/status.ts";
import type { TransportStats } from "../host/transport.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { CatchUpReport, HealthReport, MemberListReport, MemberReport, QuotaReport, RegionReport } from "../wire/admin-protocol.ts";

export interface RegionView {
  readonly raft: Raft;
  readonly transport: TransportStats;
  readonly catchUp: (id: NodeId) => CatchUpEstimate | undefined;
  /** This node was removed from the region, at this index. */
  readonly removedAt: number | undefined;
  readonly now: number;
  readonly electionTimeout: number;
  readonly fsyncP99Ms: number | undefined;
  readonly logBytes: number;
  readonly stateDigest: string;
  readonly quota: QuotaReport;
}

export function regionReport(view: RegionView): RegionReport {
  const { raft } = view;
  const status = raft.core.status();
  const contact = raft.leaderContactAge;
  const transfers = raft.stateTransfers.report();
  return {
    region: globalRegionName,
    role: raft.divergence === undefined ? status.role : "halted",
    term: status.currentTerm,
    leader: status.leader === undefined || raft.divergence !== undefined ? null : { id: status.leader, name: nameOf(status.membership, status.leader) },
    commitIndex: status.commitIndex,
    lastApplied: status.lastApplied,
    lastIndex: status.lastIndex,
    snapshotIndex: raft.storage.currentSnapshot?.index ?? 0,
    lag: status.commitIndex - status.lastApplied,
    lastContactMs: status.role === "leader" || contact === undefined ? null : Math.round(contact),
    fsyncP99Ms: view.fsyncP99Ms ?? null,
    logBytes: view.logBytes,
    membershipIndex: status.membershipIndex,
    failureTolerance: failureTolerance(status.membership, upBy(view, status)),
    joint: status.membership.votersOutgoing.length > 0,
    readOnly: raft.storage.readOnly,
    members: memberReports(view, status),
    election: electionReport(status),
    alarms: [...(raft.divergence === undefined ? [] : ["CORRUPT"]), ...(raft.storage.readOnly ? ["NO_SPACE"] : []), ...(view.removedAt === undefined ? [] : ["REMOVED"]), ...quotaAlarms(view.quota)],
    stateTransfers: { completed: transfers.completed, aborted: { ...transfers.aborted } },
    stateDigest: view.stateDigest,
  };
}

export function memberListReport(view: RegionView): MemberListReport {
  const { members, membershipIndex, failureTolerance: tolerance } = regionReport(view);
  return { members, membershipIndex, failureTolerance: tolerance, replacements: replacementReports(view.raft.core.status()) };
}

function quotaAlarms({ state }: QuotaReport): string[] {
  if (state === "ok") return [];
  return [state === "full" ? "QUOTA" : "QUOTA_WARNING"];
}

/** How far each member is, and who is up, only the leader knows: its answer, when there is one, completes ours. */
export function completedBy(own: RegionReport, leaders: MemberListReport | undefined): RegionReport {
  if (leaders === undefined || leaders.membershipIndex < own.membershipIndex) return own;
  return { ...own, members: leaders.members, failureTolerance: leaders.failureTolerance };
}

/** @param leadership undefined when a majority has just confirmed who leads, otherwise why not */
export function healthReport({ raft }: RegionView, leadership: string | undefined): HealthReport {
  const { leader, commitIndex, lastApplied, membership } = raft.core;
  const leads = leader === undefined ? "a leader answers" : `${nameOf(membership, leader)} leads`;
  const checks = [
    { name: "live", ok: true, detail: "the process answers" },
    { name: "leader", ok: leadership === undefined, detail: leadership ?? leads },
    { name: "applied", ok: commitIndex - lastApplied < 1_000, detail: `${commitIndex - lastApplied} committed entries are not applied yet` },
    { name: "state", ok: raft.divergence === undefined, detail: raft.divergence?.message ?? "no other node's state differs" },
    { name: "disk", ok: !raft.storage.readOnly, detail: raft.storage.readOnly ? "the disk is full: writes wait" : "the log takes writes" },
  ];
  const ready = checks.every((check) => check.ok);
  return { healthy: ready, live: true, ready, checks };
}

function memberReports(view: RegionView, status: RaftStatus): MemberReport[] {
  const { membership } = status;
  return membership.members.map((member) => {
    const peer = status.peers.find(({ id }) => id === member.id);
    const self = member.id === status.id;
    const match = peer?.matchIndex ?? (self && status.role === "leader" ? status.lastIndex : undefined);
    return {
      ...member,
      role: membership.voters.includes(member.id) || membership.votersOutgoing.includes(member.id) ? "voter" : "learner",
      leader: member.id === status.leader,
      regions: [globalRegionName],
      match: match ?? null,
      lag: match === undefined ? null : status.lastIndex - match,
      catchUp: catchUpReport(view.catchUp(member.id)),
      stateTransfer: transferReport(view, member.id),
      state: peer?.state ?? null,
      lastContactMs: peer?.lastContact === undefined ? null : Math.max(0, Math.round(view.now - peer.lastContact)),
      rttMs: view.transport.peers.find(({ id }) => id === member.id)?.rttMs ?? null,
    };
  });
}

function transferReport({ raft }: RegionView, id: NodeId): MemberReport["stateTransfer"] {
  const transfer = raft.stateTransfers.report().underWay.find(({ peer }) => peer === id);
  return transfer === undefined ? null : { bytes: transfer.bytes, sentBytes: transfer.sentBytes };
}

function catchUpReport(estimate: CatchUpEstimate | undefined): CatchUpReport | null {
  if (estimate === undefined) return null;
  const { entriesPerSecond, etaMs } = estimate;
  return { entriesPerSecond: Math.round(entriesPerSecond), etaMs: etaMs === undefined ? null : Math.round(etaMs) };
}

/** The leader knows by its followers' answers. A follower knows of its leader, and without one of whoever granted it a vote. */
function upBy(view: RegionView, status: RaftStatus): (id: NodeId) => boolean {
  if (status.role !== "leader") return (id) => id === status.id || id === status.leader || (status.votes?.granted.includes(id) ?? false);
  const oldest = view.now - 2 * view.electionTimeout;
  return (id) => id === status.id || (status.peers.find((peer) => peer.id === id)?.lastContact ?? Number.NEGATIVE_INFINITY) >= oldest;
}

function electionReport(status: RaftStatus): RegionReport["election"] {
  if (status.leader !== undefined || status.votes === undefined) return null;
  const names = (ids: readonly NodeId[]): string[] => ids.map((id) => nameOf(status.membership, id));
  const { granted, missing, refused, needed } = status.votes;
  return { term: status.currentTerm, needed: [...needed], granted: names(granted), missing: names(missing), refused: names(refused) };
}
