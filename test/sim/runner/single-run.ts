// One seed in this process. Besides an answer and an exception there are two more ends: an error in a callback that nobody awaits, and a run that waits
// for something that never comes, so that nothing is left to do. Both are answers here, or the process would end without the last line of its report.

import type { RunSeed } from "../outcome.ts";
import { runnerProperties, thrownOutcome, unfinished } from "./seed-job.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";
import { runJob } from "./seed-server.ts";

/** The events of `process` that tell of such an end. */
export interface ProcessEvents {
  once(event: "uncaughtException" | "beforeExit", listener: (thrown: unknown) => void): unknown;
  removeListener(event: "uncaughtException" | "beforeExit", listener: (thrown: unknown) => void): unknown;
}

export interface Witness {
  readonly process: ProcessEvents;
  readonly onLine: ((line: string) => void) | undefined;
}

export async function runHere(runSeed: RunSeed, job: SeedJob, { process, onLine }: Witness): Promise<SeedResult> {
  const { promise: cutShort, resolve } = Promise.withResolvers<SeedResult>();
  const onError = (thrown: unknown) => resolve({ job, outcome: thrownOutcome(job.seed, thrown), lines: undefined });
  const onIdle = () => {
    const outcome = unfinished(job.seed, runnerProperties.stalled, "the run waits for something that never comes: nothing is left to do");
    resolve({ job, outcome, lines: undefined });
  };
  process.once("uncaughtException", onError);
  process.once("beforeExit", onIdle);
  try {
    return await Promise.race([runJob(runSeed, job, onLine), cutShort]);
  } finally {
    process.removeListener("uncaughtException", onError);
    process.removeListener("beforeExit", onIdle);
  }
}
