// The other half of the seeds of seeds-1.test.ts, the seeds that failed once, and that a seed is a complete bug report.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runSeed } from "./run.ts";
import { failuresOf, seedRange } from "./runner/checked-seeds.ts";
import { command } from "./runner/command.ts";
import { fakeSurroundings } from "./runner/fixtures/fake-surroundings.ts";
import { parseRegressions } from "./runner/regressions.ts";

test.for([[60, 74], [75, 89], [90, 104], [105, 119]] as const)(
  "in the worlds of seeds %i to %i, where disks fail and fill up, members change and clocks drift, every property holds (S21, U1, S73, S112, H1, H24-H27, H42-H46)",
  { timeout: 120_000 },
  async ([first, last]) => {
    expect(await failuresOf(runSeed, seedRange(first, last))).toEqual([]);
  },
);

test("no seed that failed once fails again", { timeout: 120_000 }, async () => {
  const file = "test/sim/regressions.txt";
  const regressions = parseRegressions(readFileSync(new URL("regressions.txt", import.meta.url), "utf8"), file);
  expect(await failuresOf(runSeed, regressions.map(({ job }) => job))).toEqual([]);
});

test("ten seeds give equal traces in two processes that run them in opposite orders", { timeout: 120_000 }, async () => {
  const around = fakeSurroundings({ runSeed, childFile: new URL("runner/child.ts", import.meta.url), stallMs: 60_000 });
  expect({ exitCode: await command(["--determinism", "--seeds", "10"], around), said: around.output.text }).toMatchObject({ exitCode: 0 });
});

test("a run whose trace is read is the same run as one whose trace is not", async () => {
  let lines = 0;
  const watched = await runSeed(3, { onLine: () => void (lines += 1) });
  expect(lines).toBeGreaterThan(100);
  expect(watched).toEqual(await runSeed(3));
});

test("a run without one of its faults begins like the run with it, and is another one", async () => {
  const whole = await runSeed(1);
  expect(whole.plan.length).toBeGreaterThan(1);
  const reduced = await runSeed(1, { omit: new Set([0]) });
  expect(reduced.plan).toEqual(whole.plan);
  expect(reduced.traceHash).not.toBe(whole.traceHash);
});
