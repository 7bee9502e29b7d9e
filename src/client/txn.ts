// A transaction as programs write it: what must hold, what is done then, and what is done otherwise. All of it is one entry of the log: it happens at one
// index, and nobody sees a part of it.

import { assert } from "../base/assert.ts";
import { concatBytes, emptyBytes } from "../base/bytes.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { CommandResult, PreviousRecord } from "../wire/command-result.ts";
import { encodeTxn, txnRangeLimitMax, type Comparison, type Relation, type Txn, type TxnStep } from "../wire/txn.ts";
import { decodeStepResults, type TxnStepResult } from "../wire/txn-result.ts";
import { bytesOf, type Bytes } from "./bytes.ts";
import { prefixEnd } from "./key-range.ts";
import type { WriteReceipt } from "./writes.ts";

export interface TxnRequest {
  /** All of them must hold; none holds always. */
  readonly compare?: readonly TxnComparison[];
  readonly then?: readonly TxnOperation[];
  readonly else?: readonly TxnOperation[];
}

/** Of a key that does not exist version, createIndex and modIndex are 0, and nothing holds for its value. */
export type TxnComparison = { readonly key: Bytes; /** Of what is there to what is said here; default "equal". */ readonly relation?: Relation | undefined } & (
  | { readonly version: number }
  | { readonly createIndex: number }
  | { readonly modIndex: number }
  | { readonly value: Bytes }
);

/** Of one side no two may write the same key. A get sees what those before it have written. */
export type TxnOperation =
  | { readonly op: "put"; readonly key: Bytes; readonly value: Bytes; readonly wantPrevious?: boolean | undefined; /** It is deleted when this lease ends. */ readonly lease?: bigint | undefined }
  | { readonly op: "delete"; readonly key: Bytes; readonly wantPrevious?: boolean | undefined }
  | ({ readonly op: "delete" } & KeySelection)
  | { readonly op: "get"; readonly key: Bytes }
  | ({ readonly op: "get"; /** At most 10,000, which is the default. */ readonly limit?: number | undefined; readonly keysOnly?: boolean | undefined } & KeySelection);

/** All keys that begin with a prefix, or from `start` to `end`, which is excluded; absent: from the first, to the last. */
export type KeySelection = { readonly prefix: Bytes } | { readonly start: Bytes | undefined; readonly end: Bytes | undefined };

export type TxnOutcome =
  | { readonly op: "put"; readonly version: number; readonly previous: PreviousRecord | undefined }
  | { readonly op: "delete"; readonly deleted: number; readonly previous: PreviousRecord | undefined }
  /** more: beyond the limit, or than one answer holds. */
  | { readonly op: "get"; readonly records: readonly KeyValueRecord[]; readonly more: boolean };

export interface TxnReceipt extends WriteReceipt {
  /** Whether the comparisons held, and so which side was done; undefined when only commitment was waited for. */
  readonly succeeded: boolean | undefined;
  /** One for each operation of that side. undefined when only commitment was waited for, or when a repetition finds that they were too large to be remembered. */
  readonly outcomes: readonly TxnOutcome[] | undefined;
}

/** @throws INVALID_ARGUMENT, TOO_LARGE */
export function encodedTxn(request: TxnRequest): Uint8Array {
  return encodeTxn(txnOf(request));
}

function txnOf({ compare = [], then = [], else: otherwise = [] }: TxnRequest): Txn {
  return { compare: compare.map(comparisonOf), then: then.map(stepOf), else: otherwise.map(stepOf) };
}

function comparisonOf(comparison: TxnComparison): Comparison {
  const shared = { key: bytesOf(comparison.key), relation: comparison.relation ?? "equal" } as const;
  if ("value" in comparison) return { ...shared, target: "value", value: bytesOf(comparison.value) };
  if ("version" in comparison) return { ...shared, target: "version", number: comparison.version };
  return "createIndex" in comparison ? { ...shared, target: "createIndex", number: comparison.createIndex } : { ...shared, target: "modIndex", number: comparison.modIndex };
}

function stepOf(operation: TxnOperation): TxnStep {
  switch (operation.op) {
    case "put":
      return { operation: "put", key: bytesOf(operation.key), value: bytesOf(operation.value), wantPrevious: operation.wantPrevious ?? false, lease: operation.lease };
    case "delete":
      if ("key" in operation) return { operation: "delete", key: bytesOf(operation.key), wantPrevious: operation.wantPrevious ?? false };
      return { operation: "deleteRange", ...spanOf(operation) };
    case "get":
      if ("key" in operation) return { operation: "range", start: bytesOf(operation.key), end: behind(bytesOf(operation.key)), limit: 1, keysOnly: false };
      return { operation: "range", ...spanOf(operation), limit: operation.limit ?? txnRangeLimitMax, keysOnly: operation.keysOnly ?? false };
  }
}

function spanOf(selection: KeySelection): { readonly start: Uint8Array; readonly end: Uint8Array | undefined } {
  if ("prefix" in selection) return { start: bytesOf(selection.prefix), end: prefixEnd(bytesOf(selection.prefix)) };
  const { start, end } = selection;
  return { start: start === undefined ? emptyBytes : bytesOf(start), end: end === undefined ? undefined : bytesOf(end) };
}

/** The first key behind this one. */
function behind(key: Uint8Array): Uint8Array {
  return concatBytes([key, new Uint8Array(1)]);
}

export function txnReceipt(request: TxnRequest, receipt: WriteReceipt): TxnReceipt {
  return { ...receipt, ...txnAnswer(request, receipt.result) };
}

/** What the cluster has answered to this request. */
export function txnAnswer(request: TxnRequest, result: CommandResult | undefined): Pick<TxnReceipt, "succeeded" | "outcomes"> {
  const succeeded = result === undefined ? undefined : result.version === 1;
  if (result?.steps === undefined) return { succeeded, outcomes: undefined };
  const operations = (succeeded === true ? request.then : request.else) ?? [];
  const results = decodeStepResults(result.steps);
  assert(results.length === operations.length, "each operation of the side that was done has its result");
  return { succeeded, outcomes: operations.map((operation, place) => outcomeOf(operation, results[place]!)) };
}

function outcomeOf({ op }: TxnOperation, result: TxnStepResult): TxnOutcome {
  if ("records" in result) return { op: "get", ...result };
  const { version, deleted, previous }: CommandResult = result;
  return op === "put" ? { op, version, previous } : { op: "delete", deleted, previous };
}
