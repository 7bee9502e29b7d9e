// A transaction: comparisons, and what is done when all of them hold, or when one does not. It is the value of a `txn` command (command.ts), which knows it
// as bytes. All integers are little-endian; every transaction has exactly one encoding.
//
//    0  u8   version, 1           2  u8   steps of then
//    1  u8   comparisons          3  u8   steps of else
//
//    comparison   u8 target | u8 relation | u16 length of key | u32 length of value | u64 number | key | value
//    step         u32 length | a client's put, delete or deleteRange without condition and session (command.ts), or a read:
//                 u8 0 | u8 bit 0 keysOnly, bit 1 open | u16 length of start | u16 length of end | u16 limit | start | end
//
// The steps are carried out in their order. No key is written by two steps, so that a key has one state at each index.

import { compareBytes, readSafeU64, readU16, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { commandFault, decodeCommand, encodeCommand, operationOf, timeOf, type DeleteCommand, type DeleteRangeCommand, type PutCommand } from "./command.ts";
import { limits } from "./limits.ts";

export interface Txn {
  /** None: they hold. */
  readonly compare: readonly Comparison[];
  readonly then: readonly TxnStep[];
  readonly else: readonly TxnStep[];
}

export type Relation = "equal" | "notEqual" | "less" | "greater";

/** Of a key that does not exist all numbers are 0, and no relation holds for its value. */
export type Comparison =
  | { readonly key: Uint8Array; readonly relation: Relation; readonly target: "version" | "createIndex" | "modIndex"; readonly number: number }
  | { readonly key: Uint8Array; readonly relation: Relation; readonly target: "value"; readonly value: Uint8Array };

export type TxnWrite = PutCommand | DeleteCommand | DeleteRangeCommand;
export type TxnStep = TxnWrite | TxnRange;

/** Sees what the steps before it have written. */
export interface TxnRange {
  readonly operation: "range";
  /** Included; empty means from the first key. */
  readonly start: Uint8Array;
  /** Excluded; undefined means to the last key. */
  readonly end: Uint8Array | undefined;
  /** 1 to `txnRangeLimitMax`. */
  readonly limit: number;
  readonly keysOnly: boolean;
}

/** Comparisons, and steps of each side. */
export const txnPartsMax = 128;
export const txnRangeLimitMax = 10_000;

const formatVersion = 1;
/** The numbers stand in every log: never change or reuse one. */
const targets = { version: 1, createIndex: 2, modIndex: 3, value: 4 } as const;
const relations = { equal: 1, notEqual: 2, less: 3, greater: 4 } as const;
const targetNames = new Map(Object.entries(targets).map(([name, number]) => [number as number, name as Comparison["target"]]));
const relationNames = new Map(Object.entries(relations).map(([name, number]) => [number as number, name as Relation]));
const comparisonHeaderBytes = 16;
const rangeHeaderBytes = 8;
const readMark = 0;
const keysOnlyFlag = 0b01;
const openEndFlag = 0b10;
const { keyBytesMax, valueBytesMax } = limits;

/** Throws INVALID_ARGUMENT or TOO_LARGE for what is no transaction, or is above a limit. */
export function encodeTxn(txn: Txn): Uint8Array {
  checkTxn(txn);
  const parts = [...txn.compare.map(encodeComparison), ...[...txn.then, ...txn.else].map(encodeStep)];
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 4));
  if (bytes.length > valueBytesMax) throw new RaftctlError("TOO_LARGE", `the transaction has ${bytes.length} bytes (at most ${valueBytesMax})`);
  bytes.set([formatVersion, txn.compare.length, txn.then.length, txn.else.length]);
  let offset = 4;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function encodeComparison(comparison: Comparison): Uint8Array {
  const { key, target, relation } = comparison;
  const value = comparison.target === "value" ? comparison.value : new Uint8Array(0);
  const bytes = new Uint8Array(comparisonHeaderBytes + key.length + value.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = targets[target];
  bytes[1] = relations[relation];
  view.setUint16(2, key.length, true);
  writeU32(bytes, 4, value.length);
  if (comparison.target !== "value") writeSafeU64(bytes, 8, comparison.number);
  bytes.set(key, comparisonHeaderBytes);
  bytes.set(value, comparisonHeaderBytes + key.length);
  return bytes;
}

function encodeStep(step: TxnStep): Uint8Array {
  const content = step.operation === "range" ? encodeRange(step) : encodeCommand(step);
  const bytes = new Uint8Array(4 + content.length);
  writeU32(bytes, 0, content.length);
  bytes.set(content, 4);
  return bytes;
}

function encodeRange({ start, end, limit, keysOnly }: TxnRange): Uint8Array {
  const bytes = new Uint8Array(rangeHeaderBytes + start.length + (end?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes[0] = readMark;
  bytes[1] = (keysOnly ? keysOnlyFlag : 0) | (end === undefined ? openEndFlag : 0);
  view.setUint16(2, start.length, true);
  view.setUint16(4, end?.length ?? 0, true);
  view.setUint16(6, limit, true);
  bytes.set(start, rangeHeaderBytes);
  if (end !== undefined) bytes.set(end, rangeHeaderBytes + start.length);
  return bytes;
}

/** The check at the door, of a command that decodes: nothing for other commands. Throws BAD_REQUEST, INVALID_ARGUMENT or TOO_LARGE. */
export function checkTxnCommand(bytes: Uint8Array): void {
  if (operationOf(bytes) !== "txn") return;
  const command = decodeCommand(bytes);
  if (command.operation === "txn") decodeTxn(command.body);
}

/** Views of the bytes. Throws BAD_REQUEST, INVALID_ARGUMENT or TOO_LARGE for anything that encodeTxn did not make. */
export function decodeTxn(bytes: Uint8Array): Txn {
  const reader = new TxnReader(bytes);
  const [version = 0, compares = 0, thens = 0, elses = 0] = reader.take(4);
  if (version !== formatVersion || Math.max(compares, thens, elses) > txnPartsMax) throw malformed("its head");
  const compare = Array.from({ length: compares }, () => decodeComparison(reader));
  const txn = { compare, then: Array.from({ length: thens }, () => decodeStep(reader)), else: Array.from({ length: elses }, () => decodeStep(reader)) };
  if (!reader.isAtEnd) throw malformed("more bytes than parts");
  checkTxn(txn);
  return txn;
}

class TxnReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw malformed("fewer bytes than parts");
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }
}

function decodeComparison(reader: TxnReader): Comparison {
  const header = reader.take(comparisonHeaderBytes);
  const target = targetNames.get(header[0]!);
  const relation = relationNames.get(header[1]!);
  const key = reader.take(readU16(header, 2));
  const value = reader.take(readU32(header, 4));
  const number = readSafeU64(header, 8);
  if (target === undefined || relation === undefined || Number.isNaN(number)) throw malformed("a comparison");
  if (target === "value" ? number !== 0 : value.length > 0) throw malformed("a comparison");
  return target === "value" ? { key, relation, target, value } : { key, relation, target, number };
}

function decodeStep(reader: TxnReader): TxnStep {
  const content = reader.take(readU32(reader.take(4), 0));
  if (content[0] === readMark) return decodeRange(content);
  if (commandFault(content) !== undefined || timeOf(content) !== undefined) throw malformed("a step");
  const command = decodeCommand(content);
  if (command.operation !== "put" && command.operation !== "delete" && command.operation !== "deleteRange") throw malformed("a step");
  return command;
}

function decodeRange(content: Uint8Array): TxnRange {
  if (content.length < rangeHeaderBytes) throw malformed("a read");
  const flags = content[1]!;
  const startEnd = rangeHeaderBytes + readU16(content, 2);
  const endLength = readU16(content, 4);
  const isOpen = (flags & openEndFlag) !== 0;
  if (flags > 0b11 || content.length !== startEnd + endLength || (isOpen && endLength > 0)) throw malformed("a read");
  return {
    operation: "range", start: content.subarray(rangeHeaderBytes, startEnd), end: isOpen ? undefined : content.subarray(startEnd),
    limit: readU16(content, 6), keysOnly: (flags & keysOnlyFlag) !== 0,
  };
}

function checkTxn({ compare, then, else: otherwise }: Txn): void {
  for (const [name, parts] of Object.entries({ compare, then, else: otherwise })) {
    if (parts.length > txnPartsMax) throw new RaftctlError("TOO_LARGE", `the transaction has ${parts.length} parts in "${name}" (at most ${txnPartsMax})`);
  }
  for (const comparison of compare) checkComparison(comparison);
  for (const side of [then, otherwise]) {
    for (const step of side) checkStep(step);
    checkDisjoint(side);
  }
}

function checkComparison(comparison: Comparison): void {
  const { key } = comparison;
  if (key.length === 0) throw new RaftctlError("INVALID_ARGUMENT", "a comparison has an empty key (want 1 byte at least)");
  if (key.length > keyBytesMax) throw new RaftctlError("TOO_LARGE", `a comparison has a key of ${key.length} bytes (at most ${keyBytesMax})`);
  if (comparison.target === "value" || (Number.isSafeInteger(comparison.number) && comparison.number >= 0)) return;
  throw new RaftctlError("INVALID_ARGUMENT", `not a ${comparison.target}: ${comparison.number} (want an integer from 0 to 2^53-1)`);
}

function checkStep(step: TxnStep): void {
  if (step.operation === "range") return checkRange(step);
  if (step.session !== undefined) throw new RaftctlError("INVALID_ARGUMENT", "a step of a transaction has a session of its own (the transaction has it)");
  if (step.operation !== "deleteRange" && step.condition !== undefined) {
    throw new RaftctlError("INVALID_ARGUMENT", "a step of a transaction has a condition (say it in its comparisons)");
  }
}

function checkRange({ start, end, limit }: TxnRange): void {
  if (Math.max(start.length, end?.length ?? 0) > keyBytesMax) throw new RaftctlError("TOO_LARGE", `a read of a transaction has a key above ${keyBytesMax} bytes`);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= txnRangeLimitMax) return;
  throw new RaftctlError("INVALID_ARGUMENT", `a read of a transaction has limit ${limit} (want 1 to ${txnRangeLimitMax})`);
}

/** @throws INVALID_ARGUMENT when two steps write the same key */
function checkDisjoint(steps: readonly TxnStep[]): void {
  const spans = steps.filter((step): step is TxnWrite => step.operation !== "range").map(spanOf);
  const ordered = spans.toSorted((left, right) => compareBytes(left.start, right.start) || compareEnds(left.end, right.end));
  for (const [place, { start }] of ordered.entries()) {
    const before = ordered[place - 1];
    if (before === undefined || (before.end !== undefined && compareBytes(before.end, start) <= 0)) continue;
    throw new RaftctlError("INVALID_ARGUMENT", "two steps of a transaction write the same key (want each key once on each side)");
  }
}

interface Span {
  readonly start: Uint8Array;
  readonly end: Uint8Array | undefined;
}

function spanOf(step: TxnWrite): Span {
  if (step.operation === "deleteRange") return { start: step.start, end: step.end };
  const end = new Uint8Array(step.key.length + 1);
  end.set(step.key);
  return { start: step.key, end };
}

function compareEnds(left: Uint8Array | undefined, right: Uint8Array | undefined): number {
  if (left === undefined || right === undefined) return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0);
  return compareBytes(left, right);
}

function malformed(where: string): RaftctlError {
  return new RaftctlError("BAD_REQUEST", `malformed transaction: ${where}`);
}
