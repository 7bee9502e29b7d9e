// How fast a voter's clock runs against the leader's, from what the answers to heartbeats tell: when the request left and when the answer came, on
// the one clock, and what the other one showed in between. It proves that a clock runs too fast and never accuses one that does not, however long
// messages take; the longer the time between two readings, the smaller the excess that it sees.

export interface ClockReading {
  /** On the leader's clock, ms. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** Of the other clock, at some moment between the two, ms. */
  readonly reading: number;
}

/** ms on the leader's clock: a reading is compared with an earlier one for so long, and a clock that ran too fast is not trusted for so long. */
export const comparisonWindow = 10_000;

export class ClockComparison {
  #earlier: ClockReading | undefined;
  #isTooFast = false;

  /** It has run too fast, and has not kept within the bound for a window since. */
  get isTooFast(): boolean {
    return this.#isTooFast;
  }

  /** @param driftMax what may be missing of the other clock's time on this one, as a share of it */
  compare(now: ClockReading, driftMax: number): void {
    const earlier = this.#earlier;
    // A process that has started again counts from its start.
    if (earlier === undefined || now.reading < earlier.reading) return void (this.#earlier = now);
    const elapsedMax = now.receivedAt - earlier.sentAt;
    const isTooFast = (now.reading - earlier.reading) * (1 - driftMax) > elapsedMax;
    if (!isTooFast && elapsedMax < comparisonWindow) return;
    this.#isTooFast = isTooFast;
    this.#earlier = now;
  }
}
