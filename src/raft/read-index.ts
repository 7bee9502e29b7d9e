// Reads that wait for a quorum to confirm this leader (diss. §6.4). Rounds are numbered upwards within a term and never reused; all reads
// that wait when a round begins share it. The queue lives and dies with one leadership, so no answer can come from another term.

import type { Ticket } from "./input.ts";

/** Reads that may wait at once; more are refused with BUSY. */
export const pendingReadsMax = 65_536;

export interface ReadRound {
  readonly round: number;
  /** commitIndex when the round began. */
  readonly index: number;
  readonly kind: "readable" | "replicated";
  readonly tickets: readonly Ticket[];
}

export class ReadQueue {
  #round = 0;
  #waiting: Ticket[] = [];
  #rounds: ReadRound[] = [];
  #pending = 0;

  /** The latest round that has begun. */
  get round(): number {
    return this.#round;
  }

  get isFull(): boolean {
    return this.#pending >= pendingReadsMax;
  }

  /** true when reads wait and none of the rounds under way serves reads: at most one is, so that the next one gathers all that come. */
  get wantsRound(): boolean {
    return this.#waiting.length > 0 && !this.#rounds.some((each) => each.kind === "readable");
  }

  wait(ticket: Ticket): void {
    this.#waiting.push(ticket);
    this.#pending += 1;
  }

  beginReadRound(commitIndex: number): void {
    this.#round += 1;
    this.#rounds.push({ round: this.#round, index: commitIndex, kind: "readable", tickets: this.#waiting });
    this.#waiting = [];
  }

  /** A round of its own, for forceReplication. */
  beginForcedRound(ticket: Ticket, commitIndex: number): void {
    this.#round += 1;
    this.#rounds.push({ round: this.#round, index: commitIndex, kind: "replicated", tickets: [ticket] });
    this.#pending += 1;
  }

  /** Rounds that end because a quorum has answered `round` or a later one, in order. */
  confirm(round: number): readonly ReadRound[] {
    let count = 0;
    while (count < this.#rounds.length && this.#rounds[count]!.round <= round) {
      this.#pending -= this.#rounds[count]!.tickets.length;
      count += 1;
    }
    return count === 0 ? [] : this.#rounds.splice(0, count);
  }

  /** Everybody who still waits; the queue is empty afterwards. */
  drain(): readonly Ticket[] {
    const tickets = [...this.#rounds.flatMap((each) => each.tickets), ...this.#waiting];
    this.#rounds = [];
    this.#waiting = [];
    this.#pending = 0;
    return tickets;
  }

  get isIdle(): boolean {
    return this.#rounds.length === 0;
  }
}
