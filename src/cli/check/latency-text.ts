// Latencies for people: one line, and for a terminal a picture of how they are spread.

import { roughDuration } from "../measure.ts";
import type { LatencyDocument } from "./latency-histogram.ts";

const barMax = 50;

/** "p50 1.2ms  p90 …  slowest 12ms" */
export function latencyLine({ meanMs, p50Ms, p90Ms, p99Ms, p999Ms, slowestMs }: LatencyDocument): string {
  const figures = [["mean", meanMs], ["p50", p50Ms], ["p90", p90Ms], ["p99", p99Ms], ["p99.9", p999Ms], ["slowest", slowestMs]] as const;
  return figures.map(([name, ms]) => `${name} ${exactDuration(ms)}`).join("  ");
}

/** One line for each step, as wide as it has its share of all. */
export function latencyPicture({ steps }: LatencyDocument): string[] {
  const most = Math.max(...steps.map((step) => step.count), 1);
  return steps.map(({ upToMs, count }) => {
    const label = upToMs === null ? "longer" : `to ${exactDuration(upToMs)}`;
    const bar = count === 0 ? "" : "█".repeat(Math.max(1, Math.round((count / most) * barMax)));
    return `${label.padStart(10)} ${String(count).padStart(10)} ${bar}`.trimEnd();
  });
}

/** As roughDuration, with more digits: "0.12ms", "12.3ms", "123ms". */
export function exactDuration(ms: number): string {
  return ms < 100 ? `${Number(ms.toFixed(ms < 10 ? 2 : 1))}ms` : roughDuration(ms);
}
