// A pair is one register, and every way in which its halves can differ is told.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { pairRange, pairSeen, pairTxn, pairWritten, type KeyWrite } from "../../../src/cli/check/pair.ts";
import type { KeyValueRecord } from "../../../src/wire/client-protocol.ts";
import type { CommandResult } from "../../../src/wire/command-result.ts";
import { encodeStepResults } from "../../../src/wire/txn-result.ts";

const record = (half: string, value: string, modIndex = 7): KeyValueRecord => ({ key: utf8(`p/1/${half}`), value: utf8(value), version: 3, createIndex: 2, modIndex });
const part = (fields: Partial<CommandResult>): CommandResult => ({ status: "ok", version: 0, index: 9, deleted: 0, previous: undefined, previousDropped: false, ...fields });
const txn = (held: boolean, ...steps: Partial<CommandResult>[]): CommandResult => part({ version: held ? 1 : 0, steps: encodeStepResults(steps.map(part)) });
const put: KeyWrite = { kind: "put", value: "v" };
const putIf: KeyWrite = { kind: "putIf", value: "v", condition: { absent: true } };

test("both halves are read at once, and neither a neighbour nor the pair with a longer number", () => {
  expect(pairRange("p/1")).toEqual({ start: "p/1/", end: "p/10", limit: 10 });
});

test("equal halves are one value, two that differ in value or index and a single one are torn", () => {
  expect(pairSeen([])).toEqual({ value: undefined, version: undefined, index: undefined });
  expect(pairSeen([record("a", "x"), record("b", "x")])).toEqual({ value: "x", version: 3, index: 7 });
  expect(pairSeen([record("a", "x"), record("b", "y")])).toEqual({ torn: "value of one half is x, of the other y" });
  expect(pairSeen([record("a", "x"), record("b", "x", 8)])).toEqual({ torn: "modIndex of one half is 7, of the other 8" });
  expect(pairSeen([record("b", "x")])).toEqual({ torn: "1 half of a pair" });
});

test("a write says what both halves were answered, and is torn when they were answered differently", () => {
  expect(pairWritten("p", put, txn(true, { version: 4 }, { version: 4 }))).toEqual({ version: 4, index: 9 });
  expect(pairWritten("p", put, txn(true, { version: 4 }, { version: 5 }))).toEqual({ torn: "answer of one half is 4, of the other 5", index: 9 });
  expect(pairWritten("p", put, txn(false))).toMatchObject({ torn: expect.any(String) as string });
  expect(pairWritten("p", putIf, txn(true, { version: 1 }, { version: 1 }))).toEqual({ applied: true, version: 1, index: 9 });
  expect(pairWritten("p", putIf, txn(false))).toEqual({ applied: false, index: 9 });
  expect(pairWritten("p", { kind: "delete" }, txn(true, { deleted: 1 }, { deleted: 1 }))).toEqual({ found: true, index: 9 });
  expect(pairWritten("p", { kind: "delete" }, txn(true, { deleted: 0 }, { deleted: 0 }))).toEqual({ found: false, index: 9 });
  expect(pairWritten("p", { kind: "delete" }, txn(true, { deleted: 1 }, { deleted: 0 }))).toMatchObject({ torn: expect.any(String) as string });
});

test("both halves carry the condition, the value and the lease", () => {
  expect(pairTxn("p", { kind: "putIf", value: "v", condition: { version: 2 } }, 5n)).toEqual({
    compare: [{ key: "p/a", version: 2 }, { key: "p/b", version: 2 }],
    then: [{ op: "put", key: "p/a", value: "v", lease: 5n }, { op: "put", key: "p/b", value: "v", lease: 5n }],
  });
  expect(pairTxn("p", putIf).compare).toEqual([{ key: "p/a", version: 0 }, { key: "p/b", version: 0 }]);
  expect(pairTxn("p", { kind: "putIf", value: "v", condition: { value: "u" } }).compare).toEqual([{ key: "p/a", value: "u" }, { key: "p/b", value: "u" }]);
  expect(pairTxn("p", { kind: "delete" })).toEqual({ compare: [], then: [{ op: "delete", key: "p/a" }, { op: "delete", key: "p/b" }] });
});
