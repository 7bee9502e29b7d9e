// The file of seeds that failed once: one a line, with the reason why it stands there. Strict: a line that is not understood is an error that names it,
// because a regression that is skipped silently is none.

import { parseSeed } from "./arguments.ts";
import { parseRanges } from "./number-ranges.ts";
import type { SeedJob } from "./seed-job.ts";
import { UsageError } from "./usage.ts";

export interface Regression {
  readonly job: SeedJob;
  /** What it found. */
  readonly found: string;
  readonly line: number;
}

/** @param file its name, for errors. */
export function parseRegressions(text: string, file: string): Regression[] {
  const regressions = text.split("\n").flatMap((line, place) => parseLine(line.trim(), place + 1, file) ?? []);
  const keys = new Map<string, number>();
  for (const { job, line } of regressions) {
    const key = `${job.seed} ${job.omit.join(",")}`;
    const earlier = keys.get(key);
    if (earlier !== undefined) throw new UsageError(`${file}:${line}: seed ${job.seed} stands in line ${earlier} already`);
    keys.set(key, line);
  }
  return regressions;
}

function parseLine(text: string, line: number, file: string): Regression | undefined {
  if (text === "" || text.startsWith("#")) return undefined;
  const match = /^(\S+)(?:\s+omit=(\S*))?\s*(?:#\s*(.*))?$/.exec(text);
  const seed = match === null ? undefined : parseSeed(match[1]!);
  if (match === null || seed === undefined) throw new UsageError(`${file}:${line}: "${text}" is not "seed [omit=1,2,5-9] # what it found"`);
  const omit = match[2] === undefined ? [] : parseRanges(match[2]);
  if (omit === undefined) throw new UsageError(`${file}:${line}: "omit=${match[2]!}" is not a list such as omit=1,2,5-9`);
  if (match[3] === undefined || match[3] === "") throw new UsageError(`${file}:${line}: seed ${seed} does not say what it found`);
  return { job: { seed, omit }, found: match[3], line };
}
