import fc from "fast-check";
import { expect, test } from "vitest";
import { ddmin, withoutPairs } from "./ddmin.ts";

const numbers = (length: number) => Array.from({ length }, (_, position) => position);

/** Counts what it tries. */
async function minimize(items: readonly number[], fails: (kept: readonly number[]) => boolean) {
  let trials = 0;
  const result = await ddmin(items, async (candidates) => {
    const failing = candidates.findIndex((candidate) => {
      trials += 1;
      return fails(candidate);
    });
    return failing < 0 ? undefined : failing;
  });
  return { result, trials };
}

test("the items that a failure needs are found, wherever they are", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.uniqueArray(fc.nat(59), { maxLength: 6 }), async (length, chosen) => {
    const needed = chosen.filter((item) => item < length).toSorted((left, right) => left - right);
    const { result, trials } = await minimize(numbers(length), (kept) => needed.every((item) => kept.includes(item)));
    expect(result).toEqual(needed);
    expect(trials).toBeLessThanOrEqual(length * length + 3 * length + 1);
  }));
});

test("one needed item among a thousand takes a few dozen trials", async () => {
  const { result, trials } = await minimize(numbers(1000), (kept) => kept.includes(777));
  expect(result).toEqual([777]);
  expect(trials).toBeLessThan(50);
});

test("a failure that needs nothing is reduced to nothing", async () => {
  expect(await minimize(numbers(30), () => true)).toEqual({ result: [], trials: 1 });
  expect(await minimize([], () => true)).toEqual({ result: [], trials: 0 });
});

test("of a failure that comes and goes with the choice, what is left fails, and no longer does without any one of its items", async () => {
  // Not monotone: an odd sum of at least three items fails, and so does everything together.
  const fails = (length: number) => (kept: readonly number[]) => kept.length === length || (kept.length >= 3 && kept.reduce((sum, item) => sum + item, 0) % 2 === 1);
  await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 25 }), async (length) => {
    const { result } = await minimize(numbers(length), fails(length));
    expect(fails(length)(result)).toBe(true);
    for (const item of result) expect(fails(length)(result.filter((other) => other !== item))).toBe(false);
  }));
});

test("it ends when there is no budget for more trials, with the best that was found", async () => {
  let budget = 3;
  const result = await ddmin(numbers(16), async (candidates) => {
    const affordable = candidates.slice(0, budget);
    budget -= affordable.length;
    const failing = affordable.findIndex((candidate) => candidate.includes(0));
    return failing < 0 ? undefined : failing;
  });
  expect(result).toEqual(numbers(8));
});

test("each two items are left out once", () => {
  expect(withoutPairs(["a", "b", "c"])).toEqual([["c"], ["b"], ["a"]]);
  expect(withoutPairs(numbers(10)).map((kept) => kept.length)).toEqual(Array.from({ length: 45 }, () => 8));
  expect(withoutPairs([1])).toEqual([]);
});
