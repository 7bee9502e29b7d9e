// The admin methods, one function each: what an operator or another node may ask of this one. What only a leader can do is handed to it, once.
// Parameters are checked at the door (admin-params.ts); here they are trusted.

import { utf8 } from "../base/bytes.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Joining } from "../host/joining.ts";
import type { HostedRegion } from "../host/host.ts";
import type { MemberChange } from "../host/member-change.ts";
import { findMember } from "../host/member-plan.ts";
import type { Raft } from "../host/region.ts";
import { standingOf } from "../host/standing-check.ts";
import { nameOf } from "../host/status.ts";
import type { AdminMethods, DaemonStatus, FormationAnswer, FormationQuestion, JoinProgress, NodeStatus } from "../wire/admin-protocol.ts";
import { encodeCommand } from "../wire/command.ts";
import { liveHeader, livePage } from "./log-inspection/live-log.ts";
import { checkParams, isAdminMethod, type AdminMethod } from "./admin-params.ts";
import { keepAliveAtLeader, leaseInfo, leaseList, type LeaseSources } from "./lease-reports.ts";
import { entryTraceOf } from "./entry-trace.ts";
import type { Backups } from "./backup/backups.ts";
import type { MembershipDirectory } from "./peer-directory.ts";
import { completedBy, healthReport, memberListReport, regionReport, type RegionView } from "./node-status.ts";
import type { Rules } from "./rules.ts";
import { sessionList, type SessionSources } from "./session-reports.ts";
import { quotaSetting, type SpaceQuota } from "./space-quota.ts";
import type { Upgrades } from "./upgrade/upgrades.ts";
import { traceOf } from "./write-trace.ts";

export interface AdminContext {
  readonly hosted: HostedRegion;
  readonly memberChange: MemberChange;
  readonly directory: MembershipDirectory;
  readonly backups: Pick<Backups, "handlers">;
  readonly joining: () => Joining | undefined;
  readonly electionTimeout: number;
  readonly view: () => RegionView;
  readonly nodeStatus: () => Omit<NodeStatus, "regions">;
  readonly facts: () => Promise<AdminMethods["diagnose"]["result"]>;
  readonly formationAnswer: (asker: FormationQuestion) => FormationAnswer;
  readonly leases: LeaseSources;
  readonly sessions: SessionSources;
  readonly quota: SpaceQuota;
  readonly rules: Rules;
  readonly daemonStatus: () => DaemonStatus;
  readonly effectiveConfig: () => AdminMethods["effectiveConfig"]["result"];
  readonly upgrades: Upgrades;
  readonly version: () => AdminMethods["version"]["result"];
  /** Begins to stop once the answer has left. */
  readonly requestStop: (options: { transfer: boolean; drainMs: number }) => void;
}

/** Where a request came from: a client (or the admin socket), a newcomer, or a member that handed it on. */
interface Call {
  readonly timeoutMs: number;
  readonly handedOn: boolean;
}

type Handlers = { readonly [M in AdminMethod]: (params: AdminMethods[M]["params"], call: Call) => Promise<AdminMethods[M]["result"]> | AdminMethods[M]["result"] };

/** How long a new leader may take to hear a majority before it hands leadership on, ms. */
const electionPatienceMs = 2_000;

/** What a peer may ask; everything else is for operators. */
const betweenNodes: ReadonlySet<AdminMethod> = new Set(["formationVote", "memberList", "join", "membershipChange", "leaderTransfer", "memberChange", "memberAdd", "memberReplace", "replacementCancel", "standing", "alarmClear", "version", "upgradeFinalize", "rulesSet", "rulesDelete", "httpAddress", "leaseKeepAlive", "leaseList", "leaseInfo", "sessionList", "writeTrace"]);

export class AdminHandlers {
  readonly #context: AdminContext;

  constructor(context: AdminContext) {
    this.#context = context;
  }

  fromClient(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    return this.#handle(method, params, { timeoutMs, handedOn: false });
  }

  fromPeer(method: string, params: unknown, call: Call): Promise<unknown> {
    if (!isAdminMethod(method) || !betweenNodes.has(method)) throw new RaftctlError("DENIED", `a node may not ask for ${JSON.stringify(method)}`);
    return this.#handle(method, params, call);
  }

  async #handle(method: string, params: unknown, call: Call): Promise<unknown> {
    if (!isAdminMethod(method)) throw new RaftctlError("BAD_REQUEST", `no such admin method: ${JSON.stringify(method)}`);
    const handler = this.#handlers[method] as (params: unknown, call: Call) => unknown;
    return handler(checkParams(method, params), call);
  }

  readonly #handlers: Handlers = {
    status: (_params, call) => this.#status(call),
    health: (_params, call) => this.#health(call),
    diagnose: () => this.#context.facts(),
    httpAddress: () => ({ address: this.#context.daemonStatus().listeners.http ?? null }),
    memberList: (params, call) => this.#memberList(params, call),
    logHeader: () => liveHeader(this.#context.hosted.raft, { ...this.#context.nodeStatus(), dataDir: this.#context.daemonStatus().dataDir }),
    logPage: (params) => livePage(this.#context.hosted.raft, params),
    leaderTransfer: (params, call) => this.#atLeader("leaderTransfer", params, call, () => this.#transfer(params)),
    join: (params, call) => this.#atLeader("join", params, call, () => this.#context.memberChange.admit(params)),
    joinProgress: (_params, call) => this.#joinProgress(call),
    standing: (params) => {
      const asker = { ...params, id: params.id as NodeId };
      this.#context.directory.heard(asker.id, asker.peerAddress);
      return standingOf(this.#context.hosted.raft, asker);
    },
    memberChange: (params, call) => this.#changeMembers(params, call),
    memberPlan: (params) => this.#context.memberChange.plan(params.changes),
    memberAdd: (params, call) => this.#atLeader("memberAdd", params, call, () => this.#context.memberChange.add(params)),
    memberReplace: (params, call) => this.#atLeader("memberReplace", params, call, () => this.#context.memberChange.beginReplacement(params)),
    replacementCancel: (params, call) => this.#atLeader("replacementCancel", params, call, () => this.#context.memberChange.cancelReplacement(params)),
    membershipChange: (params, call) =>
      this.#atLeader("membershipChange", params, call, async () => ({ index: await this.#context.memberChange.change(params.change) })),
    writeTrace: (params, call) => this.#atLeader("writeTrace", params, call, () => traceOf(this.#context.hosted.raft, params, call.timeoutMs)),
    entryTrace: ({ index }) => entryTraceOf(this.#context.hosted.raft, index),
    quota: () => this.#context.quota.report(),
    quotaSet: (params, call) => this.#setQuota(params, call),
    rules: () => this.#context.rules.report(),
    rulesSet: (params, call) => this.#changeRules("rulesSet", params, call, () => this.#context.rules.set(params, call.timeoutMs)),
    rulesDelete: (params, call) => this.#changeRules("rulesDelete", params, call, () => this.#context.rules.delete(params, call.timeoutMs)),
    rulesCheck: (params, call) => this.#context.rules.check(params, call.timeoutMs),
    alarmClear: (params, call) => this.#atLeader("alarmClear", params, call, () => Promise.resolve(this.#clearAlarms())),
    leaseKeepAlive: (params, call) => this.#atLeader("leaseKeepAlive", params, call, () => keepAliveAtLeader(this.#context.hosted.lessor, params, call.timeoutMs)),
    leaseList: (params, call) => this.#atLeader("leaseList", params, call, () => leaseList(this.#context.leases, params, call.timeoutMs)),
    leaseInfo: (params, call) => this.#atLeader("leaseInfo", params, call, () => leaseInfo(this.#context.leases, params, call.timeoutMs)),
    sessionList: (params, call) => this.#atLeader("sessionList", params, call, () => sessionList(this.#context.sessions, params, call.timeoutMs)),
    effectiveConfig: () => this.#context.effectiveConfig(),
    formationVote: (params) => this.#context.formationAnswer(params),
    formation: () => null,
    daemonStatus: () => this.#context.daemonStatus(),
    daemonStop: (params) => {
      this.#context.requestStop(params);
      return { pid: process.pid };
    },
    version: () => this.#context.version(),
    upgradeStatus: (_params, call) => this.#context.upgrades.report(call.timeoutMs),
    upgradeFinalize: (params, call) => this.#finalize(params, call),
    snapshotOpen: (params, call) => this.#context.backups.handlers.snapshotOpen(params, call),
    snapshotRead: (params, call) => this.#context.backups.handlers.snapshotRead(params, call),
    snapshotClose: (params, call) => this.#context.backups.handlers.snapshotClose(params, call),
    snapshotTake: (params, call) => this.#context.backups.handlers.snapshotTake(params, call),
    snapshotList: (params, call) => this.#context.backups.handlers.snapshotList(params, call),
    snapshotPrune: (params, call) => this.#context.backups.handlers.snapshotPrune(params, call),
  };

  #atLeader<M extends AdminMethod>(method: M, params: AdminMethods[M]["params"], call: Call, here: () => Promise<AdminMethods[M]["result"]>): Promise<AdminMethods[M]["result"]> {
    const { raft, gateway } = this.#context.hosted;
    if (!call.handedOn) return gateway.administer({ method, params, timeoutMs: call.timeoutMs }, here);
    if (raft.core.role !== "leader") throw new RaftctlError("NOT_LEADER", "this node was asked as the leader and is not; a request is handed on only once");
    return here();
  }

  async #status(call: Call): Promise<NodeStatus> {
    const leaders = await this.#askLeader(call);
    return { ...this.#context.nodeStatus(), regions: [completedBy(regionReport(this.#context.view()), leaders)] };
  }

  /** Being told of a leader proves nothing: it may have died since. A read that a majority confirms does. */
  async #health({ timeoutMs }: Call): Promise<AdminMethods["health"]["result"]> {
    const patience = Math.min(timeoutMs, this.#context.electionTimeout);
    const reason = await this.#context.hosted.gateway.readable(patience).then(() => undefined, (error: unknown) => toRaftctlError(error).message);
    return healthReport(this.#context.view(), reason);
  }

  /** Unless asked otherwise, the best that can be told at once: who looks at a broken cluster wants an answer. */
  async #memberList({ consistency = null }: AdminMethods["memberList"]["params"], call: Call): Promise<AdminMethods["memberList"]["result"]> {
    const own = (): AdminMethods["memberList"]["result"] => memberListReport(this.#context.view());
    if (consistency === "stale") return own();
    if (consistency === null) return (await this.#askLeader(call)) ?? own();
    return this.#atLeader("memberList", { consistency }, call, async () => {
      if (consistency === "linearizable") await this.#context.hosted.raft.ensureConsistency(call.timeoutMs);
      return own();
    });
  }

  /** The leader's view of the members; undefined when this node leads, or when no leader answers at once. */
  async #askLeader(call: Call): Promise<AdminMethods["memberList"]["result"] | undefined> {
    const { raft, gateway } = this.#context.hosted;
    if (raft.core.role === "leader" || raft.core.leader === undefined) return undefined;
    if (call.handedOn) throw new RaftctlError("NOT_LEADER", "this node was asked as the leader and is not");
    const timeoutMs = Math.min(call.timeoutMs, Math.ceil(this.#context.electionTimeout / 2));
    const here = (): Promise<AdminMethods["memberList"]["result"]> => Promise.resolve(memberListReport(this.#context.view()));
    return gateway.administer({ method: "memberList", params: {}, timeoutMs }, here).catch(() => undefined);
  }

  async #transfer({ to, dryRun }: AdminMethods["leaderTransfer"]["params"]): Promise<AdminMethods["leaderTransfer"]["result"]> {
    const { raft } = this.#context.hosted;
    const began = performance.now();
    // A leader that was just elected knows nobody's log yet.
    await raft.ensureConsistency(electionPatienceMs);
    const wanted = to === null ? undefined : findMember(raft.core.membership, to).id;
    const leader = dryRun ? successorOf(raft, wanted) : await raft.transferLeadership(wanted);
    const name = (id: NodeId): string => nameOf(raft.core.membership, id);
    return { old: name(raft.id), new: name(leader), ms: Math.round(performance.now() - began), applied: !dryRun };
  }

  /** Leadership goes first, so that no write waits for an election; then whoever leads changes the members. */
  async #changeMembers(params: AdminMethods["memberChange"]["params"], call: Call): Promise<AdminMethods["memberChange"]["result"]> {
    const { raft } = this.#context.hosted;
    const ask = (asked: typeof params): Promise<AdminMethods["memberChange"]["result"]> => this.#atLeader("memberChange", asked, call, () => this.#context.memberChange.apply(asked));
    if (call.handedOn || params.dryRun) return ask(params);
    const leader = await raft.waitForLeader(call.timeoutMs);
    const goes = [...params.remove, ...params.demote].some((name) => findMember(raft.core.membership, name).id === leader);
    if (goes) {
      const { refusal } = await ask({ ...params, dryRun: true });
      if (refusal === null || params.force) {
        const handOver = { to: params.transferTo, dryRun: false };
        await this.#atLeader("leaderTransfer", handOver, call, () => this.#transfer(handOver));
      }
    }
    return ask(params);
  }

  async #setQuota({ bytes, dryRun }: AdminMethods["quotaSet"]["params"], { timeoutMs }: Call): Promise<AdminMethods["quotaSet"]["result"]> {
    const { quota, hosted } = this.#context;
    if (dryRun) return { ...quota.report(), quotaBytes: bytes, applied: false, index: null };
    const command = encodeCommand({ operation: "set", key: utf8(quotaSetting), value: utf8(bytes === null ? "none" : String(bytes)) });
    const { index } = await hosted.gateway.propose(command, { waitFor: "applied", timeoutMs });
    await hosted.raft.waitForApplied(index, timeoutMs);
    return { ...quota.report(), applied: true, index };
  }

  /** Whoever asked at a follower finds it there as well. */
  async #changeRules<M extends "rulesSet" | "rulesDelete">(method: M, params: AdminMethods[M]["params"], call: Call, here: () => Promise<AdminMethods[M]["result"]>): Promise<AdminMethods[M]["result"]> {
    const result = await this.#atLeader(method, params, call, here);
    if (result.index !== null) await this.#context.hosted.raft.waitForApplied(result.index, call.timeoutMs);
    return result;
  }

  /** Whoever asked at a follower finds it there as well. */
  async #finalize(params: AdminMethods["upgradeFinalize"]["params"], call: Call): Promise<AdminMethods["upgradeFinalize"]["result"]> {
    const { hosted, upgrades } = this.#context;
    const result = await this.#atLeader("upgradeFinalize", params, call, () => upgrades.finalize(params, call.timeoutMs));
    if (result.index !== null) await hosted.raft.waitForApplied(result.index, call.timeoutMs);
    return result;
  }

  #clearAlarms(): AdminMethods["alarmClear"]["result"] {
    const { quota } = this.#context;
    const before = quota.report().state;
    quota.forgetRefusals();
    return { cleared: before === "full" && quota.report().state !== "full" ? ["QUOTA"] : [] };
  }

  /** How far behind it is, and how fast it comes nearer, only the leader can tell. */
  async #joinProgress(call: Call): Promise<JoinProgress> {
    const { raft, traffic } = this.#context.hosted;
    const member = (await this.#askLeader(call))?.members.find(({ id }) => id === raft.id);
    const seen = { bytes: traffic.bytesReceived, lag: member?.lag ?? null, catchUp: member?.catchUp ?? null };
    const joining = this.#context.joining();
    if (joining !== undefined) return { ...joining.progress(), ...seen };
    const stage = raft.core.membership.voters.includes(raft.id) ? "voter" : "added";
    return { stage, joinedAtIndex: null, entries: raft.core.lastApplied, ms: 0, targetIndex: null, error: null, ...seen };
  }
}

function successorOf(raft: Raft, wanted: NodeId | undefined): NodeId {
  if (wanted === raft.id) return raft.id;
  const { target, objection } = raft.core.succession(wanted);
  if (target === undefined) throw new RaftctlError("TRANSFER_FAILED", objection);
  return target;
}
