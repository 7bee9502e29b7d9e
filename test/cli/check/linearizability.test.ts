// The checker is checked: it finds each kind of lie that a store can tell, and it does not cry wolf where fates are unknown.

import { expect, test } from "vitest";
import fc from "fast-check";
import { checkLinearizability } from "../../../src/cli/check/linearizability.ts";
import type { Completed, Operation, Output } from "../../../src/cli/check/history.ts";
import { correctHistory } from "./correct-history.ts";
import { smallHistory, someOrderExplains } from "./all-orders.ts";

const put = (value: string): Operation => ({ kind: "put", value });
const get: Operation = { kind: "get" };
const putIf = (value: string, condition: Extract<Operation, { kind: "putIf" }>["condition"]): Operation => ({ kind: "putIf", value, condition });

/** One operation from its call to its return, as numbers on a line; no return means that its fate is unknown. */
const done = (operation: Operation, [called, returned]: [number, number?], output: Output = {}, key = "k"): Completed => ({
  process: "p", key, operation, called, returned, output: returned === undefined ? undefined : output,
  outcome: returned === undefined ? "unknown" : "ok", startedMs: called, endedMs: returned ?? Number.POSITIVE_INFINITY,
});
const verdict = (...history: Completed[]): string => checkLinearizability(history).verdict;

test("a read after a write that sees the write passes, an earlier value is stale", () => {
  const writes = [done(put("a"), [0, 1]), done(put("b"), [2, 3])];
  expect(verdict(...writes, done(get, [4, 5], { value: "b" }))).toBe("linearizable");
  expect(verdict(...writes, done(get, [4, 5], { value: "a" }))).toBe("violated");
});

test("a write that was acknowledged and is gone is found", () => {
  expect(verdict(done(put("a"), [0, 1]), done(get, [2, 3], { value: undefined }))).toBe("violated");
});

test("a value that nobody wrote is found", () => {
  expect(verdict(done(put("a"), [0, 1]), done(get, [2, 3], { value: "z" }))).toBe("violated");
});

test("an effect that happens twice is found: the first value comes back after the second was written", () => {
  expect(verdict(done(put("a"), [0, 1]), done(put("b"), [2, 3]), done(get, [4, 5], { value: "b" }), done(get, [6, 7], { value: "a" }))).toBe("violated");
});

test("a command applied twice is found by its version", () => {
  expect(verdict(done(put("a"), [0, 1], { version: 1 }), done(get, [2, 3], { value: "a", version: 2 }))).toBe("violated");
  expect(verdict(done(put("a"), [0]), done(put("b"), [1, 2], { version: 2 }), done(get, [3, 4], { value: "b", version: 2 }))).toBe("linearizable");
});

test("two reads at once may see a concurrent write or not, but not first and then no longer", () => {
  const write = done(put("b"), [2, 9]);
  const before = done(put("a"), [0, 1]);
  expect(verdict(before, write, done(get, [3, 4], { value: "a" }), done(get, [5, 6], { value: "b" }))).toBe("linearizable");
  expect(verdict(before, write, done(get, [3, 4], { value: "b" }), done(get, [5, 6], { value: "a" }))).toBe("violated");
});

test("a write of unknown fate may happen late, or never, but not before it was asked for, and not twice", () => {
  const a = done(put("a"), [0, 1]);
  const lost = done(put("b"), [2]);
  expect(verdict(a, lost, done(get, [3, 4], { value: "a" }), done(get, [5, 6], { value: "b" }))).toBe("linearizable");
  expect(verdict(a, lost, done(get, [3, 4], { value: "a" }), done(get, [5, 6], { value: "a" }))).toBe("linearizable");
  expect(verdict(a, done(get, [2, 3], { value: "b" }), done(put("b"), [4]))).toBe("violated");
  const c = done(put("c"), [7, 8]);
  expect(verdict(a, lost, done(get, [5, 6], { value: "b" }), c, done(get, [9, 10], { value: "b" }))).toBe("violated");
});

test("unknown deletes and writes that lead to the same register are told apart by which of them are used up", () => {
  const remove = (called: number): Completed => done({ kind: "delete" }, [called]);
  const sees = (called: number, value: string | undefined): Completed => done(get, [called, called + 1], { value });
  expect(verdict(done(put("a"), [0, 1]), done(put("x"), [2]), remove(3), remove(4), sees(5, undefined), sees(7, "x"), sees(9, undefined)))
    .toBe("linearizable");
});

test("what failed for certain must leave no trace", () => {
  const refused = { ...done(put("b"), [2, 3]), outcome: "failed" as const };
  expect(verdict(done(put("a"), [0, 1]), refused, done(get, [4, 5], { value: "a" }))).toBe("linearizable");
  expect(verdict(done(put("a"), [0, 1]), refused, done(get, [4, 5], { value: "b" }))).toBe("violated");
});

test("of two conditional writes on the same absence exactly one succeeds", () => {
  const first = (applied: boolean): Completed => done(putIf("a", { absent: true }), [0, 4], { applied });
  const second = (applied: boolean): Completed => done(putIf("b", { absent: true }), [1, 3], { applied });
  expect(verdict(first(true), second(false), done(get, [5, 6], { value: "a" }))).toBe("linearizable");
  expect(verdict(first(true), second(false), done(get, [5, 6], { value: "b" }))).toBe("violated");
  expect(verdict(first(true), second(true))).toBe("violated");
  expect(verdict(first(false), second(false))).toBe("violated");
});

test("compare-and-set by value and by version, and deletes, follow the register", () => {
  expect(verdict(done(put("a"), [0, 1]), done(putIf("b", { value: "a" }), [2, 3], { applied: true }), done({ kind: "delete" }, [4, 5], { found: true }),
    done(get, [6, 7], { value: undefined }), done(putIf("c", { version: 0 }), [8, 9], { applied: true }))).toBe("linearizable");
  expect(verdict(done(put("a"), [0, 1]), done(putIf("b", { version: 2 }), [2, 3], { applied: true }))).toBe("violated");
  expect(verdict(done({ kind: "delete" }, [0, 1], { found: true }))).toBe("violated");
});

test("keys are independent, and the violated one is named", () => {
  const history = [done(put("a"), [0, 1], {}, "x"), done(get, [2, 3], { value: "a" }, "x"), done(get, [4, 5], { value: "q" }, "y")];
  expect(checkLinearizability(history)).toMatchObject({ verdict: "violated", key: "y", explanation: expect.stringContaining('"q"') as string });
});

test("a conditional write that succeeded although its condition did not hold is found, and one that was refused although it held", () => {
  const before = [done(put("a"), [0, 1], { version: 1 }), done(put("b"), [2, 3], { version: 2 })];
  for (const condition of [{ absent: true }, { value: "a" }, { version: 1 }] as const) {
    expect(verdict(...before, done(putIf("c", condition), [4, 5], { applied: true }))).toBe("violated");
    expect(verdict(...before, done(putIf("c", condition), [4, 5], { applied: false, version: 2 }))).toBe("linearizable");
    expect(verdict(...before, done(putIf("c", condition), [4, 5], { applied: false, version: 1 }))).toBe("violated");
  }
  expect(verdict(...before, done(putIf("c", { version: 2 }), [4, 5], { applied: false }))).toBe("violated");
});

test("a deleted value that comes back is found", () => {
  expect(verdict(done(put("a"), [0, 1]), done({ kind: "delete" }, [2, 3], { found: true }), done(get, [4, 5], { value: "a" }))).toBe("violated");
  expect(verdict(done(put("a"), [0, 1]), done({ kind: "delete" }, [2, 3], { found: true }), done({ kind: "delete" }, [4, 5], { found: true }))).toBe("violated");
});

test("a value that is read before anybody wrote it is found", () => {
  expect(verdict(done(get, [0, 1], { value: "a" }), done(put("a"), [2, 3]))).toBe("violated");
  expect(verdict(done(get, [0, 3], { value: "a" }), done(put("a"), [2, 4]))).toBe("linearizable");
});

test("what an answer does not tell is not checked: a conditional put that was only committed may have applied or not", () => {
  const committed = done(putIf("b", { value: "a" }), [2, 3], {});
  expect(verdict(done(put("a"), [0, 1]), committed, done(get, [4, 5], { value: "b" }))).toBe("linearizable");
  expect(verdict(done(put("c"), [0, 1]), committed, done(get, [4, 5], { value: "c" }))).toBe("linearizable");
  expect(verdict(done(put("c"), [0, 1]), committed, done(get, [4, 5], { value: "b" }))).toBe("violated");
});

test("a history that is too hard is undecided, not passed; but another key that is violated wins", () => {
  const puts = Array.from({ length: 14 }, (_, index) => done(put(`v${index}`), [index, 100 + index]));
  const hard = [...puts, done(putIf("w", { value: "none" }), [200, 201], { applied: true })];
  expect(checkLinearizability(hard, { configurationsMax: 100 })).toEqual({ verdict: "undecided", key: "k" });
  expect(checkLinearizability(hard).verdict).toBe("violated");
  expect(checkLinearizability([...hard, done(get, [0, 1], { value: "x" }, "other")], { configurationsMax: 100 })).toMatchObject({ verdict: "violated", key: "other" });
});

test("every history of a correct register passes, also with lost answers, deletes, conditions, versions and leases that end (no false alarm)", () => {
  const arbitrary = fc.record({
    keys: fc.integer({ min: 1, max: 4 }), unknown: fc.constantFrom(0, 0.05, 0.3), tellsVersions: fc.boolean(), isMixed: fc.boolean(), isLeased: fc.boolean(),
  });
  fc.assert(fc.property(fc.integer(), arbitrary, (seed, options) => {
    expect(checkLinearizability(correctHistory(seed, { operations: 100, ...options }))).toMatchObject({ verdict: "linearizable" });
  }), { numRuns: 300 });
});

test("on every small history the verdict is that of trying all orders", () => {
  const verdicts = { linearizable: 0, violated: 0 };
  fc.assert(fc.property(smallHistory, (history) => {
    const expected = someOrderExplains(history) ? "linearizable" : "violated";
    verdicts[expected] += 1;
    expect(checkLinearizability(history).verdict).toBe(expected);
  }), { numRuns: 4000, seed: 11 });
  expect(Math.min(verdicts.linearizable, verdicts.violated)).toBeGreaterThan(400);
});

test("one answer exchanged for an older value is found", () => {
  let [changed, found] = [0, 0];
  for (let seed = 1; seed <= 60; seed += 1) {
    const history = correctHistory(seed, { operations: 80, keys: 1, unknown: 0, tellsVersions: false, isMixed: false });
    const victim = history.findLastIndex((item) => item.operation.kind === "get" && item.output?.value !== undefined);
    const stale = history.find((item) => item.operation.kind === "put");
    if (victim < 0 || stale === undefined || history[victim]!.called < stale.returned! + 30) continue;
    changed += 1;
    const broken = history.with(victim, { ...history[victim]!, output: { value: (stale.operation as { value: string }).value } });
    if (checkLinearizability(broken).verdict === "violated") found += 1;
  }
  expect(changed).toBeGreaterThan(40);
  expect(found).toBe(changed);
});

test("ten thousand operations on ten keys are decided in well under a tenth of a second, four hundred on twenty in under two milliseconds", () => {
  const options = { unknown: 0.01, tellsVersions: true, isMixed: true };
  const large = correctHistory(7, { operations: 10_000, keys: 10, ...options });
  const small = Array.from({ length: 50 }, (_, seed) => correctHistory(seed, { operations: 400, keys: 20, ...options }));
  const largeMs = fastest(() => expect(checkLinearizability(large).verdict).toBe("linearizable"));
  const smallMs = fastest(() => small.forEach((history) => expect(checkLinearizability(history).verdict).toBe("linearizable"))) / small.length;
  expect(largeMs).toBeLessThan(100);
  expect(smallMs).toBeLessThan(2);
});

/** Processor time of the fastest of several rounds: what else runs on the machine is not measured. */
function fastest(round: () => void): number {
  return Math.min(...Array.from({ length: 5 }, () => {
    const start = process.cpuUsage();
    round();
    return process.cpuUsage(start).user / 1000;
  }));
}
