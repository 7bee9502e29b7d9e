// A run beside an earlier one of the same machine: which figures have become worse by more than noise. Where both runs have etcd beside raftctl, the ratios
// are compared, because they change less with the machine's mood; otherwise the figures themselves.

import { readFileSync } from "node:fs";
import type { MeasuredFigure } from "./figure.ts";
import { ratioOf, type Report, reportFormat, spreadText } from "./report.ts";
import { type Change, changeOf, type Spread, spreadOf } from "./statistics.ts";

export interface Comparison {
  readonly id: string;
  readonly title: string;
  readonly of: "ratio" | "figure";
  readonly before: Spread;
  readonly now: Spread;
  readonly change: Change;
}

/** @throws when the file is no report, or one of another machine or of another amount of work */
export function readBaseline(file: string, current: Pick<Report, "machine" | "scale">): Report {
  const report = JSON.parse(readFileSync(file, "utf8")) as Partial<Report>;
  if (report.format !== reportFormat) throw new Error(`${file}: not a report of this bench (want format ${reportFormat})`);
  const differs = (["machine", "scale"] as const).find((part) => JSON.stringify(report[part]) !== JSON.stringify(current[part]));
  if (differs !== undefined) throw new Error(`${file}: of another ${differs}: ${JSON.stringify(report[differs])} is not ${JSON.stringify(current[differs])}`);
  return report as Report;
}

/** Figures that only one of them has are left out. */
export function compare(before: Pick<Report, "figures">, now: Pick<Report, "figures">): Comparison[] {
  const known = new Map(before.figures.map((figure) => [figure.id, figure]));
  return now.figures.flatMap((figure) => {
    const earlier = known.get(figure.id);
    return earlier === undefined || figure.id.endsWith(".failures") ? [] : comparisonOf(earlier, figure);
  });
}

function comparisonOf(before: MeasuredFigure, now: MeasuredFigure): Comparison[] {
  const { id, title, better } = now;
  const spreads = [before, now].map(({ values }) => ratioOf(values));
  const isRatio = spreads.every((spread) => spread !== undefined);
  const [earlier, later] = isRatio ? spreads : [before, now].map(({ values }) => (values.raftctl === undefined ? undefined : spreadOf(values.raftctl)));
  if (earlier === undefined || later === undefined) return [];
  return [{ id, title, of: isRatio ? "ratio" : "figure", before: earlier, now: later, change: changeOf(earlier, later, better) }];
}

export function comparisonText(comparisons: readonly Comparison[]): string {
  const told = comparisons.filter(({ change }) => change === "worse" || change === "better");
  const count = (wanted: Change): number => comparisons.filter(({ change }) => change === wanted).length;
  return [
    ...told.map(({ title, of, before, now, change }) => `${change === "worse" ? "WORSE" : "better"}: ${title}${of === "ratio" ? " (ratio to etcd)" : ""}: ${spreadText(before)} before, ${spreadText(now)} now`),
    `${count("worse")} worse, ${count("better")} better, ${count("noise")} within the spread of their rounds, ${count("too few rounds")} with too few rounds to tell`,
  ].join("\n");
}
