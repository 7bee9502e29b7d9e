// What follows about entries before which no state is at hand, from what a later state answers: here made up answers, also those that are rare.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { BaseState } from "../../../src/daemon/history/base-state.ts";
import { Inference } from "../../../src/daemon/history/inference.ts";
import { versionOf } from "../../../src/daemon/history/judged.ts";
import type { CommandResult } from "../../../src/wire/command-result.ts";
import type { LogCommand, LogEntry } from "../../../src/wire/log-inspection.ts";
import { putEntry, writeEntry } from "../../cli/inspect-log/logs.ts";

const session = { id: "7", sequence: 1 };

/** Of every command. */
function answering(outcome: Partial<CommandResult> | undefined): BaseState {
  const result = outcome && { status: "ok", version: 0, index: 5, deleted: 0, previous: undefined, previousDropped: false, ...outcome };
  return { outcomeOf: () => result } as unknown as BaseState;
}

const put = putEntry(5, "a", "new", { session });
const condition = { kind: "version", version: 3 } as const;
const remove = writeEntry(5, { operation: "delete", key: utf8("a") }, { session });
const removeRange = writeEntry(5, { operation: "deleteRange", key: utf8("") }, { session });

function judged(entry: LogEntry, later: BaseState | undefined, inference = new Inference(undefined)): unknown {
  const { effect, after } = inference.judge(entry, entry.command as LogCommand, later);
  return [effect, versionOf(after), after?.record?.createIndex];
}

test("the answer of this very entry is what happened", () => {
  expect(judged(put, answering({ version: 4 }))).toEqual(["written", 4, undefined]);
  expect(judged(put, answering({ version: 1 }))).toEqual(["written", 1, 5]);
  expect(judged(put, answering({ status: "conflict", version: 4 }))).toEqual(["refused", undefined, undefined]);
  expect(judged(put, answering({ status: "conflict", version: 0 }))).toEqual(["refused", 0, undefined]);
  expect(judged(remove, answering({ deleted: 1, version: 3 }))).toEqual(["deleted", 0, undefined]);
  expect(judged(remove, answering({ deleted: 0 }))).toEqual(["nothing", 0, undefined]);
  expect(judged(removeRange, answering({ deleted: 2 }))).toEqual(["unknown", 0, undefined]);
  expect(judged(removeRange, answering({ status: "tooMany" }))).toEqual(["refused", undefined, undefined]);
});

test("an earlier answer makes it a repetition; a later one, and none, say nothing (diss. §6.3)", () => {
  const known = (): Inference => new Inference({ record: { value: utf8("old"), version: 3, createIndex: 1, modIndex: 4 } });
  expect(judged(put, answering({ index: 2 }), known())).toEqual(["repeated", 3, 1]);
  expect(judged(put, answering({ index: 9 }), known())).toEqual(["unknown", undefined, undefined]);
  expect(judged(put, answering(undefined), known())).toEqual(["unknown", undefined, undefined]);
  expect(judged(put, undefined, known())).toEqual(["unknown", undefined, undefined]);
});

test("without a session the entry itself decides, as far as its condition and the state are known", () => {
  const alone = (entry: LogEntry): LogEntry => ({ ...entry, session: null });
  const from = (version: number | undefined): Inference => new Inference({ record: { value: utf8("old"), version, createIndex: 1, modIndex: 4 } });
  const conditional = alone({ ...put, command: { ...put.command!, condition } });
  expect(judged(alone(put), undefined)).toEqual(["written", undefined, undefined]);
  expect(judged(alone(put), undefined, from(3))).toEqual(["written", 4, 1]);
  expect(judged(alone(put), undefined, from(undefined))).toEqual(["written", undefined, 1]);
  expect(judged(alone(put), undefined, new Inference({ record: undefined }))).toEqual(["written", 1, 5]);
  expect([judged(conditional, undefined), judged(conditional, undefined, from(undefined)), judged(conditional, undefined, from(2)), judged(conditional, undefined, from(3))]).toEqual([
    ["unknown", undefined, undefined], ["unknown", undefined, undefined], ["refused", 2, 1], ["written", 4, 1],
  ]);
  expect([judged(alone(remove), undefined), judged(alone(remove), undefined, from(3)), judged(alone(remove), undefined, new Inference({ record: undefined }))]).toEqual([
    ["unknown", 0, undefined], ["deleted", 0, undefined], ["nothing", 0, undefined],
  ]);
  expect([judged(alone(removeRange), undefined), judged(alone(removeRange), undefined, from(3)), judged(alone(removeRange), undefined, new Inference({ record: undefined }))]).toEqual([
    ["unknown", undefined, undefined], ["unknown", undefined, undefined], ["nothing", 0, undefined],
  ]);
});
