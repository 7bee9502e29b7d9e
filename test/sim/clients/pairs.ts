// Pairs of keys that are written by transactions only, both halves at once: so they are one register, which is checked as a single key is, and two halves
// that differ are a transaction of which somebody saw a part.

import { utf8, utf8Text } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { Condition, Operation, Output } from "../../../src/cli/check/history.ts";
import type { Consistency, KeyValueRecord, RangeRequest } from "../../../src/wire/client-protocol.ts";
import type { CommandResult } from "../../../src/wire/command-result.ts";
import type { Command, SessionStamp } from "../../../src/wire/command.ts";
import { encodeTxn, type Comparison, type TxnStep } from "../../../src/wire/txn.ts";
import { decodeStepResults } from "../../../src/wire/txn-result.ts";

const halves = ["/a", "/b"] as const;

export function pairName(generation: number, number: number): string {
  return `p${generation}.${number}`;
}

export function isPair(key: string): boolean {
  return key.startsWith("p");
}

/** One read of both. */
export function pairRead(key: string, consistency: Consistency, timeoutMs: number): RangeRequest {
  const [start, end] = [utf8(`${key}/`), utf8(`${key}0`)];
  return { operation: "range", region: globalRegion, start, end, limit: 10, keysOnly: false, countOnly: false, consistency, minIndex: undefined, maxLagMs: undefined, timeoutMs };
}

export function pairWrite(key: string, operation: Exclude<Operation, { kind: "get" }>, session: SessionStamp | undefined): Command {
  const compare = operation.kind === "putIf" ? halves.map((half) => comparisonOf(`${key}${half}`, operation.condition)) : [];
  return { operation: "txn", body: encodeTxn({ compare, then: halves.map((half) => stepOf(`${key}${half}`, operation)), else: [] }), session };
}

function comparisonOf(half: string, condition: Condition): Comparison {
  const shared = { key: utf8(half), relation: "equal" } as const;
  if ("value" in condition) return { ...shared, target: "value", value: utf8(condition.value) };
  return { ...shared, target: "version", number: "absent" in condition ? 0 : condition.version };
}

function stepOf(half: string, operation: Exclude<Operation, { kind: "get" }>): TxnStep {
  const key = utf8(half);
  return operation.kind === "delete" ? { operation: "delete", key, wantPrevious: false } : { operation: "put", key, value: utf8(operation.value), wantPrevious: false };
}

export function pairRecordsOutput(records: readonly KeyValueRecord[]): Output {
  const [first, second] = records;
  if (records.length !== 0 && records.length !== 2) throw new Error(`a transaction was seen in part: ${records.length} half of a pair`);
  same("value", first && utf8Text(first.value), second && utf8Text(second.value));
  same("modIndex", first?.modIndex, second?.modIndex);
  return { value: first === undefined ? undefined : utf8Text(first.value), version: first?.version };
}

/** Of an executed transaction. */
export function pairResultOutput(operation: Operation, { version: held, steps }: CommandResult): Output {
  if (operation.kind === "putIf" && held === 0) return { applied: false };
  if (steps === undefined) throw new Error("the few bytes of a pair's outcome were dropped");
  const [first, second] = decodeStepResults(steps).map((result) => ("records" in result ? undefined : result));
  same("version", first?.version, second?.version);
  same("deleted", first?.deleted, second?.deleted);
  if (operation.kind === "delete") return { found: first!.deleted === 1 };
  return operation.kind === "putIf" ? { applied: true, version: first!.version } : { version: first!.version };
}

function same(what: string, first: unknown, second: unknown): void {
  if (first !== second) throw new Error(`a transaction took effect in part: ${what} of one half is ${String(first)}, of the other ${String(second)}`);
}
