import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { entryOf, put, resultOf } from "./bytes-of.ts";

test("a condition on a value compares every byte of it: a value of equal length is another value", () => {
  const machine = new Machine({ store: new MemoryStore() });
  machine.apply(entryOf(1, put("a", "123")));
  for (const [index, other] of ["023", "103", "120"].entries()) {
    const result = resultOf(machine.apply(entryOf(2 + index, put("a", "new", { condition: { kind: "value", value: utf8(other) } }))));
    expect(result).toMatchObject({ status: "conflict", version: 1 });
  }
  expect(resultOf(machine.apply(entryOf(5, put("a", "new", { condition: { kind: "value", value: utf8("123") } }))))).toMatchObject({ status: "ok", version: 2 });
});
