// The clock that one process sees: its rate differs from true time, its wall clock jumps, and a turn of its event loop takes a while, so that several
// inputs fall into one turn.

import type { Clock, Timer } from "../../../src/base/clock.ts";
import type { ProcessLife } from "./process-life.ts";
import type { Scheduler } from "./scheduler.ts";

/** Of one node; changed by faults while it runs. */
export interface ClockConditions {
  /** Its seconds per true second. Fixed for the life of a process. */
  rate: number;
  /** ms of the wall clock off the true one. */
  wallOffset: number;
  /** ms until a turn ends; 0 ends it with the event. */
  turnMs: () => number;
}

const wallOrigin = 1_800_000_000_000;

export class LifeClock implements Clock {
  readonly #life: ProcessLife;
  readonly #scheduler: Scheduler;
  readonly #conditions: ClockConditions;
  readonly #rate: number;
  readonly #origin: number;
  #turnEnds: (() => void)[] | undefined;

  constructor(life: ProcessLife, scheduler: Scheduler, conditions: ClockConditions) {
    this.#life = life;
    this.#scheduler = scheduler;
    this.#conditions = conditions;
    this.#rate = conditions.rate;
    this.#origin = scheduler.now;
  }

  now(): number {
    return (this.#scheduler.now - this.#origin) * this.#rate;
  }

  wallNow(): number {
    // One oscillator drives both clocks of a machine.
    return Math.round(wallOrigin + this.#origin + this.now() + this.#conditions.wallOffset);
  }

  at(time: number, call: () => void): Timer {
    // Rounded up to a nanosecond, so that it is never early on this clock.
    const timer = this.#life.timer(this.#origin + time / this.#rate + 1e-6, call);
    return { cancel: () => void (timer.call = undefined) };
  }

  endOfTurn(call: () => void): void {
    if (this.#turnEnds !== undefined) return void this.#turnEnds.push(call);
    const turnMs = this.#conditions.turnMs();
    if (turnMs === 0) return this.#life.endOfTurn(call);
    const calls = [call];
    this.#turnEnds = calls;
    this.#life.after(turnMs, () => {
      this.#turnEnds = undefined;
      for (const each of calls) each();
    });
  }

  nextTurn(call: () => void): void {
    this.#life.after(this.#conditions.turnMs(), call);
  }
}
