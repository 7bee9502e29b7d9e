// What the steps of a transaction came to, in their order: each u32 length | bytes. Of a write the bytes are a CommandResult (command-result.ts), of a read:
//
//    0  u8   0                    4  u32  records
//    1  u8   1: there are more    8       each u16 length of key | u32 length of value | u64 version | u64 createIndex | u64 modIndex | key | value
//    2  u16  0

import { readSafeU64, readU16, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { KeyValueRecord } from "./client-protocol.ts";
import { decodeResult, encodeResult, type CommandResult } from "./command-result.ts";

export interface TxnRangeResult {
  readonly records: readonly KeyValueRecord[];
  /** There are further records behind these: beyond the limit, or more than one answer holds. */
  readonly more: boolean;
}

export type TxnStepResult = CommandResult | TxnRangeResult;

/** Beside key and value. */
export const txnRecordHeaderBytes = 30;
const rangeHeaderBytes = 8;
const readMark = 0;

export function encodeStepResults(results: readonly TxnStepResult[]): Uint8Array {
  const parts = results.map((result) => ("records" in result ? encodeRangeResult(result) : encodeResult(result)));
  const bytes = new Uint8Array(parts.reduce((total, part) => total + 4 + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    writeU32(bytes, offset, part.length);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}

function encodeRangeResult({ records, more }: TxnRangeResult): Uint8Array {
  const bytes = new Uint8Array(records.reduce((total, { key, value }) => total + txnRecordHeaderBytes + key.length + value.length, rangeHeaderBytes));
  const view = new DataView(bytes.buffer);
  bytes[0] = readMark;
  bytes[1] = more ? 1 : 0;
  writeU32(bytes, 4, records.length);
  let offset = rangeHeaderBytes;
  for (const { key, value, version, createIndex, modIndex } of records) {
    view.setUint16(offset, key.length, true);
    writeU32(bytes, offset + 2, value.length);
    writeSafeU64(bytes, offset + 6, version);
    writeSafeU64(bytes, offset + 14, createIndex);
    writeSafeU64(bytes, offset + 22, modIndex);
    bytes.set(key, offset + txnRecordHeaderBytes);
    bytes.set(value, offset + txnRecordHeaderBytes + key.length);
    offset += txnRecordHeaderBytes + key.length + value.length;
  }
  return bytes;
}

/** Views of the bytes. Throws BAD_REQUEST for anything that encodeStepResults did not make. */
export function decodeStepResults(bytes: Uint8Array): TxnStepResult[] {
  const results: TxnStepResult[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 <= bytes.length ? offset + 4 + readU32(bytes, offset) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw malformed(bytes);
    const part = bytes.subarray(offset + 4, end);
    results.push(part[0] === readMark ? decodeRangeResult(part) : decodeResult(part));
    offset = end;
  }
  return results;
}

function decodeRangeResult(bytes: Uint8Array): TxnRangeResult {
  if (bytes.length < rangeHeaderBytes || bytes[1]! > 1) throw malformed(bytes);
  const count = readU32(bytes, 4);
  const records: KeyValueRecord[] = [];
  let offset = rangeHeaderBytes;
  while (records.length < count) {
    const keyStart = offset + txnRecordHeaderBytes;
    if (keyStart > bytes.length) throw malformed(bytes);
    const keyEnd = keyStart + readU16(bytes, offset);
    const end = keyEnd + readU32(bytes, offset + 2);
    if (end > bytes.length) throw malformed(bytes);
    const [version, createIndex, modIndex] = [readSafeU64(bytes, offset + 6), readSafeU64(bytes, offset + 14), readSafeU64(bytes, offset + 22)];
    if (Number.isNaN(version + createIndex + modIndex)) throw malformed(bytes);
    records.push({ key: bytes.subarray(keyStart, keyEnd), value: bytes.subarray(keyEnd, end), version, createIndex, modIndex });
    offset = end;
  }
  if (offset !== bytes.length) throw malformed(bytes);
  return { records, more: bytes[1] === 1 };
}

function malformed(bytes: Uint8Array): RaftctlError {
  return new RaftctlError("BAD_REQUEST", `malformed result of a transaction of ${bytes.length} bytes`);
}
