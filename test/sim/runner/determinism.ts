// Runs each seed in two processes and compares what came of it. One goes upwards through the seeds and the other one downwards, so that whatever a run
// leaves behind in its process (a cache, a counter of a module) shows as a difference.

import { Pool } from "./pool.ts";
import { Progress } from "./progress.ts";
import { replayCommand } from "./replay-command.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";
import { listed } from "./seed-source.ts";
import { statusLine } from "./status-line.ts";
import { exitCodes } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { Tally } from "./tally.ts";
import { firstDifferentLines, TraceComparison } from "./trace-comparison.ts";
import { failureLines } from "./verdict.ts";

export interface DeterminismRun {
  readonly jobs: readonly SeedJob[];
  readonly processes: number;
  readonly failuresMax: number;
}

interface Difference {
  readonly job: SeedJob;
  readonly sentence: string;
}

export async function compareRuns(run: DeterminismRun, around: Surroundings): Promise<number> {
  const pools = [0, 1].map(() => new Pool({ childFile: around.childFile, jobs: Math.max(1, Math.floor(run.processes / 2)), stallMs: around.stallMs }));
  const close = () => Promise.all(pools.map((pool) => pool.close()));
  const stop = () => void close();
  const start = around.elapsed();
  const tally = new Tally();
  const progress = new Progress(around.output, () => statusLine(tally, { seeds: 2 * run.jobs.length }, around.elapsed() - start));
  const differences: Difference[] = [];
  const comparison = new TraceComparison();
  const onResult = (result: SeedResult) => {
    tally.add(result);
    const sentence = comparison.add(result.outcome);
    if (sentence !== undefined) {
      differences.push({ job: result.job, sentence });
      progress.print(["", `seed ${result.job.seed} differs between two processes: ${sentence}`, `  ${replayCommand(result.job)}`, ""]);
    }
    if (result.outcome.violation !== undefined) progress.print(failureLines(tally.failures.at(-1)!));
    if (differences.length + tally.failures.length >= run.failuresMax) stop();
  };
  around.interrupted.addEventListener("abort", stop);
  try {
    await Promise.all([pools[0]!.run(listed(run.jobs), onResult), pools[1]!.run(listed(run.jobs.toReversed()), onResult)]);
    await close();
    for (const difference of differences.slice(0, 1)) progress.print(await partingLines(difference, around));
  } finally {
    around.interrupted.removeEventListener("abort", stop);
    await close();
    progress.end();
  }
  return verdict(tally, differences, around);
}

function verdict(tally: Tally, differences: readonly Difference[], { output, interrupted }: Surroundings): number {
  if (differences.length + tally.failures.length > 0) {
    output.write(`${differences.length} seeds differ between two processes, ${tally.failures.length} of ${tally.seeds} runs failed\n`);
    return exitCodes.failed;
  }
  output.write(interrupted.aborted ? "interrupted\n" : `passed: ${tally.seeds / 2} seeds gave equal traces in two processes each\n`);
  return interrupted.aborted ? exitCodes.interrupted : exitCodes.passed;
}

async function partingLines({ job }: Difference, around: Surroundings): Promise<string[]> {
  const traces = await Promise.all([0, 1].map(async () => traceOf(job, around)));
  return [`seed ${job.seed}, the first lines that differ:`, ...firstDifferentLines(traces[0]!, traces[1]!), ""];
}

async function traceOf(job: SeedJob, around: Surroundings): Promise<readonly string[]> {
  const pool = new Pool({ childFile: around.childFile, jobs: 1, stallMs: around.stallMs });
  let lines: readonly string[] = [];
  await pool.run(listed([{ ...job, withTrace: true }]), (result) => void (lines = result.lines ?? []));
  await pool.close();
  return lines;
}
