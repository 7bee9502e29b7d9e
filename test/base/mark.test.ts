import { afterEach, expect, test } from "vitest";
import { mark, onMark } from "../../src/base/mark.ts";

afterEach(() => onMark(undefined));

test("a mark does nothing while nobody listens", () => {
  expect(mark("nobody-listens")).toBeUndefined();
});

test("the listener is told the name, once for each time", () => {
  const told: string[] = [];
  onMark((name) => void told.push(name));
  mark("first-branch");
  mark("second-branch");
  mark("first-branch");
  expect(told).toEqual(["first-branch", "second-branch", "first-branch"]);
});

test("one listener at a time: a new one replaces the one before, and undefined takes it away", () => {
  const [before, after]: [string[], string[]] = [[], []];
  onMark((name) => void before.push(name));
  onMark((name) => void after.push(name));
  mark("replaced");
  onMark(undefined);
  mark("unheard");
  expect([before, after]).toEqual([[], ["replaced"]]);
});
