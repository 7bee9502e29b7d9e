// The window shows a violation with as few operations as it takes, and never with so few that it misleads.

import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import type { Completed, Operation, Output } from "../../../src/cli/check/history.ts";
import { checkLinearizability } from "../../../src/cli/check/linearizability.ts";
import { smallestWindow } from "../../../src/cli/check/window.ts";
import { correctHistory } from "./correct-history.ts";

const put = (value: string): Operation => ({ kind: "put", value });
const get: Operation = { kind: "get" };

const done = (operation: Operation, [called, returned]: [number, number?], output: Output = {}): Completed => ({
  process: `p${called}`, key: "k", operation, called, returned, output: returned === undefined ? undefined : output,
  outcome: returned === undefined ? "unknown" : "ok", startedMs: called, endedMs: returned ?? Number.POSITIVE_INFINITY,
});
const times = (operations: readonly Completed[]): number[] => operations.map((item) => item.called);

test("a stale read is shown with the write that it saw and the one that it missed, and nothing else", () => {
  const history = Array.from({ length: 20 }, (_, number) => [
    done(put(`v${number}`), [number * 10, number * 10 + 1], { version: number + 1 }), done(get, [number * 10 + 2, number * 10 + 3], { value: `v${number}`, version: number + 1 }),
  ]).flat();
  const stale = done(get, [500, 501], { value: "v7", version: 8 });
  const { operations, omitted, explanation } = smallestWindow([...history, stale, done(get, [502, 503], { value: "v19" })]);
  expect(times(operations)).toEqual([70, 190, 500]);
  expect(omitted).toBe(39);
  expect(explanation).toContain('p500 get -> "v7", version 8 (500 to 501 ms) saw a value that had been overwritten or deleted before: p70 put "v7"');
});

test("a write whose value a shown operation saw stays, and so does the delete that a resurrected value contradicts", () => {
  const history = [
    done(put("a"), [0, 1]), done(get, [2, 3], { value: "a" }), done({ kind: "delete" }, [4, 5], { found: true }), done(get, [6, 7], { value: undefined }),
    done(get, [8, 9], { value: "a" }), done(put("b"), [10, 11]),
  ];
  expect(times(smallestWindow(history).operations)).toEqual([0, 4, 8]);
});

test("what is cut off behind the first impossible answer is not shown, and what was under way then is open", () => {
  const history = [done(put("a"), [0, 1]), done(put("b"), [2, 20]), done(get, [3, 4], { value: "z" }), done(get, [5, 6], { value: "y" })];
  const { operations, explanation } = smallestWindow(history);
  expect(times(operations)).toEqual([3]);
  expect(explanation).toContain('p3 get -> "z" (3 to 4 ms) saw a value that nobody wrote');
});

test("the write behind a value that must not be there is shown: one that failed for certain, and one that had not begun", () => {
  const failed = { ...done(put("b"), [2, 3]), outcome: "failed" as const, output: undefined, error: "NO_LEADER" };
  const refused = smallestWindow([done(put("a"), [0, 1]), failed, done(get, [4, 5], { value: "b" })]);
  expect(times(refused.operations)).toEqual([2, 4]);
  expect(refused.explanation).toContain("saw a value whose write had failed for certain: p2 put \"b\" -> failed, NO_LEADER");
  const early = smallestWindow([done(put("a"), [0, 1]), done(get, [2, 3], { value: "b" }), done(put("b"), [4, 5])]);
  expect(early.explanation).toContain("saw a value before it was written");
});

test("open writes that cannot explain anything are not shown, and one whose value was seen is", () => {
  const history = [done(put("a"), [0, 1]), done(put("x"), [2]), done(put("y"), [3]), done(put("b"), [4, 5]), done(get, [6, 7], { value: "x" }), done(get, [8, 9], { value: "b" }),
    done(get, [10, 11], { value: "x" })];
  const { operations } = smallestWindow(history);
  expect(times(operations)).toContain(2);
  expect(times(operations)).not.toContain(3);
});

test("a put that was applied twice shows itself by the versions", () => {
  const history = [done(put("o"), [0, 1], { version: 1 }), done(put("a"), [2, 3], { version: 2 }), done(put("b"), [4, 5], { version: 4 }), done(get, [6, 7], { value: "b", version: 4 })];
  expect(times(smallestWindow(history).operations)).toEqual([2, 4]);
});

test("two winners of one condition are both shown", () => {
  const absent = (value: string): Operation => ({ kind: "putIf", value, condition: { absent: true } });
  const history = [done(put("o"), [0, 1]), done({ kind: "delete" }, [2, 3]), done(absent("a"), [4, 8], { applied: true }), done(absent("b"), [5, 7], { applied: true })];
  expect(times(smallestWindow(history).operations)).toEqual([2, 4, 5]);
});

test("of spoilt histories the window is a small part with the writers of all values that it shows, and the same each time", () => {
  let spoilt = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const history = correctHistory(seed, { operations: 150, keys: 1, unknown: seed % 2 === 0 ? 0.05 : 0, tellsVersions: seed % 3 !== 0, isMixed: seed % 4 !== 0 });
    const broken = withStaleRead(history, seed);
    if (broken === undefined || checkLinearizability(broken).verdict !== "violated") continue;
    spoilt += 1;
    const { operations } = smallestWindow(broken);
    expect(operations.length, `seed ${seed}`).toBeLessThanOrEqual(20);
    expect(operations.every((item) => broken.includes(item))).toBe(true);
    expect(times(smallestWindow(broken.toReversed()).operations)).toEqual(times(operations));
    expectWritersShown(operations, broken);
  }
  expect(spoilt).toBeGreaterThan(10);
});

test("the writes that are left out could not have made the shown answers right, whatever they were told", () => {
  let spoilt = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const history = correctHistory(seed, { operations: 60, keys: 1, unknown: seed % 2 === 0 ? 0.05 : 0, tellsVersions: seed % 3 !== 0, isMixed: true, isLeased: seed % 5 < 2 });
    const spoiltHistory = seed % 4 < 2 ? withStaleRead(history, seed) : withLostWrite(history);
    const verdict = checkLinearizability(spoiltHistory ?? []);
    if (verdict.verdict !== "violated") continue;
    const broken = spoiltHistory!.filter(({ key }) => key === verdict.key);
    spoilt += 1;
    const shown = new Set(smallestWindow(broken).operations);
    const rest = broken.filter((item) => hadEffect(item) && !shown.has(item));
    const untold = rest.map((item) => ({ ...item, output: item.outcome === "ok" ? {} : undefined }));
    expect(checkLinearizability([...shown, ...untold]).verdict, `seed ${seed}`).toBe("violated");
  }
  expect(spoilt).toBeGreaterThan(30);
});

test("the reduction of a long history ends in bounded time", () => {
  const history = correctHistory(3, { operations: 20_000, keys: 1, unknown: 0, tellsVersions: true, isMixed: true });
  const broken = withStaleRead(history, 5)!;
  const start = process.cpuUsage();
  expect(smallestWindow(broken).operations.length).toBeLessThan(20);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(10);
});

function withStaleRead(history: readonly Completed[], seed: number): Completed[] | undefined {
  const prng = new Prng(seed);
  const puts = history.filter((item) => item.operation.kind === "put" && item.outcome === "ok");
  const old = puts[prng.integer(0, Math.max(0, puts.length - 10))];
  const place = history.findLastIndex((item) => item.operation.kind === "get" && item.outcome === "ok" && item.output?.value !== undefined);
  if (old === undefined || place < 0) return undefined;
  return history.with(place, { ...history[place]!, output: { value: (old.operation as { value: string }).value } });
}

function hadEffect({ operation, outcome, output }: Completed): boolean {
  return operation.kind !== "get" && outcome !== "failed" && output?.applied !== false && output?.found !== false && output?.ended !== true;
}

/** The last read but a few of something finds nothing. */
function withLostWrite(history: readonly Completed[]): Completed[] | undefined {
  const place = history.findLastIndex((item, index) => index < history.length - 15 && item.operation.kind === "get" && item.output?.value !== undefined);
  return place < 0 ? undefined : history.with(place, { ...history[place]!, output: { value: undefined } });
}

function expectWritersShown(window: readonly Completed[], all: readonly Completed[]): void {
  for (const { output } of window) {
    if (output?.value === undefined) continue;
    const writers = (items: readonly Completed[]): number => items.filter(({ operation }) => "value" in operation && operation.value === output.value).length;
    expect(writers(window)).toBe(writers(all));
  }
}
