// The inside of a child process: runs the seeds that it is sent, one after the other, and answers each. The next one begins only when the answer to the
// last one has been handed to the system: if the process dies, the seed that it died of is the first one without an answer.

import type { RunOptions, RunSeed } from "../outcome.ts";
import { thrownOutcome } from "./seed-job.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";

/** The side of `process` that talks to the parent. */
export interface ParentChannel {
  on(event: "message", listener: (job: SeedJob) => void): unknown;
  send?(result: SeedResult, handle: undefined, options: undefined, sent: (error: Error | null) => void): boolean;
}

export function serveSeeds(runSeed: RunSeed, channel: ParentChannel): void {
  let last: Promise<unknown> = Promise.resolve();
  channel.on("message", (job) => {
    last = last.then(async () => {
      const result = await runJob(runSeed, job);
      await new Promise((sent) => channel.send!(result, undefined, undefined, sent));
    });
  });
}

export async function runJob(runSeed: RunSeed, job: SeedJob, onLine?: (line: string) => void): Promise<SeedResult> {
  const lines: string[] | undefined = job.withTrace === true ? [] : undefined;
  const listener = lines === undefined ? onLine : (line: string) => void lines.push(line);
  try {
    return { job, outcome: await runSeed(job.seed, optionsOf(job, listener)), lines };
  } catch (thrown) {
    return { job, outcome: thrownOutcome(job.seed, thrown), lines };
  }
}

function optionsOf(job: SeedJob, onLine: ((line: string) => void) | undefined): RunOptions {
  return { ...(job.omit.length === 0 ? {} : { omit: new Set(job.omit) }), ...(onLine === undefined ? {} : { onLine }) };
}
