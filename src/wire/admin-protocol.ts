// The methods behind `admin` requests: parameters and results by name. Plain JSON values: terms and indexes are numbers here and become
// strings in the command line's JSON. Between nodes the same methods travel to the leader.

import type { MembershipChange } from "../raft/membership.ts";

export interface AdminMethods {
  status: { params: Record<string, never>; result: NodeStatus };
  health: { params: Record<string, never>; result: HealthReport };
  memberList: { params: Record<string, never>; result: MemberListReport };
  leaderTransfer: { params: { to: string | null }; result: { old: string | null; new: string; ms: number } };
  /** U8: asks the leader of the region to step down, whoever it is. */
  leaderResign: { params: Record<string, never>; result: { old: string | null; new: string; ms: number } };
  /** From a newcomer's daemon to any member; the leader dials back before it proposes anything. */
  join: { params: JoinRequest; result: JoinReply };
  /** How far this node's own joining is; asked by `raftctl join` of the newcomer's daemon. */
  joinProgress: { params: Record<string, never>; result: JoinProgress };
  memberRemove: { params: { node: string; transferTo: string | null; force: boolean; dryRun: boolean }; result: MemberRemoval };
  /** Already prepared change, on its way from a member to the leader. */
  membershipChange: { params: { change: MembershipChange }; result: { index: number } };
  effectiveConfig: { params: Record<string, never>; result: { config: unknown; origin: Record<string, string>; configHash: string } };
  daemonStatus: { params: Record<string, never>; result: DaemonStatus };
  daemonStop: { params: { transfer: boolean; drainMs: number }; result: { pid: number } };
  version: { params: Record<string, never>; result: { version: string; node: string; protocol: number; dataFormat: number; name: string } };
}

export interface NodeStatus {
  clusterId: string;
  nodeId: string;
  name: string;
  version: string;
  uptimeMs: number;
  peerAddress: string;
  clientAddress: string;
  regions: RegionReport[];
  eventLoopLagP99Ms: number;
  warnings: { code: string; message: string }[];
}

export interface RegionReport {
  region: string;
  role: string;
  term: number;
  leader: { id: string; name: string } | null;
  commitIndex: number;
  lastApplied: number;
  lastIndex: number;
  snapshotIndex: number;
  /** commitIndex known here minus lastApplied. */
  lag: number;
  /** Since the last message of the leader; null on the leader and before the first one. */
  lastContactMs: number | null;
  fsyncP99Ms: number | null;
  logBytes: number;
  membershipIndex: number;
  /** How many voters may fail with writes going on; below 0 there is no quorum now. */
  failureTolerance: number;
  joint: boolean;
  readOnly: boolean;
  members: MemberReport[];
  /** Set while there is no leader. */
  election: { term: number; needed: number[]; granted: string[]; missing: string[]; refused: string[] } | null;
  alarms: string[];
  /** Rolling checksum of the state at lastApplied; equal on every node at equal lastApplied. */
  stateDigest: string;
}

export interface MemberReport {
  id: string;
  name: string;
  role: "voter" | "learner";
  leader: boolean;
  peerAddress: string;
  clientAddress: string;
  masterEligible: boolean;
  incarnation: number;
  regions: string[];
  /** Known on the leader only. */
  match: number | null;
  lag: number | null;
  state: string | null;
  lastContactMs: number | null;
  rttMs: number | null;
}

export interface MemberListReport {
  members: MemberReport[];
  membershipIndex: number;
  failureTolerance: number;
}

export interface HealthReport {
  healthy: boolean;
  live: boolean;
  ready: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
}

export interface JoinRequest {
  id: string;
  name: string;
  peerAddress: string;
  clientAddress: string;
  incarnation: number;
  masterEligible: boolean;
  role: "voter" | "learner";
  promote: "auto" | "manual" | "never";
  /** Handshake, uniqueness and dial-back only; nothing is proposed. */
  dryRun: boolean;
}
export interface JoinReply {
  clusterId: string;
  /** "Am I removed?" is decided only at or after this index. */
  membershipIndex: number;
  leader: string;
  members: { id: string; name: string; peerAddress: string }[];
}
export interface JoinProgress {
  stage: "asking" | "added" | "caught-up" | "voter" | "failed";
  joinedAtIndex: number | null;
  entries: number;
  bytes: number;
  ms: number;
  /** Where the leader's log ended when it was last heard of. */
  targetIndex: number | null;
  error: { code: string; message: string; hint: string | null } | null;
}

export interface MemberRemoval {
  removed: string;
  applied: boolean;
  regions: string[];
  before: { voters: number; tolerance: number };
  after: { voters: number; tolerance: number };
  index: number | null;
}

export interface DaemonStatus {
  pid: number;
  uptimeMs: number;
  state: "starting" | "recovering" | "joining" | "ready" | "stopping";
  socket: string;
  listeners: { peer: string; client: string };
  configHash: string;
  dataDir: string;
}
