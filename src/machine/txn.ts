// Carries out a transaction: compares, and then does the steps of one side in their order, in the store's transaction of the batch, at one index. Whatever
// could refuse a step is asked before the first one is done, so that all of them take effect or none.

import { compareBytes, emptyBytes } from "../base/bytes.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { CommandResult } from "../wire/command-result.ts";
import { limits } from "../wire/limits.ts";
import { decodeTxn, type Comparison, type Relation, type Txn, type TxnRange, type TxnStep, type TxnWrite } from "../wire/txn.ts";
import { encodeStepResults, txnRecordHeaderBytes, type TxnStepResult } from "../wire/txn-result.ts";
import type { DataEngine, DataRecord, KeyListing, WriteOutcome } from "./data-engine.ts";
import { keysDeletedMax } from "./kv.ts";
import { nothing, resultOf } from "./results.ts";
import type { StoreTransaction } from "./store.ts";

/** What the records in one answer may have together: one of the largest always fits. */
const answerBytesMax = limits.commandBytesMax;

interface Place {
  readonly engine: DataEngine;
  readonly transaction: StoreTransaction;
  readonly index: number;
}

/** status ok: `version` is 1 when the comparisons held. tooMany: more keys than one command may delete. invalid: not a transaction. */
export function executeTxn(body: Uint8Array, place: Place): CommandResult {
  const { engine, transaction, index } = place;
  const txn = parsed(body);
  if (txn === undefined) return { ...nothing, status: "invalid", index };
  const held = txn.compare.every((comparison) => holds(comparison, engine.get(transaction, comparison.key)));
  const steps = held ? txn.then : txn.else;
  if (keysDoomed(steps, place) > keysDeletedMax) return { ...nothing, status: "tooMany", index };
  const answer = new Answer();
  for (const step of steps) {
    if (step.operation === "range") answer.addRange(step, () => engine.list(transaction, step, step.limit));
    else answer.addWrite(resultOf(write(step, place), index));
  }
  return { ...nothing, status: "ok", version: held ? 1 : 0, index, deleted: answer.deleted, steps: encodeStepResults(answer.results) };
}

/** undefined for bytes that are no transaction. */
function parsed(body: Uint8Array): Txn | undefined {
  try {
    return decodeTxn(body);
  } catch {
    return undefined;
  }
}

function holds(comparison: Comparison, record: DataRecord | undefined): boolean {
  if (comparison.target === "value") return record !== undefined && relates(compareBytes(record.value, comparison.value), comparison.relation);
  const { version = 0, createRevision: createIndex = 0, modRevision: modIndex = 0 } = record ?? {};
  return relates({ version, createIndex, modIndex }[comparison.target] - comparison.number, comparison.relation);
}

/** @param order negative, 0 or positive: what is there is less than what is wanted, equal, or greater */
function relates(order: number, relation: Relation): boolean {
  switch (relation) {
    case "equal":
      return order === 0;
    case "notEqual":
      return order !== 0;
    case "less":
      return order < 0;
    case "greater":
      return order > 0;
  }
}

function keysDoomed(steps: readonly TxnStep[], { engine, transaction }: Place): number {
  return steps.reduce((total, step) => total + (step.operation === "deleteRange" ? engine.count(transaction, step, keysDeletedMax + 1) : 0), 0);
}

function write(step: TxnWrite, { engine, transaction, index }: Place): WriteOutcome {
  switch (step.operation) {
    case "put":
      return engine.put(transaction, step, index);
    case "delete":
      return engine.del(transaction, step);
    case "deleteRange":
      return engine.deleteRange(transaction, step);
  }
}

/** Bounded: records that do not fit any more are left out, and it says so. */
class Answer {
  readonly results: TxnStepResult[] = [];
  deleted = 0;
  #room = answerBytesMax;

  addWrite(result: CommandResult): void {
    this.deleted += result.deleted;
    const { previous } = result;
    const fits = previous === undefined || this.#take(previous.value.length + txnRecordHeaderBytes);
    this.results.push(fits ? result : { ...result, previous: undefined, previousDropped: true });
  }

  /** @param list not called when there is no room for anything */
  addRange({ keysOnly }: TxnRange, list: () => KeyListing): void {
    const listed = this.#room > 0 ? list() : { records: [], more: true };
    const records: KeyValueRecord[] = [];
    for (const { key, value: whole, version, createRevision: createIndex, modRevision: modIndex } of listed.records) {
      const value = keysOnly ? emptyBytes : whole;
      if (!this.#take(key.length + value.length + txnRecordHeaderBytes)) break;
      records.push({ key, value, version, createIndex, modIndex });
    }
    this.results.push({ records, more: listed.more || records.length < listed.records.length });
  }

  #take(bytes: number): boolean {
    this.#room -= bytes;
    return this.#room >= 0;
  }
}
