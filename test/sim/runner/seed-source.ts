// Where the seeds of a run come from, one at a time, so that each process takes the next one when it is free.

import type { SeedJob } from "./seed-job.ts";

/** undefined: there are no more. */
export type SeedSource = () => SeedJob | undefined;

export function listed(jobs: readonly SeedJob[]): SeedSource {
  let next = 0;
  return () => {
    next += 1;
    return jobs[next - 1];
  };
}

export function counted(first: number, count: number): SeedSource {
  let next = first;
  return () => {
    if (next >= first + count) return undefined;
    next += 1;
    return { seed: next - 1, omit: [] };
  };
}

/** Upwards from the first for as long as there is time. */
export function untilOver(first: number, isOver: () => boolean): SeedSource {
  let next = first;
  return () => {
    if (isOver() || next > Number.MAX_SAFE_INTEGER) return undefined;
    next += 1;
    return { seed: next - 1, omit: [] };
  };
}
