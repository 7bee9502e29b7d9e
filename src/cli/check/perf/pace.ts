// When a lane may send its next operation, and since when that operation counts as waiting. Closed: at once, so a slow answer makes the load lighter.
// Open: operations arrive by a schedule, whatever the answers do, and a lane that is free takes the oldest one that has not been sent. Its latency runs
// from when it was meant to be sent: an operation that waited because all lanes were busy has waited (no coordinated omission).

import type { LoadClock } from "./load-clock.ts";

export interface Pace {
  /** When the next operation was meant to be sent, once that time has come; undefined: there is nothing more to send. */
  next(): Promise<number | undefined> | number | undefined;
  /** Nothing is sent any more. */
  stop(): void;
  /** What a lane waits after a failure, ms. */
  readonly pauseMs: number;
  /** At the end: operations that were due and could not be sent. Whoever stops it does not want them. */
  readonly notSent: number;
}

export class ClosedPace implements Pace {
  readonly pauseMs = 20;
  readonly notSent = 0;
  readonly #clock: LoadClock;
  readonly #endMs: number;
  #stopped = false;

  constructor(clock: LoadClock, endMs: number) {
    this.#clock = clock;
    this.#endMs = endMs;
  }

  next(): number | undefined {
    const now = this.#clock.now();
    return this.#stopped || now >= this.#endMs ? undefined : now;
  }

  stop(): void {
    this.#stopped = true;
  }
}

export interface Schedule {
  /** Of the first operation. */
  readonly startMs: number;
  /** From then on none arrives any more. */
  readonly durationMs: number;
  readonly ratePerSecond: number;
  /** How long after the end operations that were due before are still sent. */
  readonly graceMs: number;
}

/** Timers are late by a millisecond or so: the rest is waited for turn by turn. */
const timerMs = 2;

export class OpenPace implements Pace {
  readonly pauseMs = 0;
  readonly #clock: LoadClock;
  readonly #schedule: Schedule;
  /** Counted once and for all: whether the last one is before the end must not depend on rounding. */
  readonly #total: number;
  #taken = 0;
  #stopped = false;
  /** Lanes that wait for operations to come, in their order. */
  #waiting: { readonly dueMs: number; readonly resolve: (dueMs: number | undefined) => void }[] = [];
  #isArmed = false;

  constructor(clock: LoadClock, schedule: Schedule) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#total = Math.ceil((schedule.durationMs * schedule.ratePerSecond) / 1000);
  }

  get notSent(): number {
    return this.#stopped ? 0 : this.#total - this.#taken;
  }

  next(): Promise<number | undefined> | number | undefined {
    const { startMs, durationMs, ratePerSecond, graceMs } = this.#schedule;
    const now = this.#clock.now();
    if (this.#stopped || this.#taken >= this.#total || now >= startMs + durationMs + graceMs) return undefined;
    const dueMs = startMs + (this.#taken * 1000) / ratePerSecond;
    this.#taken += 1;
    if (dueMs <= now) return dueMs;
    return new Promise((resolve) => {
      this.#waiting.push({ dueMs, resolve });
      this.#arm();
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const { resolve } of this.#waiting) resolve(undefined);
    this.#waiting = [];
  }

  #arm(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#isArmed) return;
    this.#isArmed = true;
    const wake = (): void => {
      this.#isArmed = false;
      this.#release();
      this.#arm();
    };
    if (first.dueMs - this.#clock.now() > timerMs) this.#clock.at(first.dueMs - timerMs, wake);
    else this.#clock.nextTurn(wake);
  }

  #release(): void {
    const now = this.#clock.now();
    const due = this.#waiting.findIndex(({ dueMs }) => dueMs > now);
    const released = this.#waiting.splice(0, due === -1 ? this.#waiting.length : due);
    for (const { dueMs, resolve } of released) resolve(dueMs);
  }
}
