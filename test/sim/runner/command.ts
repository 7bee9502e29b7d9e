// From a command line to an exit code: the one place that knows all the things that the runner can do.

import { open, readFile } from "node:fs/promises";
import { taskOf } from "./arguments.ts";
import type { Extent, Start, Task } from "./arguments.ts";
import { compareRuns } from "./determinism.ts";
import { seedOfClock, seedOfCommit } from "./fresh-start.ts";
import { parseRegressions } from "./regressions.ts";
import { replay } from "./replay.ts";
import type { SeedResult } from "./seed-job.ts";
import { counted, listed, untilOver } from "./seed-source.ts";
import { runSeeds } from "./seeds-run.ts";
import { shrinkSeed } from "./shrinking.ts";
import { exitCodes } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { usage, UsageError } from "./usage.ts";

type TaskOf<K extends Task["kind"]> = Extract<Task, { kind: K }>;

export async function command(argv: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await carryOut(taskOf(argv, around.processors), around);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    around.errors.write(`sim: ${error.message} (npm run sim -- --help)\n`);
    return exitCodes.usage;
  }
}

async function carryOut(task: Task, around: Surroundings): Promise<number> {
  switch (task.kind) {
    case "help":
      around.output.write(usage);
      return exitCodes.passed;
    case "replay": return replay(task, around);
    case "shrink": return shrinkSeed(task, around);
    case "seeds": return seeds(task, around);
    case "regressions": return regressions(task, around);
    case "determinism": return determinism(task, around);
  }
}

async function seeds(task: TaskOf<"seeds">, around: Surroundings): Promise<number> {
  await checkWritable(task.jsonFile);
  const first = firstSeed(task.start, around);
  const start = around.elapsed();
  const source = "seeds" in task.extent ? counted(first, task.extent.seeds) : untilOver(first, timeIsOver(task.extent, start, around));
  const goal = "seeds" in task.extent ? { seeds: task.extent.seeds } : { endMs: task.extent.forMs };
  around.output.write(`${"seeds" in task.extent ? `seeds ${first} to ${first + task.extent.seeds - 1}` : `seeds from ${first}`}, ${task.jobs} processes\n`);
  return runSeeds({ ...task, source, goal }, around);
}

function timeIsOver({ forMs }: Extract<Extent, { forMs: number }>, start: number, { elapsed }: Surroundings): () => boolean {
  return () => elapsed() - start >= forMs;
}

async function regressions(task: TaskOf<"regressions">, around: Surroundings): Promise<number> {
  await checkWritable(task.jsonFile);
  const known = parseRegressions(await readFile(around.regressionsFile, "utf8"), around.regressionsFile);
  const found = new Map(known.map((regression) => [regression.job, regression.found]));
  around.output.write(`${known.length} regressions of ${around.regressionsFile}, ${task.jobs} processes\n`);
  const noteOf = ({ job }: SeedResult) => found.get(job);
  return runSeeds({ ...task, source: listed(known.map(({ job }) => job)), goal: { seeds: known.length }, requireMarks: false, noteOf }, around);
}

async function determinism(task: TaskOf<"determinism">, around: Surroundings): Promise<number> {
  const first = firstSeed(task.start, around);
  around.output.write(`seeds ${first} to ${first + task.seeds - 1}, each in two processes\n`);
  const jobs = Array.from({ length: task.seeds }, (_, offset) => ({ seed: first + offset, omit: [] }));
  return compareRuns({ jobs, processes: task.jobs, failuresMax: task.failuresMax }, around);
}

function firstSeed(start: Start, around: Surroundings): number {
  if (typeof start !== "string") return start.from;
  const fresh = (start === "commit" ? seedOfCommit(around.commit()) : undefined) ?? seedOfClock(around.now());
  around.output.write(`the first seed is ${fresh.seed}, of the ${fresh.origin}\n`);
  return fresh.seed;
}

/** Before the run, and not after hours of it. */
async function checkWritable(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  try {
    await (await open(file, "a")).close();
  } catch (error) {
    throw new UsageError(`--json cannot write ${file}: ${(error as Error).message}`);
  }
}
