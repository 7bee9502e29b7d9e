// A run over many seeds, from the first progress line to the summary. A violation is printed when it is found and the run goes on, until so many seeds
// have failed that more would only repeat them.

import { writeFile } from "node:fs/promises";
import { neverHit } from "../marks/report.ts";
import type { MarkPlace } from "../marks/registry.ts";
import { Pool } from "./pool.ts";
import { Progress } from "./progress.ts";
import type { SeedResult } from "./seed-job.ts";
import type { SeedSource } from "./seed-source.ts";
import { statusLine } from "./status-line.ts";
import type { Goal } from "./status-line.ts";
import { summaryLines, summaryOf } from "./summary.ts";
import { exitCodes } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { Tally } from "./tally.ts";
import { failureLines } from "./verdict.ts";

export interface SeedsRun {
  readonly source: SeedSource;
  readonly goal: Goal;
  readonly jobs: number;
  readonly failuresMax: number;
  readonly requireMarks: boolean;
  readonly jsonFile: string | undefined;
  /** Said below a violation of this job, for what a seed is known for. */
  readonly noteOf?: (result: SeedResult) => string | undefined;
}

export async function runSeeds(run: SeedsRun, around: Surroundings): Promise<number> {
  const { output, elapsed, interrupted } = around;
  const places = around.markPlaces();
  const tally = new Tally();
  const start = elapsed();
  const pool = new Pool({ childFile: around.childFile, jobs: run.jobs, stallMs: around.stallMs });
  const progress = new Progress(output, () => statusLine(tally, run.goal, elapsed() - start));
  const stop = () => void pool.close();
  interrupted.addEventListener("abort", stop);
  try {
    await pool.run(interrupted.aborted ? () => undefined : run.source, (result) => {
      tally.add(result);
      if (result.outcome.violation !== undefined) progress.print(linesOf(tally, run, result));
      if (tally.failures.length >= run.failuresMax) stop();
    });
  } finally {
    interrupted.removeEventListener("abort", stop);
    await pool.close();
    progress.end();
  }
  const wallMs = elapsed() - start;
  const missing = run.requireMarks ? neverHit(places, tally.marks) : [];
  const failed = tally.failures.length > 0 || missing.length > 0;
  const end = tally.failures.length >= run.failuresMax ? stoppedLine(run) : interrupted.aborted ? "interrupted" : failed ? "failed" : "passed";
  progress.print([...summaryLines(tally, wallMs, places), ...missingLines(missing), end]);
  if (run.jsonFile !== undefined) await writeFile(run.jsonFile, `${JSON.stringify(summaryOf(tally, wallMs, places), undefined, 2)}\n`);
  if (failed) return exitCodes.failed;
  return interrupted.aborted ? exitCodes.interrupted : exitCodes.passed;
}

function linesOf(tally: Tally, run: SeedsRun, result: SeedResult): string[] {
  const note = run.noteOf?.(result);
  return [...failureLines(tally.failures.at(-1)!), ...(note === undefined ? [] : [`  known for: ${note}`, ""])];
}

function missingLines(missing: readonly MarkPlace[]): string[] {
  return missing.length === 0 ? [] : [`marks that no seed has hit: ${missing.length}`, ...missing.map(({ name, path, line }) => `  ${name}  ${path}:${line}`), ""];
}

function stoppedLine({ failuresMax }: SeedsRun): string {
  return `stopped: ${failuresMax} ${failuresMax === 1 ? "seed has" : "seeds have"} failed (--max-failures ${failuresMax})`;
}
