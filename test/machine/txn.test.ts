// Transactions in the state machine: all steps of one side at one index, or none; what they came to; and what a repetition is answered.

import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Machine } from "../../src/machine/machine.ts";
import { keysDeletedMax } from "../../src/machine/kv.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { Command, DeleteRangeCommand } from "../../src/wire/command.ts";
import type { CommandResult } from "../../src/wire/command-result.ts";
import { limits } from "../../src/wire/limits.ts";
import type { Comparison, Relation, TxnRange } from "../../src/wire/txn.ts";
import { decodeStepResults, type TxnRangeResult } from "../../src/wire/txn-result.ts";
import { del, entryOf, put, resultOf, stamp, text, txn } from "./bytes-of.ts";

class Bench {
  readonly machine = new Machine({ store: new MemoryStore() });

  run(command: Command): CommandResult {
    return resultOf(this.machine.apply(entryOf(this.machine.lastApplied + 1, command)));
  }

  steps(command: Command): ReturnType<typeof decodeStepResults> {
    return decodeStepResults(this.run(command).steps!);
  }

  holds(...compare: Comparison[]): boolean {
    return this.run(txn({ compare })).version === 1;
  }

  value(key: string): string | undefined {
    return text(this.machine.get(utf8(key))?.value);
  }
}

function number(target: "version" | "createIndex" | "modIndex", key: string, relation: Relation, wanted: number): Comparison {
  return { key: utf8(key), target, relation, number: wanted };
}

function value(key: string, relation: Relation, wanted: string): Comparison {
  return { key: utf8(key), target: "value", relation, value: utf8(wanted) };
}

function range(start: string, extra: Partial<TxnRange> = {}): TxnRange {
  return { operation: "range", start: utf8(start), end: undefined, limit: 100, keysOnly: false, ...extra };
}

function deleteRange(start: string, end: string): DeleteRangeCommand {
  return { operation: "deleteRange", start: utf8(start), end: utf8(end) };
}

function keysOf(result: TxnRangeResult): (string | undefined)[] {
  return result.records.map(({ key }) => text(key));
}

describe("comparisons", () => {
  test.each<[Relation, [boolean, boolean, boolean]]>([
    ["equal", [false, true, false]], ["notEqual", [true, false, true]], ["less", [false, false, true]], ["greater", [true, false, false]],
  ])("%s is about what is there, beside what is wanted: below it, the same, above it", (relation, wanted) => {
    const bench = new Bench();
    for (const content of ["1", "2", "m"]) bench.run(put("a", content));
    expect([2, 3, 4].map((version) => bench.holds(number("version", "a", relation, version)))).toEqual(wanted);
    expect([0, 1, 2].map((index) => bench.holds(number("createIndex", "a", relation, index)))).toEqual(wanted);
    expect([2, 3, 4].map((index) => bench.holds(number("modIndex", "a", relation, index)))).toEqual(wanted);
    expect(["l", "m", "mm"].map((content) => bench.holds(value("a", relation, content)))).toEqual(wanted);
  });

  test("of a key that does not exist all numbers are 0, and nothing is true of its value", () => {
    const bench = new Bench();
    for (const target of ["version", "createIndex", "modIndex"] as const) {
      expect([bench.holds(number(target, "a", "equal", 0)), bench.holds(number(target, "a", "greater", 0)), bench.holds(number(target, "a", "less", 1))]).toEqual([true, false, true]);
    }
    for (const relation of ["equal", "notEqual", "less", "greater"] as const) expect(bench.holds(value("a", relation, ""))).toBe(false);
  });

  test("hold when all of them do, and when there are none", () => {
    const bench = new Bench();
    bench.run(put("a", "1"));
    const [right, wrong] = [value("a", "equal", "1"), value("a", "equal", "2")];
    expect([bench.holds(), bench.holds(right, right), bench.holds(right, wrong), bench.holds(wrong, right)]).toEqual([true, true, false, false]);
  });
});

describe("steps", () => {
  test("of the side that the comparisons chose are done at one index, those of the other side are not", () => {
    const bench = new Bench();
    bench.run(put("a", "1"));
    const moved = txn({ compare: [number("version", "a", "equal", 1)], then: [put("a", "2"), put("b", "2")], else: [put("c", "2"), del("a")] });
    expect(bench.run(moved)).toMatchObject({ status: "ok", version: 1, index: 2 });
    expect([bench.value("a"), bench.value("b"), bench.value("c")]).toEqual(["2", "2", undefined]);
    expect(["a", "b"].map((key) => bench.machine.get(utf8(key))!.modIndex)).toEqual([2, 2]);
    expect(bench.run(moved)).toMatchObject({ status: "ok", version: 0, index: 3, deleted: 1 });
    expect([bench.value("a"), bench.value("b"), bench.value("c")]).toEqual([undefined, "2", "2"]);
  });

  test("tell what they came to, in their order, and see what those before them have written", () => {
    const bench = new Bench();
    bench.run(put("a", "old"));
    bench.run(put("x1", "1"));
    bench.run(put("x2", "2"));
    const [first, written, second, deleted, third] = bench.steps(txn({ then: [range("a", { limit: 1 }), put("a", "new", { wantPrevious: true }), range("a", { end: utf8("b") }), deleteRange("x", "y"), range("", { keysOnly: true })] }));
    expect(first).toEqual({ records: [{ key: utf8("a"), value: utf8("old"), version: 1, createIndex: 1, modIndex: 1 }], more: true });
    expect(written).toMatchObject({ status: "ok", version: 2, index: 4, previous: { value: utf8("old"), version: 1 } });
    expect(second).toEqual({ records: [{ key: utf8("a"), value: utf8("new"), version: 2, createIndex: 1, modIndex: 4 }], more: false });
    expect(deleted).toMatchObject({ status: "ok", deleted: 2 });
    expect(third).toEqual({ records: [{ key: utf8("a"), value: utf8(""), version: 2, createIndex: 1, modIndex: 4 }], more: false });
  });

  test("are all left undone when together they would delete more keys than one command may", () => {
    const bench = new Bench();
    const many = Array.from({ length: keysDeletedMax / 2 + 1 }, (_, count) => put(`a${count}`, ""));
    for (const [place, command] of [...many, ...many.map((one) => ({ ...one, key: utf8(`b${text(one.key)!}`) }))].entries()) bench.machine.apply(entryOf(place + 1, command));
    const before = bench.machine.recordCount;
    expect(bench.run(txn({ then: [put("c", "1"), deleteRange("a", "b"), deleteRange("b", "c")] }))).toMatchObject({ status: "tooMany", steps: undefined });
    expect([bench.machine.recordCount, bench.value("c")]).toEqual([before, undefined]);
    expect(bench.run(txn({ then: [put("c", "1"), deleteRange("a", "b")] }))).toMatchObject({ status: "ok", deleted: before / 2 });
    expect(bench.machine.recordCount).toBe(before / 2 + 1);
  }, 60_000);

  test("answer no more than fits into one message: what is left out is said, and is still done", () => {
    const bench = new Bench();
    const large = "x".repeat(limits.valueBytesMax - 2_000);
    for (const key of ["a", "b", "c"]) bench.run(put(key, large));
    const [first, second, third, fourth] = bench.steps(txn({ then: [range("a", { limit: 1 }), range("a"), put("c", "small", { wantPrevious: true }), range("c")] }));
    expect(first).toMatchObject({ records: [{ key: utf8("a") }], more: true });
    expect([keysOf(second as TxnRangeResult), (second as TxnRangeResult).more]).toEqual([[], true]);
    expect(third).toMatchObject({ status: "ok", version: 2, previous: undefined, previousDropped: true });
    expect(fourth).toEqual({ records: [], more: true });
    expect(bench.value("c")).toBe("small");
    const largest = bench.steps(txn({ then: [put("d", "x".repeat(limits.valueBytesMax - 100))] }));
    expect(largest).toHaveLength(1);
    expect(keysOf(bench.steps(txn({ then: [range("d")] }))[0] as TxnRangeResult)).toEqual(["d"]);
  });
});

test("a repeated transaction gets the first answer and changes nothing; steps that are too large to remember are said to be dropped (S112)", () => {
  const bench = new Bench();
  const counted = txn({ compare: [number("version", "a", "less", 5)], then: [put("a", "1"), range("a")] }, { session: stamp(1, 1) });
  const first = bench.run(counted);
  expect(bench.run(counted)).toEqual(first);
  expect(bench.machine.get(utf8("a"))!.version).toBe(1);
  bench.run(put("a", "x".repeat(5_000)));
  const large = txn({ then: [range("a"), put("b", "1")] }, { session: stamp(1, 2) });
  expect(keysOf(decodeStepResults(bench.run(large).steps!)[0] as TxnRangeResult)).toEqual(["a"]);
  expect(bench.run(large)).toMatchObject({ status: "ok", version: 1, index: 4, steps: undefined, previousDropped: true });
  expect(bench.machine.get(utf8("b"))!.version).toBe(1);
  const empty = txn({}, { session: stamp(1, 3) });
  expect(bench.run(empty)).toEqual(bench.run(empty));
});

test("what is no transaction has no effect, and is answered the same on every node (T25)", () => {
  const bench = new Bench();
  bench.run(put("a", "1"));
  expect(bench.run({ operation: "txn", body: utf8("nonsense"), session: stamp(1, 1) })).toMatchObject({ status: "invalid", index: 2 });
  expect(bench.run({ operation: "txn", body: utf8("nonsense"), session: stamp(1, 1) })).toMatchObject({ status: "invalid", index: 2 });
  expect(bench.value("a")).toBe("1");
});

test("what a transaction has written is counted like any other write, and moves in an image", async () => {
  const [single, together] = [new Bench(), new Bench()];
  for (const command of [put("a", "1"), put("b", "22"), del("a")]) single.run(command);
  together.run(txn({ then: [put("a", "1"), put("b", "22")] }));
  together.run(txn({ then: [del("a")] }));
  expect([together.machine.recordCount, together.machine.dataBytes]).toEqual([single.machine.recordCount, single.machine.dataBytes]);
  const image = together.machine.image();
  const copy = new Machine({ store: new MemoryStore() });
  await copy.restore(image, (async function* () {
    yield* image.chunks();
  })());
  image.close();
  expect([copy.digest(), text(copy.get(utf8("b"))?.value)]).toEqual([together.machine.digest(), "22"]);
});
