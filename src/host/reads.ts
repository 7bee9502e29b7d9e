// Linearizable reads (diss. §6.4). All reads that arrive while a round is being asked for share the next one: one ticket, one promise, one quorum
// round for all of them. A read may be served when the promise has resolved: its index is applied here by then.

import { AscendingMap } from "../base/ascending-map.ts";
import type { RaftctlError } from "../base/errors.ts";
import { defer, type Deferred } from "../base/deferred.ts";
import { mark } from "../base/mark.ts";

interface Round extends Deferred<number> {
  readonly deadline: number;
}

interface AskedRound {
  readonly ticket: number;
  readonly round: Round;
}

export class Reads {
  #next: Round | undefined;
  readonly #asked = new AscendingMap<AskedRound>();
  /** Confirmed, waiting for the state machine; ascending enough to look at the first ones only. */
  #confirmed: { readonly index: number; readonly round: Round }[] = [];

  get waiting(): number {
    return this.#asked.size + this.#confirmed.length + (this.#next === undefined ? 0 : 1);
  }

  /** Somebody waits for a round that has not begun. */
  get unbegun(): boolean {
    return this.#next !== undefined;
  }

  /** Joins the round that is about to begin; `begin` is called when there is none yet. */
  join(deadline: number, begin: () => void): Promise<number> {
    if (this.#next === undefined) {
      this.#next = { ...defer<number>(), deadline };
      begin();
    } else mark("read-shares-a-round");
    return this.#next.promise;
  }

  /** The round begins: those who come later join another one. false when nobody waits. @param ticket above all before it */
  begin(ticket: number): boolean {
    if (this.#next === undefined) return false;
    this.#asked.add(ticket, { ticket, round: this.#next });
    this.#next = undefined;
    return true;
  }

  confirmed(ticket: number, index: number, lastApplied: number): void {
    const round = this.#asked.take(ticket)?.round;
    if (round === undefined) return;
    if (index > lastApplied) mark("read-confirmed-before-the-state-is-there");
    if (index <= lastApplied) round.resolve(index);
    else this.#confirmed.push({ index, round });
  }

  refused(ticket: number, error: RaftctlError): boolean {
    const round = this.#asked.take(ticket)?.round;
    round?.reject(error);
    return round !== undefined;
  }

  applied(lastApplied: number): void {
    if (this.#confirmed.length === 0) return;
    for (const { index, round } of this.#confirmed) if (index <= lastApplied) round.resolve(index);
    this.#confirmed = this.#confirmed.filter(({ index }) => index > lastApplied);
  }

  expire(now: number, late: () => RaftctlError): void {
    for (const { ticket, round } of this.#asked.values()) {
      if (round.deadline <= now) {
        mark("read-not-confirmed-in-time");
        this.refused(ticket, late());
      }
    }
    for (const { round } of this.#confirmed) if (round.deadline <= now) round.reject(late());
    this.#confirmed = this.#confirmed.filter(({ round }) => round.deadline > now);
  }

  failAll(error: RaftctlError): void {
    this.#next?.reject(error);
    this.#next = undefined;
    for (const { round } of this.#asked.values()) round.reject(error);
    this.#asked.clear();
    for (const { round } of this.#confirmed) round.reject(error);
    this.#confirmed = [];
  }
}
