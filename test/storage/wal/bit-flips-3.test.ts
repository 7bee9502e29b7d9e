import { expect, test } from "vitest";
import { flipBits, subject } from "./damage.ts";

test("each single-bit flip in quarter 3 of a 64 KiB log of 200 records is refused, or loses nothing (H42)", { timeout: 300_000 }, async () => {
  const { refused, complete } = flipBits(await subject(), 32768, 49152);
  expect(refused + complete).toBe(131_072);
  expect(refused).toBeGreaterThan(131_000);
});
