// A clock for storage tests: turns are real turns of the event loop, time passes only when the test says so.

import type { Clock, Timer } from "../../src/base/clock.ts";

export class TurnClock implements Clock {
  /** How often somebody let others have their turn. */
  turns = 0;
  #now = 0;
  #timers: { time: number; call: () => void; cancelled: boolean }[] = [];

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_800_000_000_000 + this.#now;
  }

  at(time: number, call: () => void): Timer {
    const timer = { time, call, cancelled: false };
    this.#timers.push(timer);
    return { cancel: () => void (timer.cancelled = true) };
  }

  endOfTurn(call: () => void): void {
    setImmediate(call);
  }

  nextTurn(call: () => void): void {
    this.turns += 1;
    setImmediate(call);
  }

  get armed(): number {
    return this.#timers.filter((timer) => !timer.cancelled).length;
  }

  /** Time has passed by the time that this returns; what is due by then is called in the next turn. */
  elapse(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.time <= this.#now).toSorted((left, right) => left.time - right.time);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const timer of due) setImmediate(() => void (timer.cancelled || timer.call()));
  }

  /** Lets time pass, calls what is due in order, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => !timer.cancelled && timer.time <= target).toSorted((left, right) => left.time - right.time)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.time);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.call();
      await settled();
    }
    this.#now = target;
    await settled();
  }
}

/** A few turns of the event loop, enough for work on a disk in memory to come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
