// A member that hears of no leader asks the others how it stands with them. Who was removed while it was away is told so, instead of looking for a leader
// for ever (PRODUCT §1 rows 10 and 13); that is believed only about a time after this node's own: after the index at which it was admitted, and after the
// newest membership in its log that has it (row 12), and a log that has this node again takes it back. And whom the others look for at another address
// says where it is, through whoever answers: the leader cannot reach it to be told (row 9).

import type { Clock } from "../base/clock.ts";
import { toRaftctlError } from "../base/errors.ts";
import { globalRegionName, type NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Member } from "../raft/membership.ts";
import type { RaftEvent } from "../raft/ready.ts";
import type { StandingReply } from "../wire/admin-protocol.ts";
import type { LeaderGateway } from "./leader-gateway.ts";
import type { Raft } from "./region.ts";
import type { RaftClusterMember } from "./transport.ts";
import { Vigil } from "./vigil.ts";

export interface StandingCheckOptions {
  readonly raft: Raft;
  /** What it refuses says why, once this node was removed. */
  readonly gateway: Pick<LeaderGateway, "removedAt">;
  readonly network: Pick<RaftClusterMember, "admin">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly electionTimeout: number;
  /** Of whom an address is known: a newcomer may have no membership yet that names them. */
  readonly others: () => readonly NodeId[];
  /** How this node would be found. */
  readonly self: () => Member;
  /** It is a member again, with whatever was known of it. */
  readonly onTakenBack: () => void;
  /** The index that a leader named when it admitted this node; 0 when that was before this start, undefined while it is not admitted yet. */
  readonly admittedAt: () => number | undefined;
}

/** Others are asked when no leader was heard of for about this many election timeouts. */
const askAfterElectionTimeouts = 3;
/** Who takes itself for removed asks on, but seldom. */
const removedAsksEveryElectionTimeouts = 10;

export interface Asker {
  readonly id: NodeId;
  /** Where it says that it is. */
  readonly peerAddress: string;
  readonly lastLogTerm: number;
  readonly lastLogIndex: number;
}

/** What another node says of one that asks. */
export function standingOf(raft: Raft, asker: Asker): StandingReply {
  const { membership, membershipIndex, commitIndex } = raft.core.status();
  const known = membership.members.find(({ id }) => id === asker.id);
  if (known !== undefined) return { removedAt: null, peerAddress: known.peerAddress };
  if (membershipIndex > commitIndex || membership.voters.length === 0) return { removedAt: null, peerAddress: null };
  // One that belongs to a later membership, which this node has not heard of yet, has at least that in its log.
  const term = raft.core.termAt(membershipIndex) ?? 0;
  const isOlder = asker.lastLogTerm < term || asker.lastLogIndex < membershipIndex;
  return { removedAt: isOlder ? membershipIndex : null, peerAddress: null };
}

export class StandingCheck {
  readonly #options: StandingCheckOptions;
  readonly #vigil: Vigil;
  #silentSince: number | undefined;
  #askAgainAt = 0;

  constructor(options: StandingCheckOptions) {
    this.#options = options;
    this.#vigil = new Vigil(options.clock, options.electionTimeout, () => this.#look());
  }

  start(): void {
    this.#vigil.wake();
  }

  stop(): void {
    this.#vigil.stop();
  }

  observed({ kind }: RaftEvent): void {
    if (kind === "leaderChanged" || kind === "membershipAppended" || kind === "membershipCommitted") this.#vigil.wake();
  }

  #look(): boolean {
    const { raft, gateway, clock } = this.#options;
    const hears = this.#hearsALeader();
    this.#silentSince = hears ? undefined : (this.#silentSince ?? clock.now());
    if (gateway.removedAt !== undefined && this.#isMemberSince(gateway.removedAt)) {
      mark("removal-taken-back");
      gateway.removedAt = undefined;
      this.#options.onTakenBack();
    }
    const own = this.#removedByOwnLog();
    if (own !== undefined) this.#heard(own);
    // Also after it was removed: it may have been added again, and be looked for where it is not.
    if (this.#isTimeToAsk()) this.#askOthers();
    // Who would campaign if its leader fell silent is woken by that.
    return !hears || gateway.removedAt !== undefined || raft.core.deadline === Number.POSITIVE_INFINITY;
  }

  #isTimeToAsk(): boolean {
    const { clock, electionTimeout, gateway } = this.#options;
    const now = clock.now();
    if (this.#silentSince === undefined || now - this.#silentSince < askAfterElectionTimeouts * electionTimeout || now < this.#askAgainAt) return false;
    this.#askAgainAt = now + electionTimeout * (gateway.removedAt === undefined ? 1 : removedAsksEveryElectionTimeouts);
    return true;
  }

  /** A learner does not look for another leader when its own falls silent. */
  #hearsALeader(): boolean {
    const { raft, electionTimeout } = this.#options;
    return raft.core.role === "leader" || (raft.core.leader !== undefined && (raft.leaderContactAge ?? 0) < electionTimeout);
  }

  #isMemberSince(index: number): boolean {
    const { membership, membershipIndex } = this.#options.raft.core.status();
    return membershipIndex > index && membership.members.some(({ id }) => id === this.#options.raft.id);
  }

  /** One that was admitted lately reads old entries, in which it may have been removed before. */
  #removedByOwnLog(): number | undefined {
    const { raft } = this.#options;
    const { membership, membershipIndex, commitIndex } = raft.core.status();
    if (membership.voters.length === 0 || membershipIndex > commitIndex || membership.members.some(({ id }) => id === raft.id)) return undefined;
    return membershipIndex;
  }

  #askOthers(): void {
    const { raft, network, electionTimeout, others } = this.#options;
    const { lastIndex } = raft.core.status();
    const params = { id: raft.id, peerAddress: this.#options.self().peerAddress, lastLogIndex: lastIndex, lastLogTerm: raft.core.termAt(lastIndex) ?? 0 };
    for (const id of others()) {
      if (id === raft.id) continue;
      mark("standing-asked-for");
      network
        .admin(id, { type: "admin", hops: 1, method: "standing", params, timeoutMs: electionTimeout }, { timeoutMs: electionTimeout })
        .then(({ result }) => this.#answered(id, result as StandingReply))
        .catch(() => undefined);
    }
  }

  #answered(from: NodeId, { removedAt, peerAddress }: StandingReply): void {
    if (removedAt !== null) return this.#heard(removedAt);
    const self = this.#options.self();
    if (peerAddress !== null && peerAddress !== self.peerAddress) this.#announceThrough(from, self);
  }

  /** No hop is behind it yet: who is asked hands it on to the leader. */
  #announceThrough(member: NodeId, self: Member): void {
    const { network, electionTimeout, logger } = this.#options;
    mark("standing-announced-through-another");
    network
      .admin(member, { type: "admin", hops: 0, method: "membershipChange", params: { change: { upsert: [self] } }, timeoutMs: electionTimeout }, { timeoutMs: electionTimeout })
      .then(() => logger.info({ peerAddress: self.peerAddress }, "the cluster looked for this node elsewhere and knows its address now"))
      .catch((error: unknown) => logger.debug({ reason: toRaftctlError(error).message }, "this node's address is not announced yet"));
  }

  #heard(index: number): void {
    const { raft, gateway, logger, admittedAt } = this.#options;
    const { membership, membershipIndex } = raft.core.status();
    const since = membership.members.some(({ id }) => id === raft.id) ? membershipIndex : 0;
    const admitted = admittedAt();
    if (index <= since || admitted === undefined || index < admitted || gateway.removedAt !== undefined) return;
    mark("removal-believed");
    gateway.removedAt = index;
    logger.error({ index }, `this node was removed from region ${globalRegionName}; to bring it back: raftctl daemon stop, then raftctl join --fresh with the address of a member`);
  }
}
