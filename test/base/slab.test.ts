import fc from "fast-check";
import { expect, test } from "vitest";
import { headroomOf, Slab } from "../../src/base/slab.ts";

test("what is taken has its length, is all zero, and shares no byte with anything else that was taken, nor does the room in front of it", () => {
  fc.assert(fc.property(fc.nat(40), fc.array(fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(300_000)), { maxLength: 60 }), (headroom, lengths) => {
    const slab = new Slab(headroom);
    const taken = lengths.map((length, number) => {
      const bytes = slab.take(length);
      expect([bytes.length, headroomOf(bytes)]).toEqual([length, headroom]);
      const own = new Uint8Array(bytes.buffer, bytes.byteOffset - headroom, headroom + length);
      expect(own.every((byte) => byte === 0)).toBe(true);
      return own.fill(1 + (number % 255));
    });
    for (const [number, own] of taken.entries()) expect(own.every((byte) => byte === 1 + (number % 255))).toBe(true);
  }), { numRuns: 40 });
});

test("what is taken one after the other lies one behind the other, with the room between; what is large has memory of its own", () => {
  const slab = new Slab(29);
  const [first, second, large] = [slab.take(300), slab.take(20), slab.take(1_000_000)];
  expect(second.buffer).toBe(first.buffer);
  expect(second.byteOffset).toBe(first.byteOffset + 300 + 29);
  expect(large.buffer.byteLength).toBe(1_000_029);
});

test("what no slab gave has no room in front of it", () => {
  expect(headroomOf(new Uint8Array(100).subarray(50))).toBe(0);
});

test("a piece ends where what is wanted does not fit with the room in front of it", () => {
  const slab = new Slab(29);
  const first = slab.take(65_000);
  const second = slab.take(480);
  expect([second.length, second.buffer === first.buffer]).toEqual([480, false]);
});
