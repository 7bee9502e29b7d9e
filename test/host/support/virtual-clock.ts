// A clock whose time passes only when the test says so, without real sleeping. Ends of turns and due timers run in a fixed order, and after each of
// them everything that follows by promises has happened before the next one runs: the same test gives the same run every time.

import type { Clock, Timer } from "../../../src/base/clock.ts";

interface Armed {
  readonly time: number;
  readonly call: () => void;
}

export class VirtualClock implements Clock {
  #now = 1_000;
  #timers: Armed[] = [];
  #endOfTurn: (() => void)[] = [];
  /** Timers that were ever armed, for tests that count wake-ups. */
  armedTotal = 0;
  firedTotal = 0;

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_800_000_000_000 + this.#now;
  }

  at(time: number, call: () => void): Timer {
    const armed = { time, call };
    this.#timers.push(armed);
    this.armedTotal += 1;
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== armed)) };
  }

  endOfTurn(call: () => void): void {
    this.#endOfTurn.push(call);
  }

  nextTurn(call: () => void): void {
    this.#endOfTurn.push(call);
  }

  /** Timers that are armed now, by time. */
  get armed(): readonly number[] {
    return this.#timers.map(({ time }) => time).toSorted((left, right) => left - right);
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    do {
      const calls = this.#endOfTurn;
      this.#endOfTurn = [];
      for (const call of calls) call();
      // One real turn of the event loop: every promise that can go on has gone on.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#endOfTurn.length > 0);
  }

  /** Time passes; what is due runs when it is due. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await this.settle();
    for (let next = this.#nextDue(target); next !== undefined; next = this.#nextDue(target)) {
      this.#fire(next);
      await this.settle();
    }
    this.#now = target;
  }

  /** Nothing runs in the meantime, as when the process is stopped; what became due runs afterwards, timers last. */
  pause(ms: number): void {
    this.#now += ms;
  }

  /** Advances in small steps until it holds. */
  async until(holds: () => boolean, what: string, withinMs = 60_000): Promise<void> {
    const deadline = this.#now + withinMs;
    await this.settle();
    while (!holds()) {
      if (this.#now >= deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
      const next = this.#nextDue(deadline);
      if (next === undefined) {
        this.#now = deadline;
      } else {
        this.#fire(next);
      }
      await this.settle();
    }
  }

  #fire(armed: Armed): void {
    this.#timers = this.#timers.filter((other) => other !== armed);
    this.#now = Math.max(this.#now, armed.time);
    this.firedTotal += 1;
    armed.call();
  }

  #nextDue(target: number): Armed | undefined {
    let next: Armed | undefined;
    for (const armed of this.#timers) if (armed.time <= target && (next === undefined || armed.time < next.time)) next = armed;
    return next;
  }
}
