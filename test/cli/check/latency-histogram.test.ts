import { expect, test } from "vitest";
import { LatencyHistogram } from "../../../src/cli/check/latency-histogram.ts";
import { exactDuration, latencyLine, latencyPicture } from "../../../src/cli/check/latency-text.ts";

function of(...values: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test("percentiles are true to three digits, and the slowest one is exact", () => {
  const histogram = of(...Array.from({ length: 100_000 }, (_, number) => (number + 1) / 10));
  const { count, p50Ms, p90Ms, p99Ms, p999Ms, slowestMs, meanMs, deviationMs } = histogram.document();
  for (const [measured, exact] of [[p50Ms, 5000], [p90Ms, 9000], [p99Ms, 9900], [p999Ms, 9990], [meanMs, 5000.05], [deviationMs, 2886.8]] as const) {
    expect(Math.abs(measured - exact) / exact).toBeLessThan(0.001);
  }
  expect([count, slowestMs]).toEqual([100_000, 10_000]);
});

test("no percentile is above the slowest one, and nothing at all is zeros", () => {
  expect(of(5000.1).document()).toMatchObject({ p50Ms: 5000.1, p999Ms: 5000.1, slowestMs: 5000.1 });
  expect(of().document()).toEqual({ count: 0, meanMs: 0, deviationMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, slowestMs: 0, steps: [] });
});

test("a duration below a microsecond and one above an hour are taken", () => {
  expect(of(0, 7_200_000).document()).toMatchObject({ count: 2, slowestMs: 7_200_000 });
});

test("steps hold every duration once, from the first that has any to the last", () => {
  const { steps } = of(1, 1.5, 20, 6000).document();
  expect(steps[0]).toEqual({ upToMs: 1, count: 1 });
  expect(steps[1]).toEqual({ upToMs: 2, count: 1 });
  expect(steps.at(-1)).toEqual({ upToMs: null, count: 1 });
  expect(steps.reduce((sum, { count }) => sum + count, 0)).toBe(4);
});

test("the picture has a bar for each step that has any, the longest for the fullest", () => {
  const lines = latencyPicture(of(...Array.from({ length: 100 }, () => 0.4), 4).document());
  expect(lines[0]).toMatch(/^ +to 0.5ms +100 █{50}$/);
  expect(lines.at(-1)).toMatch(/^ +to 5ms +1 █$/);
  expect(lines.slice(1, -1).every((line) => /^ +to [12]ms +0$/.test(line))).toBe(true);
  expect(latencyLine(of(1, 2).document())).toMatch(/^mean 1\.5ms {2}p50 1ms {2}p90 2ms {2}p99 2ms {2}p99\.9 2ms {2}slowest 2ms$/);
  expect([0.123, 9.999, 12.34, 123.4, 1234].map(exactDuration)).toEqual(["0.12ms", "10ms", "12.3ms", "123ms", "1.2s"]);
});
