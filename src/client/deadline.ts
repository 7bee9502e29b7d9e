// The time limit of one call, from the moment it began: each step gets what is left of it, so that no sum of steps exceeds it.

import { RaftctlError } from "../base/errors.ts";

export class Deadline {
  readonly timeoutMs: number;
  readonly #start: number;
  readonly #end: number;

  constructor(timeoutMs: number, start = performance.now()) {
    if (!(timeoutMs > 0)) throw new RaftctlError("INVALID_ARGUMENT", `a timeout of ${timeoutMs} ms: want more than 0`);
    this.timeoutMs = timeoutMs;
    this.#start = start;
    this.#end = start + timeoutMs;
  }

  /** The same call under a tighter limit, counted from when it began. */
  within(limitMs: number): Deadline {
    return limitMs < this.timeoutMs ? new Deadline(limitMs, this.#start) : this;
  }

  get elapsedMs(): number {
    return performance.now() - this.#start;
  }

  get remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  get passed(): boolean {
    return this.remainingMs === 0;
  }

  /** What the server may take, a little less than what is left: its own answer (who is missing, say) tells more than our time-out. */
  get serverMs(): number {
    const remaining = this.remainingMs;
    return Math.max(1, Math.floor(remaining - Math.min(200, remaining / 10)));
  }
}
