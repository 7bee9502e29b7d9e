// Calls that wait for their answers: request id to waiter, a bound on how many, and a deadline for each. One timer serves all deadlines of a
// connection: it is armed for the earliest one, rounded up to a few milliseconds, so that a thousand calls cost a handful of timers.

import { AscendingMap } from "../base/ascending-map.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { requestIdMax } from "../wire/envelope.ts";
import type { WireFields } from "../wire/frame.ts";

/** Ids begin again at 0 behind the last one; what is kept here goes on counting. */
const idCount = requestIdMax + 1;

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
  /** By their number, of which the id is the remainder. */
  readonly #calls = new AscendingMap<{ readonly number: number; readonly call: PendingCall }>();
  #lastNumber: number;
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /**
   * @param name of the other side, for errors
   * @param lastNumber as if so many calls had been made before
   */
  constructor(clock: Clock, name: string, lastNumber = 0) {
    this.#clock = clock;
    this.#name = name;
    this.#lastNumber = lastNumber;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** An id that no call under way has; never 0, which is the connection itself. */
  nextId(): number {
    do this.#lastNumber += 1;
    while (this.#lastNumber % idCount === 0 || this.#calls.get(this.#lastNumber - idCount) !== undefined);
    return this.#lastNumber % idCount;
  }

  /** The id is what `nextId` said last. */
  add(call: PendingCall): void {
    this.#calls.add(this.#lastNumber, { number: this.#lastNumber, call });
    if (call.deadline < this.#timerAt) this.#arm(call.deadline);
  }

  /** The call is over; undefined when it was before, or never was: late, repeated and unknown answers end here. */
  take(id: number): PendingCall | undefined {
    // The latest number that has this id.
    return this.#calls.take(this.#lastNumber - ((this.#lastNumber - id) % idCount))?.call;
  }

  rejectAll(error: RaftctlError): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#disarm();
    for (const { call } of calls) call.reject(error);
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
    for (const { number, call } of this.#calls.values()) {
      if (call.deadline > now) earliest = Math.min(earliest, call.deadline);
      else this.#timeOut(number, call);
    }
    if (earliest < Infinity) this.#arm(earliest);
  }

  #timeOut(number: number, call: PendingCall): void {
    this.#calls.take(number);
    call.reject(new RaftctlError("TIMEOUT", `no answer from ${this.#name} within ${Math.round(call.timeoutMs)} ms`, { details: { sent: true } }));
  }
}
