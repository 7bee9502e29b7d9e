import { describe, expect, test } from "vitest";
import { SaveBound, saveMsAimed, unsavedBytesMax, unsavedWritesMax, unsavedWritesMin } from "../../src/platform/save-bound.ts";

/** How many writes gather until the bound is reached. */
function writesMaxOf(bound: SaveBound): number {
  let writes = 0;
  while (!bound.isReached(writes, 0)) writes += 1;
  return writes;
}

function after(...saves: readonly (readonly [writes: number, tookMs: number])[]): number {
  const bound = new SaveBound();
  for (const [writes, tookMs] of saves) bound.learn(writes, tookMs);
  return writesMaxOf(bound);
}

describe("as many writes gather as the last save could have taken in the time for which it may hold up the node", () => {
  test("few, as long as nothing was saved", () => expect(after()).toBe(unsavedWritesMin));
  test("twice as many when it took half of that time", () => expect(after([2000, saveMsAimed / 2])).toBe(4000));
  test("half as many when it took twice that time", () => expect(after([4000, saveMsAimed * 2])).toBe(2000));
  test("the last one counts", () => expect(after([2000, saveMsAimed / 2], [4000, saveMsAimed * 1.25])).toBe(3200));
  test("never more than a killed process may apply again", () => expect(after([5000, 0.01])).toBe(unsavedWritesMax));
  test("a clock that has not moved allows as many", () => expect(after([5000, 0])).toBe(unsavedWritesMax));
  test("never so few that each save is for a handful, however slow the disk is", () => expect(after([5000, 3000])).toBe(unsavedWritesMin));
  test("a save of few writes says nothing", () => expect(after([3000, saveMsAimed], [unsavedWritesMin - 1, 50], [1, 0.01])).toBe(3000));
});

test("large values do not wait for more, however few they are", () => {
  const bound = new SaveBound();
  expect([bound.isReached(1, unsavedBytesMax - 1), bound.isReached(1, unsavedBytesMax)]).toEqual([false, true]);
});
