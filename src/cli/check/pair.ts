// A pair of keys that is written by transactions only, both halves at once, and read in one step: so it is one register, which is checked as a single key is,
// and two halves that differ are a transaction of which somebody saw a part.

import { assert } from "../../base/assert.ts";
import { utf8Text } from "../../base/bytes.ts";
import type { RangeQuery } from "../../client/reads.ts";
import { txnAnswer, type TxnComparison, type TxnOperation, type TxnOutcome, type TxnRequest } from "../../client/txn.ts";
import type { KeyValueRecord } from "../../wire/client-protocol.ts";
import type { CommandResult } from "../../wire/command-result.ts";
import type { Condition, KeyOperation, Output } from "./history.ts";

const halves = ["/a", "/b"] as const;

export type KeyWrite = Exclude<KeyOperation, { kind: "get" }>;

/** Both halves of the pair, and nothing else. */
export function pairRange(pair: string): RangeQuery & { readonly start: string; readonly end: string; readonly limit: number } {
  return { start: `${pair}/`, end: `${pair}0`, limit: 10 };
}

/** @param lease both halves hang on it */
export function pairTxn(pair: string, write: KeyWrite, lease?: bigint): TxnRequest {
  const compare = write.kind === "putIf" ? halves.map((half) => comparisonOf(`${pair}${half}`, write.condition)) : [];
  return { compare, then: halves.map((half) => stepOf(`${pair}${half}`, write, lease)) };
}

function comparisonOf(key: string, condition: Condition): TxnComparison {
  if ("value" in condition) return { key, value: condition.value };
  return { key, version: "absent" in condition ? 0 : condition.version };
}

function stepOf(key: string, write: KeyWrite, lease: bigint | undefined): TxnOperation {
  return write.kind === "delete" ? { op: "delete", key } : { op: "put", key, value: write.value, lease };
}

export function pairSeen(records: readonly KeyValueRecord[]): Output {
  const [first, second] = records;
  if (records.length !== 0 && records.length !== 2) return { torn: `${records.length} half of a pair` };
  const value = first && textOf(first);
  const torn = difference({ value, modIndex: first?.modIndex }, { value: second && textOf(second), modIndex: second?.modIndex });
  return torn === undefined ? { value, version: first?.version, index: first?.modIndex } : { torn };
}

/** Of an executed transaction. */
export function pairWritten(pair: string, write: KeyWrite, result: CommandResult): Output {
  const { index } = result;
  const { succeeded, outcomes } = txnAnswer(pairTxn(pair, write), result);
  if (succeeded !== true) return write.kind === "putIf" ? { applied: false, index } : { torn: "it was not carried out without a condition", index };
  assert(outcomes !== undefined, "of a transaction of few bytes the answers are remembered");
  const [first, second] = outcomes.map(factOf);
  const torn = difference({ answer: first }, { answer: second });
  if (torn !== undefined) return { torn, index };
  if (write.kind === "delete") return { found: first === 1, index };
  return write.kind === "putIf" ? { applied: true, version: first, index } : { version: first, index };
}

/** Of a put the version, of a delete how many it deleted. */
function factOf(outcome: TxnOutcome): number | undefined {
  if (outcome.op === "get") return undefined;
  return outcome.op === "put" ? outcome.version : outcome.deleted;
}

function textOf({ value }: KeyValueRecord): string {
  return utf8Text(value) ?? "(not UTF-8)";
}

type Facts = Readonly<Record<string, string | number | undefined>>;

function difference(first: Facts, second: Facts): string | undefined {
  const what = Object.keys(first).find((name) => first[name] !== second[name]);
  return what === undefined ? undefined : `${what} of one half is ${first[what] ?? "none"}, of the other ${second[what] ?? "none"}`;
}
