import fc from "fast-check";
import { expect, test } from "vitest";
import { PackedReader, PackedWriter } from "../../src/base/packed-bytes.ts";

const malformed = (): Error => new Error("malformed");

test("numbers, bytes and byte strings are read back as they were written, and nothing is left", () => {
  const field = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.uint8Array({ maxLength: 300 }));
  fc.assert(fc.property(fc.array(field), (fields) => {
    const writer = new PackedWriter(4);
    for (const value of fields) {
      writer.number(typeof value === "number" ? value : value.length);
      if (typeof value !== "number") writer.raw(value);
      writer.byte(7);
    }
    const reader = new PackedReader(writer.bytes, 0, malformed);
    for (const value of fields) {
      if (typeof value === "number") expect(reader.number()).toBe(value);
      else expect(Array.from(reader.raw(reader.number()))).toEqual(Array.from(value));
      expect(reader.byte()).toBe(7);
    }
    expect(reader.done).toBe(true);
  }));
});

test("what ends too early or is larger than any number is malformed, never a wrong value", () => {
  const numberOf = (...bytes: number[]) => () => new PackedReader(Uint8Array.from(bytes), 0, malformed).number();
  expect(numberOf(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)()).toBe(Number.MAX_SAFE_INTEGER);
  for (const bytes of [[], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10], Array<number>(9).fill(0x80)]) expect(numberOf(...bytes)).toThrow("malformed");
  expect(() => new PackedReader(new Uint8Array(3), 1, malformed).raw(3)).toThrow("malformed");
});

test("content is cut off and begun anew in the same memory; much memory is given back", () => {
  const writer = new PackedWriter(16);
  writer.raw(new Uint8Array(1_000_000));
  writer.cutAt(3);
  writer.byte(1);
  expect(Array.from(writer.bytes)).toEqual([0, 0, 0, 1]);
  writer.clear();
  expect(writer.length).toBe(0);
  writer.byte(1);
  expect(writer.bytes.buffer.byteLength).toBe(16);
});
