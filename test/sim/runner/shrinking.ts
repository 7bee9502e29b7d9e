// Shrinks a failing seed in child processes, so that a run that dies or stands still is only one more trial, and reports what is left.

import { Pool } from "./pool.ts";
import { Progress } from "./progress.ts";
import { replayCommand } from "./replay-command.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";
import { listed } from "./seed-source.ts";
import { remaining, shrink } from "./shrink.ts";
import type { ShrinkProgress, Shrunk } from "./shrink.ts";
import { exitCodes } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { failureLines } from "./verdict.ts";

export interface ShrinkTask {
  readonly run: { readonly seed: number; readonly omit: readonly number[] };
  readonly runsMax: number;
  readonly jobs: number;
}

export async function shrinkSeed(task: ShrinkTask, around: Surroundings): Promise<number> {
  const pool = new Pool({ childFile: around.childFile, jobs: task.jobs, stallMs: around.stallMs });
  const stop = () => void pool.close();
  const runJobs = async (jobs: readonly SeedJob[]) => {
    const results: SeedResult[] = [];
    await pool.run(listed(around.interrupted.aborted ? [] : jobs), (result) => void results.push(result));
    return results;
  };
  let reached: ShrinkProgress | undefined;
  const progress = new Progress(around.output, () => progressLine(reached, task.runsMax));
  const onProgress = (next: ShrinkProgress) => {
    if (next.faults !== reached?.faults) progress.print([progressLine(next, task.runsMax)]);
    reached = next;
  };
  around.interrupted.addEventListener("abort", stop);
  try {
    const shrunk = await shrink({ ...task.run, runsMax: task.runsMax, atOnce: task.jobs, runJobs, onProgress });
    progress.print(shrunk === undefined ? ["interrupted"] : reportLines(task, shrunk, around.interrupted.aborted));
    return exitCodeOf(shrunk, around.interrupted.aborted);
  } finally {
    around.interrupted.removeEventListener("abort", stop);
    await pool.close();
    progress.end();
  }
}

function progressLine(reached: ShrinkProgress | undefined, runsMax: number): string {
  return reached === undefined ? "first run" : `${reached.faults} faults left after ${reached.runs} of at most ${runsMax} runs`;
}

function reportLines({ run }: ShrinkTask, shrunk: Shrunk, interrupted: boolean): string[] {
  const { outcome, omit } = shrunk;
  const { violation, plan } = outcome;
  if (violation === undefined) return [`seed ${run.seed} violates nothing: there is nothing to shrink`];
  const left = remaining({ job: { seed: run.seed, omit }, outcome });
  const width = String(plan.length).length;
  return [
    ...failureLines({ job: { seed: run.seed, omit }, violation }),
    ...(plan.length === 0 ? ["no plan of faults is known of this run: nothing can be left out"] : [`${left.length} of ${plan.length} planned faults are left:`]),
    ...left.map((position) => `  ${String(position).padStart(width)}  ${plan[position]!}`),
    "",
    `${shrunk.runs} runs; ${endOf(shrunk, interrupted)}`,
    "",
    replayCommand({ seed: run.seed, omit }),
  ];
}

function endOf({ complete }: Shrunk, interrupted: boolean): string {
  if (complete) return "without any one or two of these the run does not fail in this way";
  return interrupted ? "interrupted, fewer may do" : "the budget of runs is used up, fewer may do (--runs)";
}

function exitCodeOf(shrunk: Shrunk | undefined, interrupted: boolean): number {
  if (interrupted) return exitCodes.interrupted;
  return shrunk?.outcome.violation === undefined ? exitCodes.failed : exitCodes.passed;
}
