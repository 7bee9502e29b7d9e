// The fewest planned faults with which a seed still violates the same property. Leaving a fault out changes what happens after it, so a run with fewer
// faults may plan others; those are then up for leaving out as well, until nothing more can go or the budget of runs is used up.

import type { Outcome, ViolationReport } from "../outcome.ts";
import { ddmin, withoutPairs } from "./ddmin.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";

export interface ShrinkOptions {
  readonly seed: number;
  readonly omit: readonly number[];
  readonly runsMax: number;
  /** Candidates that are tried at the same time. */
  readonly atOnce: number;
  /** Answers in any order; fewer answers than jobs end the search. */
  readonly runJobs: (jobs: readonly SeedJob[]) => Promise<readonly SeedResult[]>;
  /** After each group of trials. */
  readonly onProgress: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly runs: number;
  readonly faults: number;
}

export interface Shrunk {
  /** Of the smallest failing run; without a violation the seed did not fail to begin with. */
  readonly outcome: Outcome;
  readonly omit: readonly number[];
  readonly runs: number;
  /** The budget was enough to try leaving out each one and each two of the remaining faults. */
  readonly complete: boolean;
}

/** undefined: not even the first run was answered. */
export async function shrink(options: ShrinkOptions): Promise<Shrunk | undefined> {
  const [first] = await options.runJobs([{ seed: options.seed, omit: options.omit }]);
  if (first === undefined) return undefined;
  const search = new Search(options, first);
  if (first.outcome.violation !== undefined) await search.reduce();
  return search.found;
}

class Search {
  readonly #options: ShrinkOptions;
  readonly #kind: string | undefined;
  /** By what they leave out; undefined: that run does not fail in the same way. */
  readonly #tried = new Map<string, SeedResult | undefined>();
  #best: SeedResult;
  #runs = 1;
  #refused = false;

  constructor(options: ShrinkOptions, first: SeedResult) {
    this.#options = options;
    this.#kind = kindOf(first.outcome.violation);
    this.#best = first;
  }

  get found(): Shrunk {
    const { outcome, job } = this.#best;
    // A run with fewer faults may have ended before it planned all that the first one planned.
    const omit = job.omit.filter((position) => position < outcome.plan.length);
    return { outcome, omit, runs: this.#runs, complete: !this.#refused };
  }

  async reduce(): Promise<void> {
    let current: SeedResult | undefined = this.#best;
    while (current !== undefined && !this.#refused) current = await this.#reduced(current);
  }

  /** undefined: no fault, and no two of them, can be left out. */
  async #reduced({ job, outcome }: SeedResult): Promise<SeedResult | undefined> {
    const universe = remaining({ job, outcome });
    const omitFor = (kept: readonly number[]) => withAll(job.omit, universe, kept);
    const firstFailing = (candidates: readonly (readonly number[])[]) => this.#firstFailing(candidates.map(omitFor));
    const kept = await ddmin(universe, firstFailing);
    if (kept.length < universe.length) return this.#tried.get(String(omitFor(kept)));
    // A fault that is left out changes all that comes after it. So there are choices that fail without two faults, and with either of them do not.
    const pairs = withoutPairs(universe);
    const failing = await firstFailing(pairs);
    return failing === undefined ? undefined : this.#tried.get(String(omitFor(pairs[failing]!)));
  }

  async #firstFailing(candidates: readonly (readonly number[])[]): Promise<number | undefined> {
    for (let start = 0; start < candidates.length; start += this.#options.atOnce) {
      const group = candidates.slice(start, start + this.#options.atOnce);
      await this.#try(group.filter((omit) => !this.#tried.has(String(omit))));
      const failing = group.findIndex((omit) => this.#tried.get(String(omit)) !== undefined);
      if (failing >= 0) return start + failing;
    }
    return undefined;
  }

  async #try(omits: readonly (readonly number[])[]): Promise<void> {
    const affordable = omits.slice(0, this.#options.runsMax - this.#runs);
    if (affordable.length < omits.length) this.#refused = true;
    if (affordable.length === 0) return;
    const results = await this.#options.runJobs(affordable.map((omit) => ({ seed: this.#options.seed, omit })));
    if (results.length < affordable.length) this.#refused = true;
    this.#runs += results.length;
    for (const result of results) this.#judge(result);
    this.#options.onProgress({ runs: this.#runs, faults: remaining(this.#best).length });
  }

  #judge(result: SeedResult): void {
    const fails = kindOf(result.outcome.violation) === this.#kind;
    this.#tried.set(String(result.job.omit), fails ? result : undefined);
    if (fails && remaining(result).length < remaining(this.#best).length) this.#best = result;
  }
}

/** What makes two violations the same for this purpose. An error that no property explains may be any error: there, its words count, too. */
function kindOf(violation: ViolationReport | undefined): string | undefined {
  if (violation === undefined) return undefined;
  return violation.property === "No Unexplained Failure" ? violation.message.replaceAll(/\d+/g, "#") : violation.property;
}

/** What is left out already, and all of the universe but what is kept; ascending. */
function withAll(omit: readonly number[], universe: readonly number[], kept: readonly number[]): readonly number[] {
  const keep = new Set(kept);
  return [...omit, ...universe.filter((position) => !keep.has(position))].toSorted((left, right) => left - right);
}

/** The numbers of the planned faults that were not left out. */
export function remaining({ job, outcome }: Pick<SeedResult, "job" | "outcome">): number[] {
  const omitted = new Set(job.omit);
  return outcome.plan.map((_, position) => position).filter((position) => !omitted.has(position));
}
