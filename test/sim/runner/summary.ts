// The end of a run over many seeds: what was run, how fast, what struck and which marks were hit; as text and, with the same numbers, as JSON.

import type { MarkPlace } from "../marks/registry.ts";
import { markRows, markTable, neverHit } from "../marks/report.ts";
import { amount, duration, hours, whole } from "./quantities.ts";
import { replayCommand } from "./replay-command.ts";
import { sorted } from "./tally.ts";
import type { Failure, Tally } from "./tally.ts";
import { textTable } from "./text-table.ts";
import { sentence } from "./verdict.ts";

export function summaryLines(tally: Tally, wallMs: number, places: readonly MarkPlace[]): string[] {
  // What matters most stands last, where a terminal still shows it.
  return [
    "",
    ...markTable(places, tally.marks, tally.seeds),
    "",
    ...faultTable(tally),
    "",
    ...totals(tally, wallMs).map(([title, value]) => `${title.padEnd(28)}${value}`),
    ...failureTable(tally.failures),
    "",
  ];
}

function totals(tally: Tally, wallMs: number): [string, string][] {
  const seconds = Math.max(wallMs, 1) / 1000;
  return [
    ["seeds", whole(tally.seeds)],
    ["violations", whole(tally.failures.length)],
    ["events", whole(tally.events)],
    ["checked operations", whole(tally.operations)],
    ["virtual time", `${amount(hours(tally.virtualMs))} h`],
    ["wall time", duration(wallMs)],
    ["events per second", whole(tally.events / seconds)],
    ["simulated hours per hour", amount(tally.virtualMs / 1000 / seconds)],
  ];
}

function faultTable({ faults, seeds }: Tally): string[] {
  return textTable(
    ["fault", "struck", "seeds", "of seeds"],
    sorted(faults).map(([kind, count]) => [kind, whole(count.total), whole(count.seeds), `${Math.round((100 * count.seeds) / Math.max(seeds, 1))} %`]),
  );
}

function failureTable(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  return ["", "failed", ...failures.flatMap(({ job, violation }) => [`  ${violation.property}: ${sentence(violation)}`, `    ${replayCommand(job)}`])];
}

export interface Summary {
  readonly seeds: number;
  readonly events: number;
  readonly operations: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  readonly simulatedHoursPerHour: number;
  readonly faults: Readonly<Record<string, { readonly total: number; readonly seeds: number }>>;
  readonly marks: Readonly<Record<string, { readonly hits: number; readonly seeds: number }>>;
  readonly marksNeverHit: readonly string[];
  readonly failures: readonly SummaryFailure[];
}

export interface SummaryFailure {
  readonly seed: number;
  readonly omit: readonly number[];
  readonly property: string;
  readonly message: string;
  readonly atMs: number;
  readonly replay: string;
}

export function summaryOf(tally: Tally, wallMs: number, places: readonly MarkPlace[]): Summary {
  const seconds = Math.max(wallMs, 1) / 1000;
  return {
    seeds: tally.seeds,
    events: tally.events,
    operations: tally.operations,
    virtualMs: tally.virtualMs,
    wallMs: Math.round(wallMs),
    eventsPerSecond: Math.round(tally.events / seconds),
    simulatedHoursPerHour: Math.round(tally.virtualMs / 1000 / seconds),
    faults: Object.fromEntries(sorted(tally.faults)),
    marks: Object.fromEntries(sorted(markRows(places, tally.marks).map(({ place, hits, seeds }) => [place.name, { hits, seeds }]))),
    marksNeverHit: neverHit(places, tally.marks).map((place) => place.name),
    failures: tally.failures.map(({ job, violation }) => ({
      seed: job.seed,
      omit: job.omit,
      property: violation.property,
      message: sentence(violation),
      atMs: violation.atMs,
      replay: replayCommand(job),
    })),
  };
}
