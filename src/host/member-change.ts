// Membership as an operator changes it, on the node that leads: admitting newcomers, promoting them, removing members. A newcomer is dialled back
// before anything is proposed (quorum must never count a node that nobody reaches), enters as a learner, and is promoted by a joint change once it
// has caught up; one that vanishes before that is removed again.

import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import { nextMembership } from "../raft/membership-change.ts";
import type { Member, Membership, MembershipChange, Replacement } from "../raft/membership.ts";
import type {
  JoinReply, JoinRequest, MemberAddReport, MemberAddRequest, MemberChangeReport, MemberChangeRequest, MemberPlanReport, MemberPlanRequest, ReplacementBegun,
  ReplacementReport,
} from "../wire/admin-protocol.ts";
import { findMember, planChange, type MemberPlan, type PlannedChange } from "./member-plan.ts";
import { planSequence, resolveChange, unknownMember } from "./member-request.ts";
import { replacementReports, withReplacements } from "./replacements.ts";
import type { Raft } from "./region.ts";
import { nameOf } from "./status.ts";
import type { Transport } from "./transport.ts";

export interface MemberChangeOptions {
  readonly raft: Raft;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly clusterId: string;
  readonly electionTimeout: number;
  /** For a member that is added before anybody reaches it. */
  readonly newNodeId: () => NodeId;
}

/** A learner may become a voter when it lacks at most this many committed entries. */
const promotionLagMax = 1_000;
/** A newcomer that nobody has heard of for this many election timeouts is removed before it was ever counted. */
const vanishedAfterElectionTimeouts = 10;

export class MemberChange {
  readonly #options: MemberChangeOptions;
  readonly #watched = new Set<NodeId>();

  constructor(options: MemberChangeOptions) {
    this.#options = options;
  }

  async admit(request: JoinRequest): Promise<JoinReply> {
    const { raft, logger } = this.#options;
    await this.#settled();
    const member = memberOf(request);
    const known = raft.core.membership.members.find(({ id }) => id === member.id);
    if (known !== undefined && isSame(known, member)) {
      mark("member-newcomer-asked-again");
      this.#maybeWatch(request, member);
      return this.#joinReply(raft.core.status().membershipIndex);
    }
    await this.#dialBack(member);
    if (request.dryRun) return this.#joinReply(raft.core.status().membershipIndex);
    const expected = raft.core.membership.members.find((present) => isExpected(present) && present.name === member.name && present.peerAddress === member.peerAddress);
    if (expected !== undefined) mark("member-newcomer-was-expected");
    const index = await raft.changeMembership({ upsert: [member], remove: expected === undefined ? [] : [expected.id] });
    logger.info({ member: member.name, peer: member.id, index }, "a newcomer was admitted as a learner");
    this.#maybeWatch(request, member);
    return this.#joinReply(index);
  }

  /**
   * A change that was made elsewhere: a newcomer that has caught up, a member that has moved. Refuses to promote a learner that has not caught up: it
   * would stall or endanger the quorum (H30).
   */
  async change(change: MembershipChange): Promise<number> {
    await this.#settled();
    this.#checkCaughtUp(change.promote ?? []);
    const { raft } = this.#options;
    return raft.changeMembership(withReplacements(raft.core.membership, change, raft.id));
  }

  /** What an operator asks for, checked against who is up, and shown before it is done. @throws UNSAFE unless it is forced */
  async apply(request: MemberChangeRequest): Promise<MemberChangeReport> {
    const { raft, logger } = this.#options;
    await this.#settled();
    const { membership } = raft.core;
    const { plan, change } = this.#planned(membership, request);
    const report = { before: plan.before, steps: [...plan.steps], after: plan.after, refusal: plan.refusal ?? null };
    if (request.dryRun) return { ...report, applied: false, index: null };
    if (plan.refusal !== undefined && !request.force) throw unsafe(plan);
    this.#checkCaughtUp(change.promote ?? []);
    if ([...(change.remove ?? []), ...(change.demote ?? [])].includes(raft.id)) {
      mark("member-change-of-the-leader-refused");
      throw new RaftctlError("CONFLICT", `${nameOf(membership, raft.id)} leads: its leadership must be transferred first`);
    }
    const index = await raft.changeMembership(withReplacements(membership, change, raft.id));
    logger.info({ index, steps: plan.steps.map(({ what }) => what) }, "the membership was changed as an operator asked");
    return { ...report, applied: true, index };
  }

  /** A learner at this address, whom the leader reaches now or, if that is allowed, whom `raftctl join` brings later. @throws UNSAFE */
  async add(request: MemberAddRequest): Promise<MemberAddReport> {
    const { raft, logger } = this.#options;
    await this.#settled();
    const { membership } = raft.core;
    const { member, reached } = await this.#identify(request);
    const plan = planChange(membership, { update: [member] }, this.#isUp());
    const report = { before: plan.before, steps: [...plan.steps], after: plan.after, refusal: null, member: { id: member.id, name: member.name, peerAddress: member.peerAddress, reached } };
    if (request.dryRun) return { ...report, applied: false, index: null };
    const index = await raft.changeMembership({ upsert: [member] });
    logger.info({ member: member.name, peer: member.id, index, reached }, "a member was added as a learner");
    return { ...report, applied: true, index };
  }

  /** Begins the replacement of a member by one that is a learner already, or that will join under this name (N9). */
  async beginReplacement(request: { leaving: string; newcomer: string; force: boolean; dryRun: boolean }): Promise<ReplacementBegun> {
    const { raft, newNodeId } = this.#options;
    await this.#settled();
    const { membership } = raft.core;
    const leaving = findMember(membership, request.leaving);
    if (leaving.name === request.newcomer) throw new RaftctlError("INVALID_ARGUMENT", `${leaving.name} cannot take its own place: give the newcomer another name`);
    const replacement = { id: newNodeId().slice(-8), leaving: leaving.id, newcomer: request.newcomer };
    // What the core would refuse is refused here too, so that a dry run tells the truth.
    const begun = nextMembership(membership, { beginReplacement: replacement });
    const plan = planChange(begun, swapOf(begun, replacement), this.#isUp());
    if (plan.refusal !== undefined && !request.force) throw unsafe(plan);
    const index = request.dryRun ? null : await raft.changeMembership({ beginReplacement: replacement });
    const [report] = replacementReports({ ...raft.core.status(), membership: { ...membership, replacements: [replacement] } });
    return { applied: !request.dryRun, index, before: plan.before, steps: [...plan.steps], after: plan.after, refusal: null, replacement: report! };
  }

  async cancelReplacement(request: { id: string; dryRun: boolean }): Promise<{ applied: boolean; index: number | null; replacement: ReplacementReport }> {
    const { raft } = this.#options;
    await this.#settled();
    const replacement = replacementReports(raft.core.status()).find(({ id }) => id === request.id);
    if (replacement === undefined) throw new RaftctlError("NOT_FOUND", `no replacement ${request.id} is under way`, { hint: "raftctl member list" });
    const index = request.dryRun ? null : await raft.changeMembership({ cancelReplacement: request.id });
    return { applied: !request.dryRun, index, replacement };
  }

  /** The same for changes one after the other, of which nothing is done (N4). */
  async plan(requests: readonly MemberPlanRequest[]): Promise<MemberPlanReport> {
    return planSequence(this.#options.raft.core.membership, requests, this.#isUp());
  }

  #planned(membership: Membership, request: MemberChangeRequest): { plan: MemberPlan; change: MembershipChange } {
    const change = resolveChange(membership, request);
    const { upsert, ...moved } = withReplacements(membership, change, this.#options.raft.id);
    return { plan: planChange(membership, { ...moved, ...(upsert === undefined ? {} : { update: upsert }) }, this.#isUp()), change };
  }

  #checkCaughtUp(promoted: readonly NodeId[]): void {
    const { peers, commitIndex, membership } = this.#options.raft.core.status();
    for (const id of promoted) {
      const match = peers.find((peer) => peer.id === id)?.matchIndex ?? 0;
      if (commitIndex - match > promotionLagMax) {
        throw new RaftctlError("CONFLICT", `${nameOf(membership, id)} has not caught up: it holds index ${match} of ${commitIndex}`, { hint: "raftctl wait --for 'lag<1000'" });
      }
    }
  }

  /** Asked right after an election, a leader first learns where its term stands: before that it may change nothing (H26). */
  #settled(): Promise<void> {
    return this.#options.raft.ensureConsistency(this.#options.electionTimeout);
  }

  /** Heard of within two election timeouts; of whom a new leader has not heard yet, the connection says it. */
  #isUp(): (id: NodeId) => boolean {
    const { raft, transport, clock, electionTimeout } = this.#options;
    const { peers } = raft.core.status();
    const connections = transport.stats.peers;
    const oldest = clock.now() - 2 * electionTimeout;
    return (id) => {
      if (id === raft.id) return true;
      const contact = peers.find((peer) => peer.id === id)?.lastContact;
      if (contact !== undefined) return contact >= oldest;
      return connections.find((peer) => peer.id === id)?.state === "connected";
    };
  }

  async #identify({ peerAddress, name, unreachableOk }: MemberAddRequest): Promise<{ member: Member; reached: boolean }> {
    const { transport, clusterId, electionTimeout, newNodeId } = this.#options;
    const unreached = (error: unknown): undefined => {
      if (unreachableOk) return undefined;
      mark("member-add-refused-unreachable");
      throw new RaftctlError("UNSAFE", `the leader cannot reach ${peerAddress}: ${toRaftctlError(error).message}; nothing was changed`, { hint: "start the node and use raftctl join there, or pass --unreachable-ok", cause: error });
    };
    const found = await transport.probe(peerAddress, { timeoutMs: electionTimeout }).catch(unreached);
    const rest = { peerAddress, clientAddress: peerAddress, masterEligible: true };
    if (found === undefined) {
      if (name === null) throw new RaftctlError("INVALID_ARGUMENT", `nobody answers at ${peerAddress}: give the member a --name`);
      return { member: { id: newNodeId(), name, incarnation: expectedIncarnation, ...rest }, reached: false };
    }
    if (found.clusterId !== clusterId) {
      throw new RaftctlError("CLUSTER_MISMATCH", `the node at ${peerAddress} belongs to ${found.clusterId === undefined ? "no cluster" : `cluster ${found.clusterId}`}, not to ${clusterId}`, { hint: "run raftctl join on that node" });
    }
    return { member: { id: parseNodeId(found.nodeId), name: name ?? found.name, incarnation: found.incarnation, ...rest }, reached: true };
  }

  async #dialBack(member: Member): Promise<void> {
    const { transport, clusterId, electionTimeout } = this.#options;
    const answer = await transport.probe(member.peerAddress, { timeoutMs: electionTimeout }).catch((error: unknown) => {
      mark("member-newcomer-not-dialled-back");
      throw new RaftctlError("UNREACHABLE", `the leader cannot reach ${member.name} at ${member.peerAddress}: ${toRaftctlError(error).message}; nothing was changed`, {
        cause: error, hint: "check --advertise-peer and the firewall, then join again",
      });
    });
    if (answer.clusterId !== clusterId) throw new RaftctlError("CLUSTER_MISMATCH", `the node at ${member.peerAddress} belongs to cluster ${answer.clusterId}, not ${clusterId}`);
    if (answer.nodeId !== member.id) {
      throw new RaftctlError("PEER_IDENTITY_MISMATCH", `the node at ${member.peerAddress} is ${answer.nodeId} (${answer.name}), not ${member.id} (${member.name})`, { hint: "another node has this address: check --advertise-peer" });
    }
  }

  #joinReply(membershipIndex: number): JoinReply {
    const { raft, clusterId } = this.#options;
    const members = raft.core.membership.members.map(({ id, name, peerAddress }) => ({ id, name, peerAddress }));
    return { clusterId, membershipIndex, leader: raft.id, members };
  }

  /** Also when it asks again: another leader may have admitted it. */
  #maybeWatch(request: JoinRequest, member: Member): void {
    const becomesVoter = request.role === "voter" && request.promote === "auto";
    if (!becomesVoter || this.#watched.has(member.id) || !this.#stillJoining(member.id)) return;
    this.#watched.add(member.id);
    this.#watch(member);
  }

  #watch(member: Member): void {
    const { clock, electionTimeout } = this.#options;
    const admitted = clock.now();
    const look = (): void => {
      if (!this.#stillJoining(member.id)) return void this.#watched.delete(member.id);
      if (clock.now() - this.#lastHeard(member.id, admitted) > vanishedAfterElectionTimeouts * electionTimeout) this.#giveUp(member);
      else clock.at(clock.now() + electionTimeout, look);
    };
    clock.at(admitted + electionTimeout, look);
  }

  #stillJoining(id: NodeId): boolean {
    const { core } = this.#options.raft;
    return core.role === "leader" && core.membership.learners.includes(id);
  }

  #lastHeard(id: NodeId, otherwise: number): number {
    return this.#options.raft.core.status().peers.find((peer) => peer.id === id)?.lastContact ?? otherwise;
  }

  #giveUp(member: Member): void {
    const { raft, logger } = this.#options;
    this.#watched.delete(member.id);
    mark("member-newcomer-vanished");
    logger.warn({ member: member.name, peer: member.id }, "a newcomer vanished before it was promoted and is removed");
    raft.changeMembership({ remove: [member.id] }).catch((error: unknown) => {
      logger.warn({ member: member.name, reason: toRaftctlError(error).message }, "the vanished newcomer could not be removed");
    });
  }
}

/** Added before anybody has reached it: it has no disk yet. */
const expectedIncarnation = 0;

function isExpected({ incarnation }: Member): boolean {
  return incarnation === expectedIncarnation;
}

function isSame(known: Member, member: Member): boolean {
  return (Object.keys(member) as (keyof Member)[]).every((key) => known[key] === member[key]);
}

/** What the operation will do, with a newcomer that may not be known yet. */
function swapOf(membership: Membership, { leaving, newcomer }: Replacement): PlannedChange {
  const known = membership.members.find(({ name }) => name === newcomer);
  if (known === undefined) return { add: [unknownMember(membership, newcomer)], remove: [leaving] };
  return { promote: membership.learners.includes(known.id) ? [known.id] : [], remove: [leaving] };
}

function unsafe({ refusal, before, after }: MemberPlan): RaftctlError {
  return new RaftctlError("UNSAFE", refusal!, { hint: "bring the other members up first, or pass --force", details: { before, after } });
}

function memberOf(request: JoinRequest): Member {
  const { name, peerAddress, clientAddress, incarnation, masterEligible } = request;
  return { id: parseNodeId(request.id), name, peerAddress, clientAddress, incarnation, masterEligible };
}
