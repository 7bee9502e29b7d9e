// Ends leases whose time is over. Only a leader does, by an entry in the log, so that a lease ends at the same index everywhere; how much time each one has
// left is known in its memory alone, on its monotonic clock. One timer for the earliest deadline; none without leases, and none on a follower.
//
// A lease may live longer than its ttl, never shorter. Let a client send a keep-alive (or a grant) at t, and be answered that the lease is kept. Then no entry
// that ends it takes effect before t + ttl, by the clock of whoever leads then:
//
//    - The leader who answered had its leadership confirmed by a majority after the request had come, and by then had applied all entries of earlier terms
//      (raft.readIndex, diss. §6.4): none of these can still end the lease, and whoever leads later was elected after t.
//    - In its own term it lets the lease last until at least arrival + ttl. Whose time was over before it does not keep any more: from then on the entry that
//      ends it may be on its way, and nothing but a later grant takes the lease from under it (the entry names the grant that it means).
//    - A later leader gives every lease all of its time again, when the first entry of its own term is applied. What earlier leaders have appended is applied by
//      then, or will never be.
//    - A leader that was deposed and does not know appends what no majority takes.
//
// docs/leases.md says what a holder may make of that.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { LeaseTable } from "../machine/leases.ts";
import type { RaftEvent } from "../raft/ready.ts";
import { type HeldLease, LeaseDeadlines } from "./lease-deadlines.ts";
import type { Raft } from "./region.ts";

export type LeaseSource = Pick<LeaseTable, "count" | "get" | "all" | "expiryOf" | "onChange">;

export interface LessorOptions {
  readonly raft: Pick<Raft, "core" | "propose" | "readIndex">;
  /** Of the state machine; the lessor is the one that is told of changes. */
  readonly leases: LeaseSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** ms. What could not be ended is tried again after it. */
  readonly electionTimeout: number;
}

/** Entries of ours that may be on their way at a time. */
const endingMax = 64;

/** The deadlines of one term in which this node leads. */
interface Tenure {
  readonly term: number;
  readonly deadlines: LeaseDeadlines;
  /** Over, and not yet proposed. */
  readonly due: HeldLease[];
  ending: number;
}

export class Lessor {
  readonly #options: LessorOptions;
  #tenure: Tenure | undefined;
  #timer: { readonly time: number; readonly timer: Timer } | undefined;
  #isEntering = false;
  #isStopped = false;

  constructor(options: LessorOptions) {
    this.#options = options;
    options.leases.onChange = (leases) => this.#changed(leases);
  }

  observed(event: RaftEvent): void {
    if (event.kind !== "roleChanged") return;
    if (event.role === "leader") this.#enterSoon();
    else this.#leave();
  }

  stop(): void {
    this.#isStopped = true;
    this.#leave();
  }

  /**
   * Leader only: each of these leases lasts for its ttl from now on. Those that wait share one round of heartbeats.
   * @returns ms that are left, by lease; undefined: there is no such lease, or its time was over. @throws NOT_LEADER, NO_LEADER
   */
  async keepAlive(leases: readonly bigint[], timeoutMs: number): Promise<(number | undefined)[]> {
    const arrivedAt = this.#options.clock.now();
    const tenure = await this.#confirmed(timeoutMs);
    return leases.map((id) => {
      const held = tenure.deadlines.extend(id, arrivedAt);
      if (held === undefined) mark("keep-alive-for-a-lease-that-is-gone-or-over");
      return held === undefined ? undefined : this.#leftOf(held);
    });
  }

  /** Leader only, and confirmed by a majority. ms that are left at least, unless the lease is kept alive; undefined: there is no such lease. @throws as keepAlive */
  async remaining(timeoutMs: number): Promise<(lease: bigint) => number | undefined> {
    const { deadlines } = await this.#confirmed(timeoutMs);
    return (lease) => {
      const held = deadlines.get(lease);
      return held === undefined ? undefined : this.#leftOf(held);
    };
  }

  #leftOf({ deadline, isOver }: HeldLease): number {
    return isOver ? 0 : Math.max(0, Math.floor(deadline - this.#options.clock.now()));
  }

  async #confirmed(timeoutMs: number): Promise<Tenure> {
    await this.#options.raft.readIndex(timeoutMs);
    this.#enter();
    if (this.#tenure === undefined) {
      mark("lessor-deposed-while-it-asked");
      throw new RaftctlError("NOT_LEADER", "leadership was lost while it was being confirmed; nothing was done");
    }
    return this.#tenure;
  }

  // ── leading ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** As soon as the first entry of this term is applied. Without leases there is nothing to begin. */
  #enterSoon(): void {
    const { raft, leases, clock, electionTimeout } = this.#options;
    if (this.#isEntering || this.#isStopped || leases.count === 0 || raft.core.role !== "leader") return;
    this.#isEntering = true;
    const ended = (): void => {
      this.#isEntering = false;
      this.#enter();
      if (this.#tenure === undefined && raft.core.role === "leader") clock.at(clock.now() + electionTimeout, () => this.#enterSoon());
    };
    raft.readIndex(electionTimeout).then(ended, ended);
  }

  #enter(): void {
    const { raft: { core }, leases, clock } = this.#options;
    if (this.#current !== undefined) return;
    this.#leave();
    const isEstablished = core.role === "leader" && core.termAt(core.lastApplied) === core.currentTerm;
    if (!isEstablished || this.#isStopped) return;
    mark("lessor-gives-all-leases-their-time-again");
    this.#tenure = { term: core.currentTerm, deadlines: new LeaseDeadlines(), due: [], ending: 0 };
    for (const lease of leases.all()) this.#tenure.deadlines.hold(lease, clock.now());
    this.#arm();
  }

  /** That of this very term: deadlines of an earlier one know nothing of what other leaders have promised since. */
  get #current(): Tenure | undefined {
    const { core } = this.#options.raft;
    return core.role === "leader" && this.#tenure?.term === core.currentTerm ? this.#tenure : undefined;
  }

  #leave(): void {
    this.#tenure = undefined;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #changed(changed: readonly bigint[]): void {
    const { leases, clock } = this.#options;
    const tenure = this.#current;
    if (tenure === undefined) return this.#enterSoon();
    const { deadlines } = tenure;
    for (const id of changed) {
      const lease = leases.get(id);
      if (lease === undefined) deadlines.drop(id);
      else if (lease.grantIndex !== deadlines.get(id)?.grantIndex) deadlines.hold(lease, clock.now());
    }
    this.#arm();
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The timer is only moved when a deadline comes nearer; one that went further away is noticed when the timer fires. */
  #arm(): void {
    const earliest = this.#tenure?.deadlines.earliest;
    if (earliest === undefined || (this.#timer !== undefined && this.#timer.time <= earliest)) return;
    const { clock } = this.#options;
    this.#timer?.timer.cancel();
    // Behind the requests that are there already: a stall of this process must not look like holders that are gone.
    this.#timer = { time: earliest, timer: clock.at(earliest, () => clock.endOfTurn(() => this.#fire())) };
  }

  #fire(): void {
    this.#timer = undefined;
    const tenure = this.#current;
    if (tenure === undefined) return;
    for (const lease of tenure.deadlines.takeOver(this.#options.clock.now())) tenure.due.push(lease);
    this.#endDue(tenure);
    this.#arm();
  }

  #endDue(tenure: Tenure): void {
    while (tenure === this.#current && tenure.ending < endingMax) {
      const lease = tenure.due.shift();
      if (lease === undefined) return;
      // Granted anew, or revoked, while it stood in line.
      if (lease.isOver && tenure.deadlines.get(lease.id) === lease) void this.#end(tenure, lease);
    }
  }

  /** Never rejects. */
  async #end(tenure: Tenure, lease: HeldLease): Promise<void> {
    const { raft, leases, clock, logger, electionTimeout } = this.#options;
    tenure.ending += 1;
    try {
      await raft.propose(leases.expiryOf(lease.id, lease.grantIndex), { waitFor: "applied", timeoutMs: 2 * electionTimeout });
    } catch (error) {
      mark("lease-could-not-be-ended-yet");
      logger.debug({ reason: toRaftctlError(error).message }, "a lease could not be ended; trying again while this node leads");
      tenure.deadlines.retry(lease, clock.now() + electionTimeout);
      if (tenure === this.#tenure) this.#arm();
    } finally {
      tenure.ending -= 1;
    }
    this.#endDue(tenure);
  }
}
