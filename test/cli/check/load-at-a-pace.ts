// A clock for loads that stands still until a test lets time pass, and a store that answers when the test says so.

import type { Timer } from "../../../src/base/clock.ts";
import type { LoadClock } from "../../../src/cli/check/perf/load-clock.ts";

export class ManualLoadClock implements LoadClock {
  #now: number;
  #calls: { time: number; call: () => void }[] = [];

  constructor(now = 1000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, call: () => void): Timer {
    const entry = { time, call };
    this.#calls.push(entry);
    return { cancel: () => void (this.#calls = this.#calls.filter((other) => other !== entry)) };
  }

  /** Here a turn takes a tenth of a millisecond. */
  nextTurn(call: () => void): void {
    this.at(this.#now + 0.1, call);
  }

  /** In steps, so that whatever follows from one call happens before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#calls.filter(({ time }) => time <= end).toSorted((left, right) => left.time - right.time)[0];
      if (next === undefined) break;
      this.#calls = this.#calls.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.time);
      next.call();
    }
    this.#now = end;
    await settled();
  }
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
