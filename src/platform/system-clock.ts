// The real Clock: performance.now for durations, setTimeout for deadlines, setImmediate for the end of a turn. Deadlines further away than
// setTimeout can count are reached in steps.
//
// All that asks for the end of one turn shares one immediate. What is asked for there, and in the promise callbacks that follow (a core's turn that
// leads to an answer that leads to a flush), still belongs to this turn: it runs before the loop looks for new input, which spares a round of the
// loop for each link of the chain.

import type { Clock, Timer } from "../base/clock.ts";

/** setTimeout fires at once above 2^31-1. */
const delayMsMax = 2 ** 31 - 1;

/** Links of a chain within one turn; what goes on for longer lets new input in. */
const linksMax = 16;

export class SystemClock implements Clock {
  #waiting: (() => void)[] = [];
  #turnEnds = false;

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
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    setImmediate(() => this.#endTurn(linksMax));
  }

  nextTurn(call: () => void): void {
    setImmediate(call);
  }

  #endTurn(linksLeft: number): void {
    const calls = this.#waiting;
    this.#waiting = [];
    // First, so that a call that throws does not leave this turn open for ever.
    this.#settle(linksLeft);
    for (const call of calls) call();
  }

  /** Looks again when every promise callback of this turn has run: ticks come after microtasks that were queued before them. */
  #settle(linksLeft: number): void {
    queueMicrotask(() =>
      process.nextTick(() => {
        if (this.#waiting.length === 0) this.#turnEnds = false;
        else if (linksLeft > 0) this.#endTurn(linksLeft - 1);
        else setImmediate(() => this.#endTurn(linksMax));
      }),
    );
  }
}
