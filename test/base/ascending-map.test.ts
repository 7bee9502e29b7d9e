import fc from "fast-check";
import { expect, test } from "vitest";
import { AscendingMap } from "../../src/base/ascending-map.ts";

type Step = { readonly do: "add"; readonly gap: number } | { readonly do: "take" | "get"; readonly near: number };

const steps = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("add" as const), gap: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("take" as const, "get" as const), near: fc.nat(40) }) },
), { maxLength: 300 });

test("it holds what a Map would hold, in the order of the keys", () => {
  fc.assert(fc.property(steps, (all: readonly Step[]) => {
    const [map, model] = [new AscendingMap<string>(), new Map<number, string>()];
    let last = 0;
    for (const step of all) {
      if (step.do === "add") {
        last += step.gap;
        map.add(last, `value ${last}`);
        model.set(last, `value ${last}`);
        continue;
      }
      const key = last - step.near;
      expect(step.do === "take" ? map.take(key) : map.get(key)).toBe(model.get(key));
      if (step.do === "take") model.delete(key);
      expect([map.size, map.highest]).toEqual([model.size, Math.max(...model.keys())]);
    }
    expect([...map.values()]).toEqual([...model.values()]);
    expect([...map.values(last - 20)]).toEqual([...model].filter(([key]) => key >= last - 20).map(([, value]) => value));
  }));
});

test("many that come and go leave nothing behind but what is still in it", () => {
  const map = new AscendingMap<number>();
  for (let key = 1; key <= 100_000; key += 1) {
    map.add(key, key);
    if (key > 10 && key !== 5010) expect(map.take(key - 10)).toBe(key - 10);
  }
  expect([...map.values()]).toEqual([5000, ...Array.from({ length: 10 }, (_, place) => 99_991 + place)]);
  expect(map.size).toBe(11);
});

test("what is taken out while it is looked through is left out, and what is added comes another time", () => {
  const map = new AscendingMap<number>();
  for (const key of [1, 2, 3]) map.add(key, key);
  const seen: number[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.take(value);
    if (value === 1) map.take(2);
    map.add(10 + value, 10 + value);
  }
  expect(seen).toEqual([1, 3]);
  expect([...map.values()]).toEqual([11, 13]);
});

test("a key that is not above all others is an error of ours", () => {
  const map = new AscendingMap<string>();
  map.add(5, "five");
  expect(() => map.add(5, "again")).toThrow("keys ascend");
});

test("what follows the last one that is left may be below what was taken out behind it", () => {
  const map = new AscendingMap<string>();
  for (const key of [3, 7, 9]) map.add(key, `${key}`);
  map.take(7);
  map.take(9);
  map.add(4, "four");
  expect([...map.values()]).toEqual(["3", "four"]);
});
