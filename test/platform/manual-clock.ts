// A Clock that a test moves by hand. The end of a turn is a real one.

import type { Clock, Timer } from "../../src/base/clock.ts";

export class ManualClock implements Clock {
  #now = 1_000;
  #timers: { time: number; call: () => void }[] = [];

  get armed(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now;
  }

  at(time: number, call: () => void): Timer {
    const timer = { time, call };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  endOfTurn(call: () => void): void {
    setImmediate(call);
  }

  nextTurn(call: () => void): void {
    setImmediate(call);
  }

  /** Fires what is due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.time <= end).sort((left, right) => left.time - right.time)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.time);
      next.call();
    }
    this.#now = end;
  }
}
