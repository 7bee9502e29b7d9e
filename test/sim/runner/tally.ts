// What a run over many seeds adds up to.

import type { ViolationReport } from "../outcome.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";

export interface Failure {
  readonly job: SeedJob;
  readonly violation: ViolationReport;
}

/** How often something happened, and in how many seeds. */
export interface Count {
  total: number;
  seeds: number;
}

export class Tally {
  seeds = 0;
  events = 0;
  operations = 0;
  virtualMs = 0;
  readonly faults = new Map<string, Count>();
  readonly marks = new Map<string, Count>();
  readonly failures: Failure[] = [];

  add({ job, outcome }: SeedResult): void {
    this.seeds += 1;
    this.events += outcome.events;
    this.operations += outcome.operations;
    this.virtualMs += outcome.virtualMs;
    addCounts(this.faults, outcome.faults);
    addCounts(this.marks, outcome.marks);
    if (outcome.violation !== undefined) this.failures.push({ job, violation: outcome.violation });
  }
}

function addCounts(counts: Map<string, Count>, added: Readonly<Record<string, number>>): void {
  for (const [name, times] of Object.entries(added)) {
    if (times === 0) continue;
    const count = counts.get(name);
    if (count === undefined) counts.set(name, { total: times, seeds: 1 });
    else {
      count.total += times;
      count.seeds += 1;
    }
  }
}

/** By name. */
export function sorted<T>(counts: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1));
}
