import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { selectionOf, selects, selectsAll, type SelectionFlags } from "../../../src/cli/inspect-log/selection.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";
import { logEntry, putEntry, writeEntry } from "./logs.ts";

const log: readonly LogEntry[] = [
  logEntry(1, { type: "config", config: { voters: ["n1"], votersOutgoing: [], learners: [] } }),
  logEntry(2),
  putEntry(3, "app/a"),
  writeEntry(4, { operation: "delete", key: utf8("app/b") }, { term: 2 }),
  writeEntry(5, { operation: "deleteRange", key: utf8("a"), end: utf8("app/b") }, { term: 2 }),
  writeEntry(6, { operation: "deleteRange", key: utf8("app"), end: null }, { term: 2, committed: null }),
  writeEntry(7, { operation: "append", key: utf8("app/a") }, { term: 2, committed: null }),
  logEntry(8, { type: "command", term: 2, committed: null, fault: "malformed command of 3 bytes" }),
  writeEntry(9, { operation: "set", key: utf8("app/a") }, { term: 3 }),
];

function selected(flags: SelectionFlags): number[] {
  const selection = selectionOf(flags);
  return log.filter((entry) => selects(selection, entry)).map(({ index }) => index);
}

test("types, terms and what is known to be committed select, alone and together", () => {
  expect(selected({})).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(selected({ type: "config,noop" })).toEqual([1, 2]);
  expect(selected({ type: "command", term: 1 })).toEqual([3]);
  expect(selected({ committed: true, term: 2 })).toEqual([4, 5]);
  expect(selected({ uncommitted: true })).toEqual([6, 7, 8]);
});

test("a key selects what writes it: puts, deletes, and ranges that are deleted over it, the end not included; a stream or a setting of that name is another thing", () => {
  expect(selected({ key: "app/a" })).toEqual([3, 5, 6]);
  expect(selected({ key: "app/b" })).toEqual([4, 6]);
  expect(selected({ key: "a" })).toEqual([5]);
});

test("a prefix selects keys that begin so, and ranges that reach them", () => {
  expect(selected({ prefix: "app/" })).toEqual([3, 4, 5, 6]);
  expect(selected({ prefix: "app/b" })).toEqual([4, 6]);
  expect(selected({ prefix: "b" })).toEqual([6]);
  expect(selected({ prefix: "A" })).toEqual([]);
});

test("a type that does not exist is refused with those that do", () => {
  expect(() => selectionOf({ type: "command,put" })).toThrow(expect.objectContaining({ code: "USAGE", message: expect.stringContaining("command, config, noop") }));
});

test("only a selection without anything selects everything", () => {
  expect(selectsAll(selectionOf({}))).toBe(true);
  for (const flags of [{ type: "noop" }, { term: 1 }, { key: "a" }, { prefix: "" }, { committed: true }, { uncommitted: true }]) expect(selectsAll(selectionOf(flags))).toBe(false);
});
