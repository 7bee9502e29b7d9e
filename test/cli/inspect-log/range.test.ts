import { expect, test } from "vitest";
import { parseRange, parseSince, resolveRange, Since, wholeLog } from "../../../src/cli/inspect-log/range.ts";
import { logHeader } from "./logs.ts";

const snapshot = { file: "s", index: 20, term: 2, bytes: 1, digest: null };
const header = logHeader({ firstIndex: 11, lastIndex: 30, snapshots: [snapshot] });

test("A..B, A.., ..B and A are ranges with both ends included", () => {
  expect(["3..9", "3..", "..9", "7", ".."].map(parseRange)).toEqual([
    { first: 3, last: 9 }, { first: 3, last: undefined }, { first: undefined, last: 9 }, { first: 7, last: 7 }, { first: undefined, last: undefined },
  ]);
});

test("what is no range is refused with the forms that are (exit 2)", () => {
  for (const text of ["", "x", "1...3", "1..x", "-1..3", "1.5", "0", "0..4", "9..3", "99999999999999999", "9999999999999999.."]) {
    expect(() => parseRange(text), text).toThrow(expect.objectContaining({ code: "USAGE" }));
  }
});

test("without a range it is what follows the newest snapshot, to the end", () => {
  expect(resolveRange(wholeLog, header)).toEqual({ first: 21, last: 30 });
  expect(resolveRange(wholeLog, logHeader({ firstIndex: 1, lastIndex: 5 }))).toEqual({ first: 1, last: 5 });
  expect(resolveRange(wholeLog, logHeader({ firstIndex: 21, lastIndex: 20, snapshots: [snapshot] }))).toEqual({ first: 21, last: 20 });
  expect(resolveRange({ first: undefined, last: 15 }, header)).toEqual({ first: 11, last: 15 });
  expect(resolveRange({ first: undefined, last: 25 }, header)).toEqual({ first: 21, last: 25 });
});

test("an explicit range reaches below the snapshot where the log still does, and is cut at the end of the log", () => {
  expect(resolveRange({ first: 11, last: 99 }, header)).toEqual({ first: 11, last: 30 });
});

test("what was compacted, and what is not there yet, is named with where the log begins and ends (exit 4)", () => {
  expect(() => resolveRange({ first: 3, last: 15 }, header)).toThrow(expect.objectContaining({ code: "NOT_FOUND", message: "entries 3 to 10 of n1 were compacted into a snapshot: its log begins at index 11", details: { firstIndex: "11", lastIndex: "30" } }));
  expect(() => resolveRange({ first: undefined, last: 9 }, header)).toThrow("entry 9 of n1 was compacted");
  expect(() => resolveRange({ first: 31, last: undefined }, header)).toThrow(expect.objectContaining({ code: "NOT_FOUND", message: "there is no entry 31: the log of n1 ends at index 30" }));
  expect(() => resolveRange({ first: 3, last: 4 }, header)).toThrow(expect.objectContaining({ hint: expect.stringContaining("--node") }));
});

test("a time is said as how long ago, as a day or as a moment", () => {
  const now = Date.UTC(2026, 0, 31, 12);
  expect(["10m", "2h", "1.5s"].map((text) => now - parseSince(text, now))).toEqual([600_000, 7_200_000, 1_500]);
  expect(["2026-01-31", "2026-01-31T11:59:00Z", "2026-01-31T12:00:00.250+01:00"].map((text) => new Date(parseSince(text, now)).toISOString())).toEqual([
    "2026-01-31T00:00:00.000Z", "2026-01-31T11:59:00.000Z", "2026-01-31T11:00:00.250Z",
  ]);
});

test("what is no time is refused with the forms that are (exit 2)", () => {
  for (const text of ["", "x", "yesterday", "10", "2026", "2026-13-01", "2026-01-31T99:00:00Z", "-5m"]) {
    expect(() => parseSince(text, 0), text).toThrow(expect.objectContaining({ code: "USAGE", message: expect.stringContaining(`--since ${JSON.stringify(text)}`) }));
  }
});

test("what follows the first entry of a time counts, also when a later leader's clock was behind, and what has no time", () => {
  const since = new Since(100);
  expect([null, 99, 100, 42, null].map((time) => since.reaches({ time }))).toEqual([false, false, true, true, true]);
  expect(new Since(undefined).reaches({ time: null })).toBe(true);
});
