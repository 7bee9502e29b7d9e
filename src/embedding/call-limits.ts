// How long a call of an embedded node may take, and the caller's wish to give it up: every call has both.

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { untilAborted } from "../base/until-aborted.ts";
import { limits } from "../wire/limits.ts";

export interface CallOptions {
  /** ms; by default the node's. */
  readonly timeoutMs?: number | undefined;
  /** Gives up waiting; it takes nothing back. */
  readonly signal?: AbortSignal | undefined;
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws INVALID_ARGUMENT; CANCELLED for who has given up already */
export function limitsOf({ timeoutMs, signal }: CallOptions, defaultMs: number): CallLimits {
  const given = timeoutMs ?? defaultMs;
  if (!(given > 0 && given <= limits.timeoutMsMax)) {
    throw new RaftctlError("INVALID_ARGUMENT", `a timeout of ${given} ms: want more than 0 and at most ${limits.timeoutMsMax}`);
  }
  if (signal?.aborted === true) throw cancelled(signal);
  return { timeoutMs: given, signal };
}

/** As `work`, which has no effect or whose effect does not depend on who waits; then rejects with TIMEOUT or CANCELLED. */
export function whileWaiting<T>(work: Promise<T>, { timeoutMs, signal }: CallLimits, clock: Clock): Promise<T> {
  return bounded(work, { timeoutMs, signal }, { clock, late: () => new RaftctlError("TIMEOUT", `waited ${timeoutMs} ms in vain`), givenUp: () => cancelled(signal!) });
}

/** As `work`, which goes on when nobody waits any more; then rejects with UNKNOWN_OUTCOME. */
export function untilDone<T>(work: Promise<T>, { timeoutMs, signal }: CallLimits, clock: Clock): Promise<T> {
  const unknown = (why: string) => () => new RaftctlError("UNKNOWN_OUTCOME", `${why}: what was asked for may or may not be done`, { cause: signal?.reason });
  return bounded(work, { timeoutMs, signal }, { clock, late: unknown(`waited ${timeoutMs} ms in vain`), givenUp: unknown("the caller gave up waiting") });
}

interface Ends {
  readonly clock: Clock;
  readonly late: () => RaftctlError;
  readonly givenUp: () => RaftctlError;
}

function bounded<T>(work: Promise<T>, { timeoutMs, signal }: CallLimits, { clock, late, givenUp }: Ends): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.at(clock.now() + timeoutMs, () => reject(late()));
  return untilAborted(Promise.race([work, promise]), signal, givenUp).finally(() => timer.cancel());
}

export function cancelled(signal: AbortSignal): RaftctlError {
  return new RaftctlError("CANCELLED", "the caller gave up", { cause: signal.reason });
}
