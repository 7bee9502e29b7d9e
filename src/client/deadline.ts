// The time limit of one call, from the moment it began, and the caller's wish to give it up: each step gets what is left, so that no sum of steps
// exceeds it, and an abort ends whichever step it meets.

import { RaftctlError } from "../base/errors.ts";
import { untilAborted } from "../base/until-aborted.ts";

/** What every call takes. */
export interface CallOptions {
  /** ms; by default the client's. */
  readonly timeoutMs?: number | undefined;
  /**
   * Ends the wait at once. A call that has no effect, or was not sent yet, rejects with CANCELLED; a write that was sent with UNKNOWN_OUTCOME, because nothing is
   * taken back.
   */
  readonly signal?: AbortSignal | undefined;
}

export class Deadline {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #start: number;
  readonly #end: number;

  static of({ timeoutMs, signal }: CallOptions, defaultMs: number): Deadline {
    return new Deadline(timeoutMs ?? defaultMs, performance.now(), signal);
  }

  constructor(timeoutMs: number, start = performance.now(), signal?: AbortSignal) {
    if (!(timeoutMs > 0)) throw new RaftctlError("INVALID_ARGUMENT", `a timeout of ${timeoutMs} ms: want more than 0`);
    this.timeoutMs = timeoutMs;
    this.signal = signal;
    this.#start = start;
    this.#end = start + timeoutMs;
  }

  /** The same call under a tighter limit, counted from when it began. */
  within(limitMs: number): Deadline {
    return limitMs < this.timeoutMs ? new Deadline(limitMs, this.#start, this.signal) : this;
  }

  get aborted(): boolean {
    return this.signal?.aborted === true;
  }

  /** As `work`, which goes on by itself when the caller gives up first; then rejects with CANCELLED, nothing sent. */
  untilAborted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return untilAborted(work, signal, () => cancelled(signal!, false));
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

/** @param sent whether the request may have reached a server */
export function cancelled(signal: AbortSignal, sent: boolean): RaftctlError {
  return new RaftctlError("CANCELLED", `the caller gave up${sent ? " waiting for the answer" : " before anything was sent"}`, { cause: signal.reason, details: { sent } });
}
