// Durations in fixed memory, however many: percentiles to three digits (HDR, by node:perf_hooks), the exact largest one, and counts in steps that people
// read easily. Resolution one microsecond, up to an hour.

import { createHistogram } from "node:perf_hooks";

const microsecondsMax = 3_600_000_000;
/** Upper bounds of the steps, ms; the last one has none. */
const bounds = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, Number.POSITIVE_INFINITY] as const;

export interface LatencyDocument {
  count: number;
  meanMs: number;
  /** Standard deviation. */
  deviationMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
  slowestMs: number;
  /** How many took at most so long and longer than the step before; null for what took longer than every step. From the first step that has any to the last. */
  steps: { upToMs: number | null; count: number }[];
}

export class LatencyHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: microsecondsMax, figures: 3 });
  readonly #counts: number[] = bounds.map(() => 0);
  #slowestMs = 0;

  get count(): number {
    return this.#histogram.count;
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  record(ms: number): void {
    this.#histogram.record(Math.min(microsecondsMax, Math.max(1, Math.round(ms * 1000))));
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    this.#counts[bounds.findIndex((bound) => ms <= bound)]! += 1;
  }

  /** ms; 0 of nothing. @param percent 99 for the 99th percentile */
  percentile(percent: number): number {
    // A bucket is known by its upper end, which may be beyond the slowest of all.
    return this.count === 0 ? 0 : Math.min(this.#histogram.percentile(percent) / 1000, this.#slowestMs);
  }

  document(): LatencyDocument {
    const isEmpty = this.count === 0;
    return {
      count: this.count,
      meanMs: isEmpty ? 0 : rounded(this.#histogram.mean / 1000),
      deviationMs: isEmpty ? 0 : rounded(this.#histogram.stddev / 1000),
      p50Ms: rounded(this.percentile(50)), p90Ms: rounded(this.percentile(90)), p99Ms: rounded(this.percentile(99)), p999Ms: rounded(this.percentile(99.9)),
      slowestMs: rounded(this.#slowestMs),
      steps: this.#steps(),
    };
  }

  #steps(): LatencyDocument["steps"] {
    const all = bounds.map((bound, place) => ({ upToMs: Number.isFinite(bound) ? bound : null, count: this.#counts[place]! }));
    const [first, last] = [this.#counts.findIndex((count) => count > 0), this.#counts.findLastIndex((count) => count > 0)];
    return first === -1 ? [] : all.slice(first, last + 1);
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
