import { expect, test } from "vitest";
import { mark } from "../../../src/base/mark.ts";
import { MarkCounter } from "./counter.ts";

test("counts from start to take, sorted by name", () => {
  const counter = new MarkCounter();
  mark("too-early");
  counter.start();
  mark("branch-two");
  mark("branch-one");
  mark("branch-two");
  const hits = counter.take();
  mark("too-late");
  expect(JSON.stringify(hits)).toBe('{"branch-one":1,"branch-two":2}');
});

test("begins anew for each seed", () => {
  const counter = new MarkCounter();
  counter.start();
  mark("of-the-first-seed");
  counter.take();
  counter.start();
  mark("of-the-second-seed");
  expect(counter.take()).toEqual({ "of-the-second-seed": 1 });
  expect(counter.take()).toEqual({});
});

test("what was not taken is forgotten by the next start", () => {
  const counter = new MarkCounter();
  counter.start();
  mark("of-a-run-that-was-given-up");
  counter.start();
  expect(counter.take()).toEqual({});
});
