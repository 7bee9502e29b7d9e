import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { Blame } from "../../../src/cli/inspect-log/blame.ts";
import { blameKey, blameMissing } from "../../../src/cli/inspect-log/blaming.ts";
import type { LogCommand, LogCondition, LogEntry, LogTxn } from "../../../src/wire/log-inspection.ts";
import { logEntry, MadeUpLog, putEntry, writeEntry } from "./logs.ts";

function judged(entries: readonly LogEntry[], isComplete = true): string[] {
  const blame = new Blame(utf8("k"), isComplete);
  return entries.flatMap((entry) => {
    const found = blame.judge(entry);
    return found === undefined ? [] : [`${entry.index} ${found.effect} ${found.version ?? "?"}`];
  });
}

function putIf(index: number, condition: LogCondition, value = "v"): LogEntry {
  const entry = putEntry(index, "k", value);
  return { ...entry, command: { ...entry.command!, condition } };
}

const valueIs = (text: string): LogCondition => ({ kind: "value", value: { bytes: text.length, crc: crc32(utf8(text)), content: utf8(text) } });
const deleted = (index: number): LogEntry => writeEntry(index, { operation: "delete", key: utf8("k") });

test("the version of a key is counted from the beginning of the log, and begins anew after it was deleted (N12)", () => {
  const range = writeEntry(6, { operation: "deleteRange", key: utf8("a"), end: utf8("z") });
  expect(judged([putEntry(1, "k"), putEntry(2, "other"), putEntry(3, "k"), deleted(4), putEntry(5, "k"), range, deleted(7), logEntry(8)])).toEqual([
    "1 written 1", "3 written 2", "4 deleted 0", "5 written 1", "6 deleted 0", "7 nothing 0",
  ]);
});

test("behind a snapshot the version is unknown until an unconditional delete", () => {
  expect(judged([putEntry(11, "k"), putIf(12, { kind: "absent" }), deleted(13), putIf(14, { kind: "absent" })], false)).toEqual(["11 written ?", "12 unknown ?", "13 deleted 0", "14 written 1"]);
});

test("conditions on absence, version and value are decided where the key is known", () => {
  expect(judged([
    putIf(1, { kind: "absent" }, "one"), putIf(2, { kind: "absent" }), putIf(3, { kind: "version", version: 2 }), putIf(4, { kind: "version", version: 1 }, "two"), putIf(5, valueIs("one")), putIf(6, valueIs("two"), "three"), deleted(7), putIf(8, valueIs("three")),
  ])).toEqual(["1 written 1", "2 refused 1", "3 refused 1", "4 written 2", "5 refused 2", "6 written 3", "7 deleted 0", "8 refused 0"]);
});

test("a repeated command of a session has no effect, and one that is not known to be committed has none yet", () => {
  const stamped = (index: number, sequence: number): LogEntry => putEntry(index, "k", "v", { session: { id: "9", sequence } });
  expect(judged([stamped(1, 1), stamped(2, 2), stamped(3, 1), putEntry(4, "k", "v", { committed: null })])).toEqual(["1 written 1", "2 written 2", "3 repeated 2", "4 pending ?"]);
});

test("of a transaction without comparisons it is known what it did to the key, of another one not", () => {
  const step = (command: Partial<LogCommand>): LogCommand => ({ operation: "put", key: utf8("k"), end: null, value: null, condition: null, ...command });
  const txn = (index: number, parts: Partial<LogTxn>): LogEntry => writeEntry(index, { operation: "txn", key: utf8(""), txn: { compare: [], then: [], else: [], ...parts } });
  const compare: LogTxn["compare"] = [{ key: utf8("other"), target: "version", relation: "equal", number: 1, value: null }];
  const reads = step({ operation: "range", key: utf8("a") });
  expect(judged([
    txn(1, { then: [reads, step({ key: utf8("other") }), step({})] }), txn(2, { then: [step({ operation: "deleteRange", key: utf8("a"), end: utf8("z") })] }), txn(3, { then: [reads], else: [reads] }),
    txn(4, { then: [reads], else: [step({})] }), putEntry(5, "k"), txn(6, { compare, else: [step({})] }), putEntry(7, "k"), deleted(8), putEntry(9, "k"),
  ])).toEqual(["1 written 1", "2 deleted 0", "4 nothing 0", "5 written 1", "6 unknown ?", "7 written ?", "8 deleted 0", "9 written 1"]);
});

test("a write that somebody had settled before it came was refused; one that had come before stays what it was (N5)", () => {
  const stamped = (index: number, sequence: number): LogEntry => putEntry(index, "k", "v", { session: { id: "9", sequence } });
  const settle = (index: number, sequence: number): LogEntry => ({ ...writeEntry(index, { operation: "settle", key: utf8("") }), session: { id: "9", sequence } });
  expect(judged([stamped(1, 1), settle(2, 1), settle(3, 2), stamped(4, 1), stamped(5, 2), { ...settle(6, 3), committed: null }, stamped(7, 3)])).toEqual(["1 written 1", "4 repeated 1", "5 refused 1", "7 written 2"]);
});

test("blame shows what touches the key, hides values, and says so when nothing does (exit 4)", async () => {
  const log = new MadeUpLog([putEntry(1, "k", "secret"), putEntry(2, "x"), putIf(3, valueIs("secret"), "next")]);
  const { document, text } = await blameKey(log, "k", false);
  expect(document.entries.map(({ index, effect, version }) => [index, effect, version])).toEqual([["1", "written", "1"], ["3", "written", "2"]]);
  expect(JSON.stringify(document) + text).not.toContain("secret");
  expect(JSON.stringify((await blameKey(log, "k", true)).document)).toContain("secret");
  expect(blameMissing(document)).toBeUndefined();
  expect(blameMissing((await blameKey(log, "nothing", false)).document)).toMatchObject({ code: "NOT_FOUND", message: 'no entry of the log of n1 writes "nothing": it holds 1 to 3' });
});
