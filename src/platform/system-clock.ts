// The real Clock: performance.now for durations, setTimeout for deadlines, setImmediate for the end of a turn. Deadlines further away than
// setTimeout can count are reached in steps. All that asks for the end of one turn shares one immediate.

import type { Clock, Timer } from "../base/clock.ts";

/** setTimeout fires at once above 2^31-1. */
const delayMsMax = 2 ** 31 - 1;

export class SystemClock implements Clock {
  #waiting: (() => void)[] = [];

  now(): number {
    return performance.now();
  }

  wallNow(): number {
    return Date.now();
  }

  at(time: number, call: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const delay = Math.min(delayMsMax, Math.max(0, Math.ceil(time - performance.now())));
      handle = setTimeout(() => (performance.now() >= time ? call() : arm()), delay);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }

  endOfTurn(call: () => void): void {
    this.#waiting.push(call);
    if (this.#waiting.length === 1) setImmediate(() => this.#endTurn());
  }

  #endTurn(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) call();
  }
}
