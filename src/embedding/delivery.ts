// Has one command proposed until it is known what became of it. A command with a stamp may be sent as often as is needed, because it is executed once; one without is
// sent again only while it is certain that nothing was done.

import type { Clock } from "../base/clock.ts";
import { toRaftctlError, type RaftctlError } from "../base/errors.ts";

export interface Delivery<T> {
  readonly attempt: (remainingMs: number) => Promise<T>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly isStamped: boolean;
  /** Nobody waits any more, or nobody is there who could send. */
  readonly isGivenUp: () => boolean;
}

export interface Delivered<T> {
  readonly answer: T;
  /** It was sent more than once, so an earlier one may be what was executed. */
  readonly wasRepeated: boolean;
}

/** The gateway waits less than two election timeouts for a leader, then says NO_LEADER: the caller's patience may be longer. Between two attempts, ms. */
const pauseMs = 20;

/** Rejects with what proves that nothing was done, or with the UNKNOWN_OUTCOME that could not be cleared up in time. */
export async function deliver<T>({ attempt, clock, timeoutMs, isStamped, isGivenUp }: Delivery<T>): Promise<Delivered<T>> {
  const giveUp = clock.now() + timeoutMs;
  let doubt: RaftctlError | undefined;
  for (;;) {
    try {
      return { answer: await attempt(Math.max(1, Math.ceil(giveUp - clock.now()))), wasRepeated: doubt !== undefined };
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      const isUnknown = error.code === "UNKNOWN_OUTCOME";
      if (isUnknown) doubt ??= error;
      const isWorthRepeating = isUnknown ? isStamped : error.code === "NO_LEADER" || (doubt !== undefined && error.retryable);
      if (!isWorthRepeating || isGivenUp() || clock.now() + pauseMs >= giveUp) throw doubt ?? error;
      await new Promise<void>((resolve) => void clock.at(clock.now() + pauseMs, resolve));
    }
  }
}
