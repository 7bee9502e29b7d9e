// The methods behind `admin` requests: parameters and results by name. Plain JSON values: terms and indexes are numbers here and become
// strings in the command line's JSON. Between nodes the same methods travel to the leader.

import type { MembershipChange } from "../raft/membership.ts";
import type { Consistency } from "./client-protocol.ts";
import type { EntryTraceReport } from "./entry-trace.ts";
import type { LeaseDetails, LeaseReport } from "./lease-reports.ts";
import type { LogHeader, LogPage, LogPageRequest } from "./log-inspection.ts";
import type { RuleChange, RuleCheckReport, RuleReport } from "./rule-reports.ts";
import type { LevelRange } from "./cluster-version.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { SessionReport } from "./session-reports.ts";
import type { LocalSnapshot, SnapshotClosed, SnapshotOpened, SnapshotOpenRequest, SnapshotPruneReport, SnapshotTaken, SnapshotTakeRequest } from "./snapshot-export.ts";

export interface AdminMethods {
  status: { params: Record<string, never>; result: NodeStatus };
  health: { params: Record<string, never>; result: HealthReport };
  /** Of this node alone; knocks at every member, and needs neither a leader nor a majority. */
  diagnose: { params: Record<string, never>; result: NodeFacts };
  /** host:port where the node at hand serves HTTP; null when it does not. Asked by followers of their leader. */
  httpAddress: { params: Record<string, never>; result: { address: string | null } };
  memberList: { params: { readonly consistency?: Consistency | null }; result: MemberListReport };
  /** Of this node's own log, and a page of it. */
  logHeader: { params: Record<string, never>; result: LogHeader };
  logPage: { params: LogPageRequest; result: LogPage };
  /** null: to the one that is furthest along (U8: whoever leads steps down). */
  leaderTransfer: { params: { to: string | null; dryRun: boolean }; result: { old: string | null; new: string; ms: number; applied: boolean } };
  /** From a newcomer's daemon to any member; the leader dials back before it proposes anything. */
  join: { params: JoinRequest; result: JoinReply };
  /** How far this node's own joining is; asked by `raftctl join` of the newcomer's daemon. */
  joinProgress: { params: Record<string, never>; result: JoinProgress };
  /** Between nodes that look for each other to form a cluster: who asks says how it stands, and whoever answers says how it does. */
  formationVote: { params: FormationQuestion; result: FormationAnswer };
  /** How far forming is here; null on a node that belongs to a cluster. */
  formation: { params: Record<string, never>; result: FormationProgress | null };
  /** From a node that hears of no leader to the others: does it still belong to them? */
  standing: { params: { id: string; peerAddress: string; lastLogIndex: number; lastLogTerm: number }; result: StandingReply };
  /** Everything that moves or changes members, in one change. When it takes the leader away, leadership goes to `transferTo` first. */
  memberChange: { params: MemberChangeRequest & { transferTo: string | null }; result: MemberChangeReport };
  /** What changes one after the other would do; any node answers, from what it knows. */
  memberPlan: { params: { changes: MemberPlanRequest[] }; result: MemberPlanReport };
  memberAdd: { params: MemberAddRequest; result: MemberAddReport };
  /** Begins the operation, which the leaders carry out. */
  memberReplace: { params: { leaving: string; newcomer: string; force: boolean; dryRun: boolean }; result: ReplacementBegun };
  replacementCancel: { params: { id: string; dryRun: boolean }; result: { applied: boolean; index: number | null; replacement: ReplacementReport } };
  /** Already prepared change, on its way from a member to the leader. */
  membershipChange: { params: { change: MembershipChange }; result: { index: number } };
  /** Of the node at hand: a portable file of its state, pulled piece by piece in order (`part` counts from 0, an empty one is the end). */
  snapshotOpen: { params: SnapshotOpenRequest; result: SnapshotOpened };
  snapshotRead: { params: { id: string; part: number }; result: Uint8Array };
  snapshotClose: { params: { id: string }; result: SnapshotClosed };
  /** Of the node at hand: its own snapshots, by which it forgets the log. */
  snapshotTake: { params: SnapshotTakeRequest; result: SnapshotTaken };
  snapshotList: { params: Record<string, never>; result: { snapshots: LocalSnapshot[] } };
  snapshotPrune: { params: { keep: number; dryRun: boolean }; result: SnapshotPruneReport };
  /** The life of a write that was sent with the wish for it; answers when every member has acknowledged, or after one election timeout. */
  writeTrace: { params: { index: number; term: number }; result: WriteTraceReport };
  /** What the node at hand remembers of the moments of an entry. */
  entryTrace: { params: { index: number }; result: EntryTraceReport };
  quota: { params: Record<string, never>; result: QuotaReport };
  /** null: none. */
  quotaSet: { params: { bytes: number | null; dryRun: boolean }; result: QuotaReport & { applied: boolean; index: number | null } };
  /** What may be written under which prefix, as the node at hand has applied it. */
  rules: { params: Record<string, never>; result: { rules: RuleReport[] } };
  /** A rule as JSON text (docs/validation.md); in place of the one that its prefix has. */
  rulesSet: { params: { rule: string; dryRun: boolean }; result: RuleChange };
  rulesDelete: { params: { prefix: string; dryRun: boolean }; result: RuleChange };
  /** What of the data would not be let in by this rule; by the one that is in force when `rule` is null. */
  rulesCheck: { params: { prefix: string; rule: string | null }; result: RuleCheckReport };
  /** Raised again by the next refusal; alarms whose cause is still there stay. */
  alarmClear: { params: Record<string, never>; result: { cleared: string[] } };
  /** Between nodes: a keep-alive on its way to the leader. Ids as 16 hexadecimal digits; null: it has ended, or its time was over. */
  leaseKeepAlive: { params: { leases: string[] }; result: { remainingMs: (number | null)[] } };
  /** In the order of their ids, from the first one behind `after` on. */
  leaseList: { params: { after: string | null; limit: number }; result: { leases: LeaseReport[]; more: boolean } };
  /** NOT_FOUND is a null. */
  leaseInfo: { params: { lease: string; keys: boolean }; result: LeaseDetails | null };
  /** In the order of their ids, from the first one behind `after` on. */
  sessionList: { params: { after: string | null; limit: number }; result: { sessions: SessionReport[]; more: boolean } };
  effectiveConfig: { params: Record<string, never>; result: { config: unknown; origin: Record<string, string>; configHash: string } };
  daemonStatus: { params: Record<string, never>; result: DaemonStatus };
  daemonStop: { params: { transfer: boolean; drainMs: number }; result: { pid: number } };
  version: { params: Record<string, never>; result: { version: string; node: string; protocol: number; dataFormat: number; name: string; levels?: LevelRange } };
  /** Asks every member which levels it knows, and needs neither a leader nor a majority. */
  upgradeStatus: { params: Record<string, never>; result: UpgradeReport };
  /** Asks again, and finalizes the highest level that all of them know. */
  upgradeFinalize: { params: { dryRun: boolean }; result: UpgradeReport & { applied: boolean; index: number | null } };
}

/** Times are ms since the leader took the request in, on its clock; null: not seen. */
export interface WriteTraceReport {
  /** By name. */
  leader: string;
  /** The command was checked and let in. */
  admittedMs: number;
  /** It has its place in the leader's log, in memory, and is on its way to the disk and to the others. */
  appendedMs: number;
  committedMs: number | null;
  appliedMs: number | null;
  answeredMs: number | null;
  members: TracedMember[];
  /** By name: voters that had not acknowledged when looking on ended; when all had, the last one of several. */
  stragglers: string[];
}

export interface TracedMember {
  name: string;
  role: "leader" | "voter" | "learner";
  /** When the leader knew that the entry was durable there: of another member its way through the network is in it. */
  durableMs: number | null;
}

export interface NodeStatus {
  clusterId: string;
  /** How often the cluster was recovered from a lost quorum, plus one. */
  clusterIncarnation: number;
  nodeId: string;
  name: string;
  version: string;
  uptimeMs: number;
  peerAddress: string;
  clientAddress: string;
  /** Absent when it serves no HTTP. */
  httpAddress?: string;
  regions: RegionReport[];
  eventLoopLagP99Ms: number;
  warnings: { code: string; message: string }[];
}

export interface QuotaReport {
  quotaBytes: number | null;
  /** The same on every member at the same index. */
  usedBytes: number;
  /** warning: from 80 % on. full: a write was refused, until 90 % are reached again. */
  state: "ok" | "warning" | "full";
}

export interface UpgradeReport {
  /** The cluster version in force, as the node at hand has applied it. */
  finalized: number;
  /** The highest level that all who answered know; what finalize would set, unless there is an obstacle or it is in force already. */
  target: number;
  /** Commands that may be written from the target on, and not before. */
  allows: string[];
  /** CONFLICT: somebody did not answer. INCOMPATIBLE: those who did have nothing newer in common. */
  obstacles: { code: "CONFLICT" | "INCOMPATIBLE"; message: string; hint: string }[];
  members: UpgradeMember[];
}

export interface UpgradeMember {
  id: string;
  name: string;
  address: string;
  /** Of its program; null with an error. */
  version: string | null;
  levels: LevelRange | null;
  error: { code: string; message: string } | null;
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
  /** To members that are behind the log, since the start; of an abort by its reason. */
  stateTransfers: { completed: number; aborted: Record<string, number> };
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
  /** While it is behind; known on the leader, after a few seconds. */
  catchUp: CatchUpReport | null;
  /** The state is on its way to it, because the log does not reach back that far. */
  stateTransfer: { bytes: number; sentBytes: number } | null;
  state: string | null;
  lastContactMs: number | null;
  rttMs: number | null;
}

export interface CatchUpReport {
  entriesPerSecond: number;
  /** Until it holds all; null: never at this rate, because more is written meanwhile. */
  etaMs: number | null;
}

export interface MemberListReport {
  members: MemberReport[];
  membershipIndex: number;
  failureTolerance: number;
  /** Of members by others, under way. */
  replacements: ReplacementReport[];
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
  /** Received of entries and snapshots since the node started. */
  bytes: number;
  ms: number;
  /** Entries that are missing, and how fast they come, as the leader sees it; null where it does not say. */
  lag: number | null;
  catchUp: CatchUpReport | null;
  /** Where the leader's log ended when it was last heard of. */
  targetIndex: number | null;
  error: { code: string; message: string; hint: string | null } | null;
}

export interface FormationQuestion {
  nodeId: string;
  name: string;
  /** How many nodes shall form the cluster; the same on all of them. */
  expect: number;
  /** For whom it votes; null: for nobody yet. */
  vote: string | null;
  /** How many forming nodes it has found, itself included. */
  found: number;
}
export interface FormationAnswer {
  nodeId: string;
  name: string;
  /** null: it belongs to none yet. */
  cluster: { id: string; incarnation: number } | null;
  /** null: for nobody yet, or it belongs to a cluster. */
  vote: string | null;
}
export interface FormationProgress {
  source: string;
  expect: number;
  /** Forming nodes, this one included. */
  found: number;
  vote: string | null;
  addresses: { address: string; state: "self" | "forming" | "member" | "refused" | "silent"; detail: string }[];
  /** What keeps it from going on, in one line. */
  waitsFor: string;
  /** Set when waiting cannot help: somebody has to change something. */
  problem: { code: string; message: string; hint: string | null } | null;
}

export interface StandingReply {
  /** The index of a committed membership without the asker; null when it has it, or the asker may know better. */
  removedAt: number | null;
  /** Where the asker is looked for; null when it is no member. */
  peerAddress: string | null;
}

/** Members by name or id. */
export interface MemberChangeRequest {
  promote: string[];
  demote: string[];
  remove: string[];
  update: MemberUpdate[];
  /** Also when those who stay and are up would be no majority. */
  force: boolean;
  dryRun: boolean;
}
/** null: as it is. */
export interface MemberUpdate {
  node: string;
  name: string | null;
  peerAddress: string | null;
  clientAddress: string | null;
  masterEligible: boolean | null;
}
export interface MemberPlanRequest {
  /** Names of newcomers that shall vote. */
  add: string[];
  promote: string[];
  demote: string[];
  remove: string[];
}
/** Who decides, and what it can bear. */
export interface ConfigurationReport {
  voters: string[];
  /** While joint: the voters before the change, whose majority counts as well. */
  votersOutgoing: string[];
  learners: string[];
  /** Votes needed, of the voters and, while joint, of the outgoing ones. */
  quorum: number[];
  /** How many voters may fail with writes going on; below 0 there is no quorum. */
  tolerance: number;
  /** Each of them alone stops writes when it fails now. */
  critical: string[];
}
export interface ConfigurationStep {
  what: string;
  configuration: ConfigurationReport;
}
export interface MemberChangeReport {
  applied: boolean;
  index: number | null;
  before: ConfigurationReport;
  steps: ConfigurationStep[];
  after: ConfigurationReport;
  /** Why it is refused unless forced. */
  refusal: string | null;
}
export interface MemberPlanReport {
  before: ConfigurationReport;
  changes: { steps: ConfigurationStep[]; refusal: string | null }[];
  after: ConfigurationReport;
}
export interface MemberAddRequest {
  peerAddress: string;
  /** Needed for a node that nobody reaches yet. */
  name: string | null;
  unreachableOk: boolean;
  dryRun: boolean;
}
export interface MemberAddReport extends MemberChangeReport {
  member: { id: string; name: string; peerAddress: string; reached: boolean };
}
export interface ReplacementReport {
  id: string;
  leaving: string;
  newcomer: string;
  stage: "waiting-for-the-newcomer" | "catching-up" | "swapping";
  /** Entries that the newcomer lacks; null before it has joined. */
  lag: number | null;
}
export interface ReplacementBegun extends MemberChangeReport {
  replacement: ReplacementReport;
}

export interface DaemonStatus {
  pid: number;
  uptimeMs: number;
  state: "starting" | "forming" | "recovering" | "joining" | "ready" | "stopping";
  socket: string;
  /** http is absent when none is served. */
  listeners: { peer: string; client: string; http?: string };
  configHash: string;
  dataDir: string;
}
