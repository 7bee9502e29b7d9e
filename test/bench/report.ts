// What a run of the bench leaves: a document for programs and for later comparison, and a table for people.

import { availableParallelism, cpus, totalmem } from "node:os";
import type { Goal, MeasuredFigure } from "./figure.ts";
import type { Scale } from "./scale.ts";
import { ratios, type Spread, spreadOf } from "./statistics.ts";
import type { StoreName } from "./target.ts";

export const reportFormat = "raftctl-bench/v1";

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
}

export interface Report {
  readonly format: typeof reportFormat;
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Partial<Record<StoreName, string>>>;
  readonly rounds: number;
  readonly scale: Scale;
  readonly figures: readonly MeasuredFigure[];
}

export function thisMachine(): Machine {
  return {
    processors: availableParallelism(), model: cpus()[0]?.model ?? "unknown", memoryBytes: totalmem(), platform: `${process.platform} ${process.arch}`, node: process.version,
  };
}

/** undefined: there is no goal, or etcd was not measured. */
export function isMet({ goal, values }: MeasuredFigure): boolean | undefined {
  if (goal === undefined || values.raftctl === undefined) return undefined;
  if (goal.of === "figure") return meets(goal, spreadOf(values.raftctl).median);
  const ratio = ratioOf(values);
  return ratio === undefined ? undefined : meets(goal, ratio.median);
}

function meets({ wants, value }: Goal, measured: number): boolean {
  return wants === "at least" ? measured >= value : measured <= value;
}

/** Of raftctl to etcd, round by round; undefined when etcd was not measured, or was zero. */
export function ratioOf({ raftctl, etcd }: MeasuredFigure["values"]): Spread | undefined {
  if (raftctl === undefined || etcd === undefined || etcd.includes(0)) return undefined;
  return spreadOf(ratios(raftctl, etcd));
}

interface Column {
  readonly title: string;
  readonly cell: (figure: MeasuredFigure) => string;
  /** Only where etcd was measured. */
  readonly ofEtcd?: boolean;
}

const columns: readonly Column[] = [
  { title: "", cell: ({ title }) => title },
  { title: "raftctl", cell: ({ values, unit }) => storeText(values.raftctl, unit) },
  { title: "etcd", cell: ({ values, unit }) => storeText(values.etcd, unit), ofEtcd: true },
  { title: "ratio", cell: ({ values }) => ratioText(ratioOf(values)), ofEtcd: true },
  { title: "goal", cell: goalText },
  { title: "", cell: (figure) => metText(isMet(figure)) },
];

/** One line for each figure: medians, with the smallest and largest round behind them. Counts of failures only where there were any. */
export function table(figures: readonly MeasuredFigure[]): string {
  const hasEtcd = figures.some(({ values }) => values.etcd !== undefined);
  const shown = columns.filter(({ ofEtcd }) => hasEtcd || ofEtcd !== true);
  const rows = [shown.map(({ title }) => title), ...figures.filter(isShown).map((figure) => shown.map(({ cell }) => cell(figure)))];
  const widths = shown.map((_, place) => Math.max(...rows.map((row) => row[place]!.length)));
  return rows.map((row) => row.map((cell, place) => (place === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[place]!))).join("  ").trimEnd()).join("\n");
}

function isShown({ id, values }: MeasuredFigure): boolean {
  return !id.endsWith(".failures") || Object.values(values).some((rounds) => rounds.some((count) => count > 0));
}

function storeText(rounds: readonly number[] | undefined, unit: string): string {
  return rounds === undefined ? "-" : `${spreadText(spreadOf(rounds))} ${unit}`.trimEnd();
}

function ratioText(ratio: Spread | undefined): string {
  return ratio === undefined ? "-" : `${spreadText(ratio)} x`;
}

function goalText({ goal, unit }: MeasuredFigure): string {
  return goal === undefined ? "" : `${goal.wants} ${goal.value} ${goal.of === "ratio" ? "x of etcd" : unit}`;
}

function metText(met: boolean | undefined): string {
  return met === undefined ? "" : met ? "met" : "NOT MET";
}

/** Also in comparisons. */
export function spreadText({ median, min, max, rounds }: Spread): string {
  return rounds === 1 ? numberText(median) : `${numberText(median)} (${numberText(min)}..${numberText(max)})`;
}

/** Three digits that count. */
export function numberText(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
