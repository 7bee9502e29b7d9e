import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRanges, parseRanges } from "./number-ranges.ts";

test("a set of numbers is written compactly and read back", () => {
  expect(formatRanges([9, 5, 1, 2, 6, 7, 8])).toBe("1,2,5-9");
  expect(formatRanges([])).toBe("");
  expect(parseRanges("1,2,5-9")).toEqual([1, 2, 5, 6, 7, 8, 9]);
  fc.assert(fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (numbers) => {
    expect(parseRanges(formatRanges(numbers))).toEqual(numbers.toSorted((left, right) => left - right));
  }));
});

test.for(["", "1,", "a", "-1", "3-1", "1-", "1.5", "1 2", "0-9999999", "1e3"])("%j is no list of numbers", (text) => {
  expect(parseRanges(text)).toBeUndefined();
});
