// How fast a member catches up, and that it says so when it never will.

import { expect, test } from "vitest";
import { CatchUpMeter } from "../../src/host/catch-up-meter.ts";

function meter(...samples: readonly (readonly [at: number, match: number, last: number])[]): CatchUpMeter {
  const made = new CatchUpMeter();
  for (const [at, match, last] of samples) made.note(at, match, last);
  return made;
}

test("the time left is what is missing over what is gained, with the writes that come meanwhile", () => {
  expect(meter([0, 0, 1_000], [5_000, 500, 1_000]).estimate()).toEqual({ entriesPerSecond: 100, etaMs: 5_000 });
  expect(meter([0, 0, 1_000], [5_000, 500, 1_250]).estimate()).toEqual({ entriesPerSecond: 100, etaMs: 15_000 });
});

test("one that gains nothing on the writes never catches up (PRODUCT row 15)", () => {
  expect(meter([0, 0, 1_000], [5_000, 500, 1_500]).estimate()).toEqual({ entriesPerSecond: 100, etaMs: undefined });
  expect(meter([0, 7, 1_000], [5_000, 7, 1_000]).estimate()).toEqual({ entriesPerSecond: 0, etaMs: undefined });
});

test("nothing is said from too little, or of one that has it all", () => {
  expect(meter().estimate()).toBeUndefined();
  expect(meter([0, 0, 10], [1_000, 5, 10]).estimate()).toBeUndefined();
  expect(meter([0, 0, 10], [5_000, 10, 10]).estimate()).toBeUndefined();
});

test("only the last half minute counts, and a member that begins anew begins anew here", () => {
  expect(meter([0, 0, 100_000], [40_000, 40_000, 100_000], [45_000, 40_500, 100_000]).estimate()).toMatchObject({ entriesPerSecond: 100 });
  expect(meter([0, 900, 1_000], [5_000, 950, 1_000], [6_000, 0, 1_000], [9_000, 300, 1_000]).estimate()).toMatchObject({ entriesPerSecond: 100 });
});
