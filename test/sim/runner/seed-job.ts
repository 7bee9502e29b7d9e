// What the runner asks for and what it gets back. Plain data: it travels between processes. A run that could not even be finished (its process died,
// it stood still, the simulator threw) is an outcome, too, with a property of the runner as its violation, so that nobody needs a second way to fail.

import type { Outcome } from "../outcome.ts";

export interface SeedJob {
  readonly seed: number;
  /** Planned faults that do not strike, by number; ascending. */
  readonly omit: readonly number[];
  /** The answer holds every line of the trace. */
  readonly withTrace?: boolean;
}

export interface SeedResult {
  readonly job: SeedJob;
  readonly outcome: Outcome;
  /** Only if the job asked for it. */
  readonly lines: readonly string[] | undefined;
}

/** What the runner itself demands of a seed. */
export const runnerProperties = { threw: "Simulator Throws", died: "Process Dies", stalled: "No Progress" } as const;

export function unfinished(seed: number, property: string, message: string, stack?: string): Outcome {
  const violation = { property, message, atMs: 0, stack };
  return { seed, violation, traceHash: "", events: 0, virtualMs: 0, operations: 0, faults: {}, plan: [], marks: {} };
}

/** An outcome of a run whose simulator threw instead of answering. */
export function thrownOutcome(seed: number, thrown: unknown): Outcome {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return unfinished(seed, runnerProperties.threw, `${error.name}: ${error.message}`, error.stack);
}
