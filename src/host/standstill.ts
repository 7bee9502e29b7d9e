// Notices that this machine stood still together with its monotonic clock: it slept, or was suspended. What was pledged to its leader is over then,
// although no time seems to have passed. The wall clock goes on meanwhile, so the two have parted afterwards; otherwise they run together, because
// what corrects the rate of one corrects both. Where the wall clock stands still too (a virtual machine that its host pauses), nothing can be noticed.

import type { Clock } from "../base/clock.ts";
import { mark } from "../base/mark.ts";

/** ms: more than rounding. What is shorter is given away with the drift, unless election timeouts are a few dozen ms. */
const partedMs = 5;

export class Standstill {
  readonly #clock: Clock;
  readonly #doubtMs: number;
  /** Wall clock less monotonic clock, at the last look. */
  #apart: number;
  #doubtUntil = Number.NEGATIVE_INFINITY;

  /** @param doubtMs after a standstill nothing is relied on that was said before, for so long */
  constructor(clock: Clock, doubtMs: number) {
    this.#clock = clock;
    this.#doubtMs = doubtMs;
    this.#apart = clock.wallNow() - clock.now();
  }

  /** @param now just read from the monotonic clock */
  isSuspected(now: number): boolean {
    const apart = this.#clock.wallNow() - now;
    if (Math.abs(apart - this.#apart) > partedMs) {
      mark("lease-doubted-because-the-clocks-have-parted");
      this.#doubtUntil = now + this.#doubtMs;
    }
    this.#apart = apart;
    return now < this.#doubtUntil;
  }
}
