import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RedoList } from "../../src/platform/redo-list.ts";
import { text } from "../machine/bytes-of.ts";

function listed(redo: RedoList): unknown[] {
  return Array.from(redo.batches(), (batch) => batch.map(({ key, value }) => [text(key), value === undefined ? undefined : text(value)]));
}

test("what was written comes back batch by batch and in order: puts, empty values and deletions", () => {
  const redo = new RedoList();
  redo.put(utf8("a"), utf8("one"));
  redo.put(utf8("b"), utf8(""));
  redo.endBatch();
  redo.endBatch();
  redo.delete(utf8("a"));
  redo.put(utf8("longer key"), utf8("two"));
  redo.endBatch();
  expect(listed(redo)).toEqual([[["a", "one"], ["b", ""]], [], [["a", undefined], ["longer key", "two"]]]);
});

test("what is written may be overwritten by its owner at once", () => {
  const redo = new RedoList();
  const [key, value] = [utf8("key"), utf8("value")];
  redo.put(key, value);
  redo.delete(key);
  redo.endBatch();
  key.fill(0);
  value.fill(0);
  expect(listed(redo)).toEqual([[["key", "value"], ["key", undefined]]]);
});

test("values that are larger than all memory so far leave what was there before as it was", () => {
  const redo = new RedoList();
  redo.put(utf8("small"), utf8("1"));
  const sizes = [60_000, 70_000, 1_000_000, 20_000_000];
  for (const size of sizes) redo.put(utf8(String(size)), new Uint8Array(size).fill(size % 251));
  redo.endBatch();
  const [batch] = [...redo.batches()];
  expect(text(batch![0]!.value)).toBe("1");
  for (const [place, size] of sizes.entries()) expect(batch![place + 1]!.value!.every((byte) => byte === size % 251) && batch![place + 1]!.value!.length).toBe(size);
});

test("after a clear nothing is left, and it can be used again", () => {
  const redo = new RedoList();
  redo.put(utf8("a"), new Uint8Array(9_000_000));
  redo.endBatch();
  redo.clear();
  expect(listed(redo)).toEqual([]);
  redo.put(utf8("b"), utf8("2"));
  redo.endBatch();
  expect(listed(redo)).toEqual([[["b", "2"]]]);
});
