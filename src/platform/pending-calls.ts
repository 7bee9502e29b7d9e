// Calls that wait for their answers: request id to waiter, a bound on how many, and a deadline for each. One timer serves all deadlines of a
// connection: it is armed for the earliest one, rounded up to a few milliseconds, so that a thousand calls cost a handful of timers.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { requestIdMax } from "../wire/envelope.ts";
import type { WireFields } from "../wire/frame.ts";

export interface PendingCall {
  readonly decode: (fields: WireFields) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: number;
  readonly timeoutMs: number;
}

/** Deadlines closer together than this share a firing. */
const granularityMs = 5;

export class PendingCalls {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #calls = new Map<number, PendingCall>();
  #lastId = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /** @param name of the other side, for errors. */
  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** An id that no call under way has; never 0. */
  nextId(): number {
    do this.#lastId = this.#lastId >= requestIdMax ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }

  add(id: number, call: PendingCall): void {
    this.#calls.set(id, call);
    if (call.deadline < this.#timerAt) this.#arm(call.deadline);
  }

  /** The call is over; undefined when it was before, or never was: late, repeated and unknown answers end here. */
  take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#calls.delete(id);
    return call;
  }

  rejectAll(error: RaftctlError): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#disarm();
    for (const call of calls) call.reject(error);
  }

  #arm(deadline: number): void {
    this.#timer?.cancel();
    this.#timerAt = deadline + granularityMs;
    this.#timer = this.#clock.at(this.#timerAt, () => this.#expire());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #expire(): void {
    this.#disarm();
    const now = this.#clock.now();
    let earliest = Infinity;
    for (const [id, call] of this.#calls) {
      if (call.deadline > now) earliest = Math.min(earliest, call.deadline);
      else this.#timeOut(id, call);
    }
    if (earliest < Infinity) this.#arm(earliest);
  }

  #timeOut(id: number, call: PendingCall): void {
    this.#calls.delete(id);
    call.reject(new RaftctlError("TIMEOUT", `no answer from ${this.#name} within ${Math.round(call.timeoutMs)} ms`, { details: { sent: true } }));
  }
}
