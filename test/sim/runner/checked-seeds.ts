// Seeds for tests: runs them one after the other in this process, and says of each that failed what it violated and how to run it again.

import type { RunSeed } from "../outcome.ts";
import { replayCommand } from "./replay-command.ts";
import type { SeedJob } from "./seed-job.ts";
import { runJob } from "./seed-server.ts";
import { sentence } from "./verdict.ts";

export async function failuresOf(runSeed: RunSeed, jobs: readonly SeedJob[]): Promise<string[]> {
  const failures: string[] = [];
  for (const job of jobs) {
    const { violation } = (await runJob(runSeed, job)).outcome;
    if (violation !== undefined) failures.push(`${violation.property}: ${sentence(violation)}    ${replayCommand(job)}`);
  }
  return failures;
}

export function seedRange(first: number, last: number): SeedJob[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => ({ seed: first + offset, omit: [] }));
}
