import { expect, test } from "vitest";
import { changeOf, ratios, spreadOf } from "./statistics.ts";

test("a figure is its median, and its spread is from the smallest round to the largest", () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, rounds: 3 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, rounds: 4 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7, rounds: 1 });
});

test("ratios are taken round by round, so that a slow minute of the machine is in both of its numbers", () => {
  expect(ratios([10, 5, 20], [5, 2.5, 10])).toEqual([2, 2, 2]);
  expect(ratios([10, 5], [5])).toEqual([2]);
});

test("two figures differ when their spreads do not overlap, and the direction that is better decides which way", () => {
  const [low, high, between] = [[1, 2, 3], [4, 5, 6], [3, 4, 5]].map(spreadOf);
  expect([changeOf(low!, high!, "higher"), changeOf(high!, low!, "higher")]).toEqual(["better", "worse"]);
  expect([changeOf(low!, high!, "lower"), changeOf(high!, low!, "lower")]).toEqual(["worse", "better"]);
  expect([changeOf(low!, between!, "higher"), changeOf(between!, high!, "lower")]).toEqual(["noise", "noise"]);
});

test("from fewer than three rounds nothing follows", () => {
  expect(changeOf(spreadOf([1, 2]), spreadOf([10, 11, 12]), "higher")).toBe("too few rounds");
  expect(changeOf(spreadOf([1, 2, 3]), spreadOf([10, 11]), "higher")).toBe("too few rounds");
});
