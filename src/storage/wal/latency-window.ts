// The last so many durations, for a percentile that follows the present. Adding is cheap, asking sorts.

export class LatencyWindow {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  add(durationMs: number): void {
    this.#values[this.#count % this.#values.length] = durationMs;
    this.#count += 1;
  }

  /** undefined before the first value. @param fraction 0.99 for the 99th percentile */
  percentile(fraction: number): number | undefined {
    const held = Math.min(this.#count, this.#values.length);
    if (held === 0) return undefined;
    const sorted = this.#values.slice(0, held).sort();
    return sorted[Math.min(held - 1, Math.floor(held * fraction))];
  }
}
