// What `raftctl lock` and the guard of its command say to each other. Times are on the machine's monotonic clock, which all processes share.

export type ToGuard =
  | { readonly kind: "start"; readonly words: readonly string[]; readonly ttlMs: number; readonly safeUntilMs: number }
  /** The lock is surely held until then. */
  | { readonly kind: "safe"; readonly safeUntilMs: number }
  | { readonly kind: "signal"; readonly signal: GuardedSignal }
  /** It is not held any more. */
  | { readonly kind: "lost" };

export type FromGuard =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | CommandEnd;

export interface CommandEnd {
  readonly kind: "ended";
  /** As a shell says it: 128+n for a signal. */
  readonly exitCode: number;
  /** The guard has ended it, or did not begin it, because the lock might be lost. */
  readonly wasCutOff: boolean;
}

export const guardedSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type GuardedSignal = (typeof guardedSignals)[number];

/** CLOCK_MONOTONIC, ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
