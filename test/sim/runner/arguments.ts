// The runner's command line: text in, a task with checked values out, or a UsageError of one sentence. It starts nothing and reads no file.

import { parseArgs } from "node:util";
import { parseRanges } from "./number-ranges.ts";
import { parseDuration } from "./quantities.ts";
import { UsageError } from "./usage.ts";

export interface ChosenRun {
  readonly seed: number;
  readonly omit: readonly number[];
}

/** Where a range begins. */
export type Start = { readonly from: number } | "commit" | "clock";
export type Extent = { readonly seeds: number } | { readonly forMs: number };

export interface Effort {
  readonly jobs: number;
  readonly failuresMax: number;
  readonly jsonFile: string | undefined;
}

export type Task =
  | { readonly kind: "help" }
  | { readonly kind: "replay"; readonly run: ChosenRun; readonly quiet: boolean }
  | { readonly kind: "shrink"; readonly run: ChosenRun; readonly runsMax: number; readonly jobs: number }
  | ({ readonly kind: "seeds"; readonly start: Start; readonly extent: Extent; readonly requireMarks: boolean } & Effort)
  | ({ readonly kind: "regressions" } & Effort)
  | ({ readonly kind: "determinism"; readonly start: Start; readonly seeds: number } & Omit<Effort, "jsonFile">);

const options = {
  seed: { type: "string" },
  omit: { type: "string" },
  quiet: { type: "boolean" },
  seeds: { type: "string" },
  time: { type: "string" },
  from: { type: "string" },
  fresh: { type: "boolean" },
  jobs: { type: "string" },
  "max-failures": { type: "string" },
  "require-marks": { type: "boolean" },
  json: { type: "string" },
  determinism: { type: "boolean" },
  regressions: { type: "boolean" },
  shrink: { type: "boolean" },
  runs: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parse>;
type Option = keyof typeof options;
const effortOptions: readonly Option[] = ["jobs", "max-failures", "json"];

/** @param processors how many jobs to run when nothing was said. */
export function taskOf(argv: readonly string[], processors: number): Task {
  const values = parse(argv);
  if (values.help === true) return { kind: "help" };
  if (values.shrink === true) return shrinkTask(values, processors);
  if (values.determinism === true) return determinismTask(values, processors);
  if (values.regressions === true) {
    allow(values, "regressions", effortOptions);
    return { kind: "regressions", ...effortOf(values, processors) };
  }
  if (values.seed !== undefined) {
    allow(values, "seed", ["omit", "quiet"]);
    return { kind: "replay", run: chosenRun(values.seed, values), quiet: values.quiet === true };
  }
  if (values.seeds === undefined && values.time === undefined) throw new UsageError("say what to run: --seed, --seeds, --time or --regressions");
  return seedsTask(values, processors);
}

function seedsTask(values: Values, processors: number): Task {
  allow(values, values.time === undefined ? "seeds" : "time", ["from", "fresh", "require-marks", ...effortOptions]);
  const extent = values.time === undefined ? { seeds: numberOf("seeds", values.seeds!, 1, 1e9) } : { forMs: timeOf(values.time) };
  const start = startOf(values, "forMs" in extent ? "clock" : { from: 0 });
  checkEnd(start, extent);
  return { kind: "seeds", start, extent, requireMarks: values["require-marks"] === true, ...effortOf(values, processors) };
}

function determinismTask(values: Values, processors: number): Task {
  allow(values, "determinism", ["seed", "seeds", "from", "fresh", "jobs", "max-failures"]);
  if ((values.seed === undefined) === (values.seeds === undefined)) throw new UsageError("--determinism needs either --seed or --seeds");
  if (values.seed !== undefined && (values.from !== undefined || values.fresh === true)) throw new UsageError("--from and --fresh go with --seeds, not with --seed");
  const seeds = values.seeds === undefined ? 1 : numberOf("seeds", values.seeds, 1, 100_000);
  const start = values.seed === undefined ? startOf(values, { from: 0 }) : { from: seedOf("seed", values.seed) };
  checkEnd(start, { seeds });
  return { kind: "determinism", start, seeds, jobs: jobsOf(values, processors), failuresMax: failuresMaxOf(values) };
}

function shrinkTask(values: Values, processors: number): Task {
  allow(values, "shrink", ["seed", "omit", "runs", "jobs"]);
  if (values.seed === undefined) throw new UsageError("--shrink needs --seed");
  const runsMax = numberOf("runs", values.runs ?? "400", 1, 1e6);
  return { kind: "shrink", run: chosenRun(values.seed, values), runsMax, jobs: jobsOf(values, processors) };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Node explains at length; its first sentence says what is wrong.
    throw new UsageError((error as Error).message.split(/\n|\. /)[0]!);
  }
}

function allow(values: Values, mode: Option, others: readonly Option[]): void {
  const stray = (Object.keys(values) as Option[]).find((option) => option !== mode && !others.includes(option));
  if (stray !== undefined) throw new UsageError(`--${stray} does not go with --${mode}`);
}

function startOf(values: Values, otherwise: Start): Start {
  if (values.from !== undefined && values.fresh === true) throw new UsageError("--from and --fresh exclude each other");
  if (values.fresh === true) return "commit";
  return values.from === undefined ? otherwise : { from: seedOf("from", values.from) };
}

function checkEnd(start: Start, extent: Extent): void {
  if (typeof start === "string" || "forMs" in extent) return;
  if (start.from + extent.seeds - 1 > Number.MAX_SAFE_INTEGER) throw new UsageError(`the range ends beyond the last seed, ${Number.MAX_SAFE_INTEGER}`);
}

function chosenRun(seed: string, values: Values): ChosenRun {
  const omit = values.omit === undefined ? [] : parseRanges(values.omit);
  if (omit === undefined) throw new UsageError(`--omit takes numbers and ranges such as 1,2,5-9, not "${values.omit}"`);
  return { seed: seedOf("seed", seed), omit };
}

function effortOf(values: Values, processors: number): Effort {
  if (values.json === "") throw new UsageError("--json needs the name of a file");
  return { jobs: jobsOf(values, processors), failuresMax: failuresMaxOf(values), jsonFile: values.json };
}

function failuresMaxOf(values: Values): number {
  return numberOf("max-failures", values["max-failures"] ?? "5", 1, 1e6);
}

function jobsOf(values: Values, processors: number): number {
  return values.jobs === undefined ? Math.min(Math.max(processors, 1), 64) : numberOf("jobs", values.jobs, 1, 64);
}

function timeOf(text: string): number {
  const ms = parseDuration(text);
  // A timer of Node holds at most 24.8 days.
  if (ms === undefined || ms > 20 * 24 * 3_600_000) throw new UsageError(`--time takes a time such as 90s, 10m or 2h, at most 480h, not "${text}"`);
  return ms;
}

/** One number in plain digits, for the command line and for files. */
export function parseSeed(text: string): number | undefined {
  const seed = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(seed) ? seed : undefined;
}

function seedOf(option: Option, text: string): number {
  const seed = parseSeed(text);
  if (seed === undefined) throw new UsageError(`--${option} takes a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not "${text}"`);
  return seed;
}

function numberOf(option: Option, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value < low || value > high) throw new UsageError(`--${option} takes a whole number from ${low} to ${high}, not "${text}"`);
  return value;
}
