// Removes members that have been dead for long, if somebody wants that (membership.reapAfter): on the leader only, one at a time, each after the removal
// before it is committed. It never goes below the wanted number of voters that are up and hold the log, and never to where the voters that are up
// could not decide. Silence counts from when this node began to lead and watch and has had the member among its peers, so a new leader, or one that was
// paused, waits the whole time again, and a member that was added and has not come yet has the whole time to come.

import type { Clock, Timer } from "../base/clock.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import { isJoint, type MembershipChange } from "../raft/membership.ts";
import type { RaftStatus } from "../raft/status.ts";
import { failureTolerance, nameOf } from "./status.ts";

export interface ReapingOptions {
  /** undefined: this node has halted over its state, and hears nobody. */
  readonly status: () => RaftStatus | undefined;
  /** Resolves when it is committed. */
  readonly change: (change: MembershipChange) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reapAfterMs: number;
  readonly minVoters: number;
  readonly electionTimeout: number;
}

interface SilentMember {
  readonly id: NodeId;
  readonly silentMs: number;
}

/** A voter holds the log when it lacks at most this many committed entries. */
const caughtUpLagMax = 1_000;
const looksPerReapAfter = 10;

export class Reaping {
  readonly #options: ReapingOptions;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #stopped = false;
  /** The term that this node leads, and since when it has watched each peer in it without a pause. */
  #watch: { readonly term: number; readonly since: ReadonlyMap<NodeId, number> } | undefined;
  #lastLookAt = Number.NEGATIVE_INFINITY;
  /** Of whom it was said that he stays. */
  #spared = new Set<NodeId>();

  constructor(options: ReapingOptions) {
    this.#options = options;
    this.#intervalMs = Math.max(options.electionTimeout, options.reapAfterMs / looksPerReapAfter);
  }

  start(): void {
    const { clock } = this.#options;
    if (this.#stopped) return;
    this.#timer = clock.at(clock.now() + this.#intervalMs, () => void this.#look().then(() => this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    const status = this.#options.status();
    if (status === undefined) return void (this.#watch = undefined);
    const now = clock.now();
    // Whoever was stopped for a while hears nobody in that time, and that is not their fault.
    const paused = now - this.#lastLookAt > 2 * this.#intervalMs;
    this.#lastLookAt = now;
    if (paused && this.#watch !== undefined) mark("reaping-watch-begins-again-after-a-pause");
    const before = this.#watch?.term === status.currentTerm && !paused ? this.#watch.since : new Map<NodeId, number>();
    const since = new Map(status.peers.map(({ id }) => [id, before.get(id) ?? now]));
    this.#watch = status.role === "leader" ? { term: status.currentTerm, since } : undefined;
    if (this.#watch === undefined || !status.termCommitted || isUnderChange(status)) return;
    const silent = this.#silentMembers(status, now, since);
    const dead = silent.find(({ id }) => this.#refusal(status, id, now) === undefined);
    if (dead === undefined && silent.length > 0) mark("dead-member-spared");
    if (dead === undefined) this.#spare(status, silent, now);
    else await this.#reap(status, dead, now);
    // The removal took its time, which was no pause.
    this.#lastLookAt = clock.now();
  }

  /** For too long, the longest first. */
  #silentMembers(status: RaftStatus, now: number, since: ReadonlyMap<NodeId, number>): readonly SilentMember[] {
    const { reapAfterMs } = this.#options;
    return status.peers
      .map(({ id, lastContact }) => ({ id, silentMs: now - Math.max(lastContact ?? Number.NEGATIVE_INFINITY, since.get(id)!) }))
      .filter(({ silentMs }) => silentMs >= reapAfterMs)
      .toSorted((left, right) => right.silentMs - left.silentMs);
  }

  /** Says once of each why it stays; of one that came back, again. */
  #spare(status: RaftStatus, silent: readonly SilentMember[], now: number): void {
    for (const { id, silentMs } of silent) {
      if (this.#spared.has(id)) continue;
      const fields = { member: nameOf(status.membership, id), peer: id, silentMs: Math.round(silentMs), reason: this.#refusal(status, id, now) };
      this.#options.logger.warn(fields, "a member seems to be dead and is not removed");
    }
    this.#spared = new Set(silent.map(({ id }) => id));
  }

  async #reap({ membership }: RaftStatus, { id, silentMs }: SilentMember, now: number): Promise<void> {
    const { change, logger, clock } = this.#options;
    const fields = { member: nameOf(membership, id), peer: id, silentMs: Math.round(silentMs), voters: membership.voters.length };
    if (membership.voters.includes(id)) mark("dead-voter-removed");
    else mark("dead-learner-removed");
    logger.warn(fields, "a member that has been dead for longer than membership.reapAfter is removed");
    await change({ remove: [id] }).then(
      () => logger.warn({ ...fields, tookMs: Math.round(clock.now() - now) }, "the dead member was removed"),
      (error: unknown) => logger.warn({ ...fields, reason: toRaftctlError(error).message }, "the dead member could not be removed"),
    );
  }

  /** undefined: it may go. A learner never counted. */
  #refusal(status: RaftStatus, id: NodeId, now: number): string | undefined {
    const { minVoters } = this.#options;
    const { membership } = status;
    if (!membership.voters.includes(id)) return undefined;
    const voters = membership.voters.filter((voter) => voter !== id);
    const healthy = voters.filter((voter) => this.#isUp(status, voter, now) && holdsTheLog(status, voter)).length;
    if (healthy < minVoters) return `only ${healthy} other voters are up and hold the log, membership.minVoters is ${minVoters}`;
    const mayLead = membership.members.filter(({ id: voter, masterEligible }) => masterEligible && voters.includes(voter)).length;
    if (2 * mayLead <= voters.length) return `of the ${voters.length} other voters only ${mayLead} may lead, which are no majority`;
    const tolerance = failureTolerance({ ...membership, voters }, (voter) => this.#isUp(status, voter, now));
    return tolerance < 0 ? `without it the ${voters.length} voters could decide nothing` : undefined;
  }

  #isUp(status: RaftStatus, id: NodeId, now: number): boolean {
    if (id === status.id) return true;
    const contact = status.peers.find((peer) => peer.id === id)?.lastContact;
    return contact !== undefined && contact >= now - 2 * this.#options.electionTimeout;
  }
}

function holdsTheLog({ id: self, peers, commitIndex }: RaftStatus, id: NodeId): boolean {
  return id === self || commitIndex - (peers.find((peer) => peer.id === id)?.matchIndex ?? 0) <= caughtUpLagMax;
}

/** Also one that is appended and not committed. */
function isUnderChange({ membership, membershipIndex, commitIndex }: RaftStatus): boolean {
  return isJoint(membership) || membershipIndex > commitIndex;
}
