// When an index came to which value: against a plain list of moments.

import { describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { risesMax, Watermark } from "../../src/host/watermark.ts";

describe("a watermark (N10)", () => {
  test("tells of every index above the one at which it began when it was reached; one rise reaches many", () => {
    const watermark = new Watermark(10);
    for (const [index, now] of [[11, 5], [11, 6], [15, 8], [12, 9], [16, 9]] as const) watermark.rise(index, now);
    expect([11, 12, 15, 16, 17].map((index) => watermark.reachedAt(index))).toEqual([5, 8, 8, 9, undefined]);
    expect([watermark.index, watermark.forgottenIndex]).toEqual([16, 10]);
    expect(() => watermark.reachedAt(10)).toThrow("forgotten");
  });

  test("that falls has not reached what is gone, and keeps the moments of what stays", () => {
    const watermark = new Watermark(0);
    for (const [index, now] of [[5, 1], [9, 2], [12, 3]] as const) watermark.rise(index, now);
    watermark.fall(7);
    expect([6, 7, 8].map((index) => watermark.reachedAt(index))).toEqual([2, 2, undefined]);
    watermark.rise(12, 9);
    expect([5, 7, 8, 12].map((index) => watermark.reachedAt(index))).toEqual([1, 2, 9, 9]);
    watermark.fall(20);
    expect(watermark.index).toBe(12);
  });

  test("that leaps knows nothing of what it passed over, and everything of what it had reached when it need not", () => {
    const watermark = new Watermark(0);
    watermark.rise(5, 1);
    watermark.leap(3);
    expect(watermark.reachedAt(4)).toBe(1);
    watermark.leap(50);
    expect([watermark.index, watermark.forgottenIndex]).toEqual([50, 50]);
    watermark.rise(51, 7);
    expect(watermark.reachedAt(51)).toBe(7);
    watermark.restart(20);
    expect([watermark.index, watermark.forgottenIndex]).toEqual([20, 20]);
  });

  test("remembers the latest rises and no more, however many there are", () => {
    const watermark = new Watermark(0);
    for (let rise = 1; rise <= 3 * risesMax; rise += 1) watermark.rise(2 * rise, 10 * rise);
    expect(watermark.forgottenIndex).toBe(2 * (2 * risesMax + 1));
    for (const rise of [2 * risesMax + 2, 3 * risesMax - 1, 3 * risesMax]) expect([2 * rise - 1, 2 * rise].map((index) => watermark.reachedAt(index))).toEqual([10 * rise, 10 * rise]);
  });

  test("answers what a list of all moments answers, whatever rises, falls and leaps (property)", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const prng = new Prng(seed);
      const watermark = new Watermark(0);
      const reached = new Map<number, number>();
      let index = 0;
      for (let now = 1; now <= 300; now += 1) {
        const to = prng.chance(0.9) ? index + prng.integer(1, 4) : Math.max(watermark.forgottenIndex, index - prng.integer(1, 6));
        if (to > index) watermark.rise(to, now);
        else watermark.fall(to);
        for (let each = index + 1; each <= to; each += 1) reached.set(each, now);
        for (let each = to + 1; each <= index; each += 1) reached.delete(each);
        index = to;
        if (prng.chance(0.01)) watermark.leap((index += 10));
        const asked = prng.integer(watermark.forgottenIndex + 1, index + 2);
        expect([seed, asked, watermark.reachedAt(asked)]).toEqual([seed, asked, reached.get(asked)]);
      }
    }
  });
});
