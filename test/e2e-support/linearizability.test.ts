// The checker is checked: it finds each kind of lie that a store can tell, and it does not cry wolf where fates are unknown.

import { expect, test } from "vitest";
import fc from "fast-check";
import { checkLinearizability } from "../e2e/support/linearizability.ts";
import { History } from "../e2e/support/history.ts";
import type { Completed, Operation, Output } from "../e2e/support/history.ts";
import { Prng } from "../../src/base/prng.ts";

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

test("a history that is too hard is undecided, not passed", () => {
  const history = Array.from({ length: 14 }, (_, index) => done(put(`v${index}`), [index, 100 + index]));
  expect(checkLinearizability([...history, done(get, [200, 201], { value: "none" })], 100).verdict).toBe("undecided");
});

/** Runs clients against a register that is correct by construction: each operation takes effect at one point between call and return. */
function simulate(seed: number, { operations, keys, unknown }: { operations: number; keys: number; unknown: number }): Completed[] {
  const prng = new Prng(seed);
  const registers = new Map<string, string>();
  const history = new History();
  const pending: (() => void)[] = [];
  for (let count = 0; count < operations; count += 1) {
    const key = `k${prng.integer(0, keys - 1)}`;
    const isPut = prng.chance(0.5);
    const operation = isPut ? put(`v${count}`) : get;
    const call = history.begin(`p${count % 8}`, key, operation);
    const lost = prng.chance(unknown);
    const takeEffect = (): void => {
      const output = isPut ? {} : { value: registers.get(key) };
      if (isPut && (!lost || prng.chance(0.5))) registers.set(key, `v${count}`);
      const answer = (): void => { if (lost) call.unknown(); else call.ok(output); };
      if (prng.chance(0.5)) answer(); else pending.splice(prng.integer(0, pending.length), 0, answer);
    };
    if (prng.chance(0.3)) takeEffect(); else pending.splice(prng.integer(0, pending.length), 0, takeEffect);
    while (pending.length > 8) pending.shift()!();
  }
  while (pending.length > 0) pending.shift()!();
  return history.operations();
}

test("every history of a correct register passes, also with lost answers", () => {
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 0.05, 0.3), (seed, keys, unknown) => {
    expect(checkLinearizability(simulate(seed, { operations: 120, keys, unknown }))).toMatchObject({ verdict: "linearizable" });
  }), { numRuns: 150 });
});

test("one answer exchanged for an older value is found", () => {
  let [changed, found] = [0, 0];
  for (let seed = 1; seed <= 60; seed += 1) {
    const history = simulate(seed, { operations: 80, keys: 1, unknown: 0 });
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

test("ten thousand operations on ten keys are decided within a second", () => {
  const history = simulate(7, { operations: 10_000, keys: 10, unknown: 0.01 });
  const start = performance.now();
  expect(checkLinearizability(history).verdict).toBe("linearizable");
  expect(performance.now() - start).toBeLessThan(1000);
});
