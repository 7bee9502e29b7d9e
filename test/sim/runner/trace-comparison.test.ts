import { expect, test } from "vitest";
import type { Outcome } from "../outcome.ts";
import { firstDifferentLines, TraceComparison } from "./trace-comparison.ts";

const outcome: Outcome = { seed: 3, violation: undefined, traceHash: "aa", events: 7, virtualMs: 9, operations: 2, faults: {}, plan: [], marks: {} };

test.for([
  [{}, undefined],
  [{ traceHash: "bb" }, "trace hash aa and bb"],
  [{ events: 8, traceHash: "bb" }, "events 7 and 8"],
  [{ violation: { property: "Safety", message: "Safety: lost", atMs: 5, stack: undefined } }, "verdict passed and Safety: lost at 5 ms"],
] as const)("a second outcome with %j differs in: %s", ([change, difference]) => {
  const comparison = new TraceComparison();
  expect(comparison.add(outcome)).toBeUndefined();
  expect(comparison.add({ ...outcome, seed: 4, traceHash: "of another seed" })).toBeUndefined();
  expect(comparison.add({ ...outcome, ...change })).toBe(difference);
});

test("the place where two traces part is shown with the last line that both have", () => {
  expect(firstDifferentLines(["a", "b", "c"], ["a", "b", "d"])).toEqual(["  both    b", "  first   c", "  second  d"]);
  expect(firstDifferentLines(["a"], ["a", "b"])).toEqual(["  both    a", "  first   (ended)", "  second  b"]);
  expect(firstDifferentLines(["x"], ["a"])).toEqual(["  first   x", "  second  a"]);
  expect(firstDifferentLines(["a"], ["a"])).toHaveLength(1);
});
