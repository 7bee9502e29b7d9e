// Parts of the product by themselves: `npm run bench:micro`. Each part is measured once in every round, so that a neighbour who comes and goes disturbs all
// of them alike. Microseconds for one operation.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { compare, comparisonText, readBaseline } from "./comparison.ts";
import type { MeasuredFigure } from "./figure.ts";
import { abortOnSignals, runToTheEnd, unlessAborted } from "./interruption.ts";
import type { Part, PartialWork } from "./micro/part.ts";
import { parts } from "./micro/parts.ts";
import { positive } from "./options.ts";
import { reportFormat, table, thisMachine } from "./report.ts";
import { fullScale } from "./scale.ts";

const usage = `usage: npm run bench:micro -- [--only PREFIX] [--rounds 7] [--milliseconds 200] [--json FILE] [--baseline FILE]
parts:
${parts.map(({ id, title }) => `  ${id.padEnd(14)} ${title}`).join("\n")}`;

interface Options {
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Of one part in one round. */
  readonly milliseconds: number;
  readonly json: string | undefined;
  readonly baseline: string | undefined;
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: { only: { type: "string", default: "" }, rounds: { type: "string" }, milliseconds: { type: "string" }, json: { type: "string" }, baseline: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return undefined;
  const chosen = parts.filter(({ id }) => id.startsWith(values.only));
  if (chosen.length === 0) throw new Error(`--only ${values.only}: no part begins so (${parts.map(({ id }) => id).join(", ")})`);
  const { json, baseline } = values;
  return { parts: chosen, rounds: positive("--rounds", values.rounds, 7, Number.isInteger), milliseconds: positive("--milliseconds", values.milliseconds, 200), json, baseline };
}

/** Microseconds. */
async function timeOf({ batch }: Part, { run }: PartialWork, milliseconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  for (let times = batch; performance.now() - began < milliseconds; times = Math.min(times * 2, batch * 64)) {
    await run(times);
    done += times;
  }
  return ((performance.now() - began) * 1000) / done;
}

async function measureAll({ parts: chosen, rounds, milliseconds }: Options, home: string): Promise<MeasuredFigure[]> {
  const works: { part: Part; work: PartialWork; values: number[] }[] = [];
  try {
    for (const part of chosen) works.push({ part, work: await part.prepare(join(home, part.id)), values: [] });
    // What has not been compiled yet is not counted.
    for (const { part, work } of works) await timeOf(part, work, milliseconds);
    for (let round = 0; round < rounds; round += 1) for (const { part, work, values } of works) values.push(await timeOf(part, work, milliseconds));
  } finally {
    for (const { work } of works) await work.close?.();
  }
  return works.map(({ part: { id, title }, values }) => ({ id, title, unit: "µs", better: "lower", values: { raftctl: values } }));
}

/** @returns the exit code */
async function main(options: Options, aborting: AbortSignal): Promise<number> {
  const context = { machine: thisMachine(), scale: { ...fullScale, seconds: options.milliseconds / 1000 } };
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline, context);
  const home = mkdtempSync(join(tmpdir(), "bench-micro-"));
  try {
    const figures = await unlessAborted(aborting, measureAll(options, home));
    process.stdout.write(`${table(figures)}\n`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ format: reportFormat, date: new Date().toISOString(), ...context, versions: {}, rounds: options.rounds, figures }, undefined, 2)}\n`);
    if (baseline === undefined) return 0;
    const comparisons = compare(baseline, { figures });
    process.stdout.write(`beside the run of ${baseline.date}:\n${comparisonText(comparisons)}\n`);
    return comparisons.some(({ change }) => change === "worse") ? 1 : 0;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const signal = abortOnSignals();
await runToTheEnd(async () => {
  const options = parseOptions();
  if (options !== undefined) return main(options, signal);
  process.stdout.write(`${usage}\n`);
  return 0;
});
