// Membership as an operator changes it, on the node that leads: admitting newcomers, promoting them, removing members. A newcomer is dialled back
// before anything is proposed (quorum must never count a node that nobody reaches), enters as a learner, and is promoted by a joint change once it
// has caught up; one that vanishes before that is removed again.

import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Member, MembershipChange } from "../raft/membership.ts";
import type { JoinReply, JoinRequest, MemberRemoval } from "../wire/admin-protocol.ts";
import { planRemoval } from "./member-plan.ts";
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
    if (known !== undefined && known.incarnation === member.incarnation) {
      mark("member-newcomer-asked-again");
      this.#maybeWatch(request, member);
      return this.#joinReply(raft.core.status().membershipIndex);
    }
    await this.#dialBack(member);
    if (request.dryRun) return this.#joinReply(raft.core.status().membershipIndex);
    const index = await raft.changeMembership({ upsert: [member] });
    logger.info({ member: member.name, peer: member.id, index }, "a newcomer was admitted as a learner");
    this.#maybeWatch(request, member);
    return this.#joinReply(index);
  }

  /** Refuses to promote a learner that has not caught up: it would stall or endanger the quorum (H30). */
  async change(change: MembershipChange): Promise<number> {
    await this.#settled();
    const status = this.#options.raft.core.status();
    for (const id of change.promote ?? []) {
      const match = status.peers.find((peer) => peer.id === id)?.matchIndex ?? 0;
      if (status.commitIndex - match > promotionLagMax) {
        throw new RaftctlError("CONFLICT", `${nameOf(status.membership, id)} has not caught up: it holds index ${match} of ${status.commitIndex}`, { hint: "raftctl wait --for 'lag<1000'" });
      }
    }
    return this.#options.raft.changeMembership(change);
  }

  /** Not for the leader itself: leadership is transferred first, so that no write waits for an election. */
  async remove(id: NodeId, options: { force: boolean; dryRun: boolean }): Promise<MemberRemoval> {
    const { raft } = this.#options;
    await this.#settled();
    const plan = planRemoval(raft.core.membership, id, this.#isUp(), options.force);
    const report = { removed: plan.member.name, regions: ["global"], before: plan.before, after: plan.after };
    if (options.dryRun) return { ...report, applied: false, index: null };
    if (id === raft.id) {
      mark("member-removal-of-the-leader-refused");
      throw new RaftctlError("CONFLICT", `${plan.member.name} leads: its leadership must be transferred first`);
    }
    const index = await raft.changeMembership({ remove: [id] });
    return { ...report, applied: true, index };
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

function memberOf(request: JoinRequest): Member {
  const { name, peerAddress, clientAddress, incarnation, masterEligible } = request;
  return { id: parseNodeId(request.id), name, peerAddress, clientAddress, incarnation, masterEligible };
}
