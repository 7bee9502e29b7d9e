// Steps in order of time, as a table with small bars.

import { renderTable } from "./table.ts";

export interface TimelineStep {
  /** ms; null: not seen. */
  readonly at: number | null;
  readonly step: string;
  readonly where: string;
}

const barWidth = 24;

/** In order of time; what was not seen comes last. */
export function timelineText(steps: readonly TimelineStep[]): string {
  const ordered = steps.toSorted((left, right) => (left.at ?? Number.MAX_VALUE) - (right.at ?? Number.MAX_VALUE));
  const longest = Math.max(...steps.map(({ at }) => at ?? 0));
  const bar = (at: number | null): string => "█".repeat(Math.round(((at ?? 0) / Math.max(longest, Number.EPSILON)) * barWidth));
  return renderTable(ordered, [
    { title: "AT", cell: ({ at }) => (at === null ? "-" : milliseconds(at)), align: "right" },
    { title: "STEP", cell: ({ step }) => step },
    { title: "WHERE", cell: ({ where }) => where },
    { title: "", cell: ({ at }) => bar(at) },
  ]);
}

export function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}
