import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compare, comparisonText, readBaseline } from "./comparison.ts";
import { atLeast, atMost, bound, type MeasuredFigure } from "./figure.ts";
import { isMet, numberText, ratioOf, reportFormat, table, thisMachine } from "./report.ts";
import { fullScale, quickScale } from "./scale.ts";

const puts = (raftctl: number[], etcd?: number[]): MeasuredFigure =>
  ({ id: "puts.rate", title: "puts, per second", unit: "/s", better: "higher", goal: atLeast(2), values: { raftctl, ...(etcd !== undefined && { etcd }) } });

test("a goal is met by the median of the ratios of the rounds, or by the median of the figure; without etcd a ratio is neither met nor missed", () => {
  expect(isMet(puts([200, 300, 100], [100, 100, 100]))).toBe(true);
  expect(isMet(puts([190, 300, 100], [100, 100, 100]))).toBe(false);
  expect(isMet(puts([200]))).toBeUndefined();
  expect(isMet({ ...puts([50], [100]), goal: atMost(0.5) })).toBe(true);
  expect(isMet({ ...puts([0.6]), goal: bound("at most", 0.5) })).toBe(false);
  expect(ratioOf(puts([1, 2], [0, 1]).values)).toBeUndefined();
});

test("the table has medians with their spread, the ratio, the goal and whether it is met", () => {
  const lines = table([puts([2000, 2200, 1900], [1000, 1000, 1000]), { ...puts([0, 0, 0], [0, 0, 0]), id: "puts.failures" }]).split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]!.split(/ {2,}/)).toEqual(["puts, per second", "2,000 (1,900..2,200) /s", "1,000 (1,000..1,000) /s", "2 (1.9..2.2) x", "at least 2 x of etcd", "met"]);
});

test("without etcd the table has no columns for it, and failures are shown where there were any", () => {
  const lines = table([puts([12.345]), { ...puts([3]), id: "puts.failures", title: "failures", unit: "" }]).split("\n");
  expect(lines[0]!.trim().split(/ {2,}/)).toEqual(["raftctl", "goal"]);
  expect(lines[2]).toMatch(/^failures +3 /);
  expect([1234.5, 12.345, 0.0012345].map(numberText)).toEqual(["1,235", "12.3", "0.00123"]);
});

test("a comparison takes the ratios where both runs have etcd, and the figures where one has not", () => {
  const before = { figures: [puts([200, 210, 220], [100, 100, 100])] };
  const halved = puts([100, 105, 110], [50, 50, 50]);
  expect(compare(before, { figures: [halved] })).toMatchObject([{ of: "ratio", change: "noise" }]);
  expect(compare(before, { figures: [puts([100, 105, 110])] })).toMatchObject([{ of: "figure", change: "worse" }]);
  expect(compare(before, { figures: [{ ...halved, id: "puts.new" }] })).toEqual([]);
});

test("what has become worse or better is named with both spreads, and the rest is counted", () => {
  const before = { figures: [puts([200, 210, 220]), { ...puts([1, 2, 3]), id: "b" }, { ...puts([1]), id: "c" }] };
  const now = { figures: [puts([100, 105, 110]), { ...puts([2, 3, 4]), id: "b" }, { ...puts([1]), id: "c" }] };
  expect(comparisonText(compare(before, now))).toBe(
    "WORSE: puts, per second: 210 (200..220) before, 105 (100..110) now\n1 worse, 0 better, 1 within the spread of their rounds, 1 with too few rounds to tell",
  );
});

test("a baseline of another machine, of another amount of work or of another format is refused with the reason", () => {
  const directory = mkdtempSync(join(tmpdir(), "bench-report-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "baseline.json");
  const current = { machine: thisMachine(), scale: fullScale };
  const write = (report: object): void => writeFileSync(file, JSON.stringify(report));
  write({ format: reportFormat, ...current, figures: [] });
  expect(readBaseline(file, current).figures).toEqual([]);
  write({ format: reportFormat, ...current, machine: { ...current.machine, processors: 96 } });
  expect(() => readBaseline(file, current)).toThrow("of another machine");
  write({ format: reportFormat, ...current, scale: quickScale });
  expect(() => readBaseline(file, current)).toThrow("of another scale");
  write({ figures: [] });
  expect(() => readBaseline(file, current)).toThrow("not a report of this bench");
});
