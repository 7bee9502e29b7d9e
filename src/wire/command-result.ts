// What the machine answers to a command, as bytes: they travel to the client untouched and rest in the session table. Little-endian.
//
//    0  u8   version, 1                         8  u64  version of the key, or, with bit 2, offset in the stream
//    1  u8   status                            16  u64  index of the log entry
//    2  u8   bit 0 previous, bit 1 dropped,    24       previous, if any: u64 version | u64 createIndex | u64 modIndex | value;
//            bit 2 offset (it alone), bit 3             or steps, if any (txn-result.ts)
//            steps (it alone)
//    3  u8   0
//    4  u32  keys deleted, or results forgotten

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";

export interface CommandResult {
  /**
   * ok: it took effect. conflict: the condition did not hold, nothing changed. sessionExpired: the session is not remembered any more, or the
   * sequence number lies too far back: not executed now, and unknown whether it was before. tooMany: the range holds more keys than one command
   * may delete, or a lease has all the keys that it may have, or there are all the leases that there may be, nothing changed. invalid: not a command, nothing changed. sequenceAhead: the sequence number is further ahead of the log than any
   * client can honestly be, nothing changed. neverApplied: somebody asked what became of it (settle) before it came, and it will not be executed.
   * leaseNotFound: the lease that it names does not exist (any more), nothing changed. sessionNotFound: there is no session with the id that was to be closed.
   */
  readonly status: ResultStatus;
  /** After a put the new version, after a delete the one deleted, at a conflict the current one; 0 when there is no such key. Of a transaction: 1 when its comparisons held. */
  readonly version: number;
  /** Of the entry that was executed; a repetition gets the index of the first. For a put this is the modIndex. */
  readonly index: number;
  /** Keys; of a session that was closed the results that it remembered. */
  readonly deleted: number;
  /** What was there before (at a conflict: what is there), if it was asked for. */
  readonly previous: PreviousRecord | undefined;
  /** There was a previous record, or there were steps, but too large to be remembered for a repetition. */
  readonly previousDropped: boolean;
  /** Where an append put its record: 0, 1, 2, … in its stream. Only after an append that took effect, whose version is 0. */
  readonly offset?: number | undefined;
  /** What the steps of a transaction came to, encoded (txn-result.ts). */
  readonly steps?: Uint8Array | undefined;
}

export interface PreviousRecord {
  readonly value: Uint8Array;
  readonly version: number;
  readonly createIndex: number;
  readonly modIndex: number;
}

/** The numbers stand on the wire and in snapshots: never change or reuse one. */
const statuses = { ok: 1, conflict: 2, sessionExpired: 3, tooMany: 4, invalid: 5, sequenceAhead: 6, neverApplied: 7, leaseNotFound: 8, sessionNotFound: 9 } as const;
export type ResultStatus = keyof typeof statuses;
const statusNames = new Map<number, ResultStatus>(Object.entries(statuses).map(([name, value]) => [value, name as ResultStatus]));

const formatVersion = 1;
/** A result without a previous record and steps has exactly this size. */
export const resultHeaderBytes = 24;
const previousHeaderBytes = 24;
const previousFlag = 0b01;
const droppedFlag = 0b10;
const offsetFlag = 0b100;
const stepsFlag = 0b1000;

export function encodeResult(result: CommandResult): Uint8Array {
  const { previous, offset, steps } = result;
  const tailBytes = previous === undefined ? steps?.length ?? 0 : previousHeaderBytes + previous.value.length;
  const bytes = new Uint8Array(resultHeaderBytes + tailBytes);
  bytes[0] = formatVersion;
  bytes[1] = statuses[result.status];
  bytes[2] = flagsOf(result);
  writeU32(bytes, 4, result.deleted);
  writeSafeU64(bytes, 8, offset ?? result.version);
  writeSafeU64(bytes, 16, result.index);
  if (previous !== undefined) {
    writeSafeU64(bytes, 24, previous.version);
    writeSafeU64(bytes, 32, previous.createIndex);
    writeSafeU64(bytes, 40, previous.modIndex);
    bytes.set(previous.value, resultHeaderBytes + previousHeaderBytes);
  }
  if (steps !== undefined) bytes.set(steps, resultHeaderBytes);
  return bytes;
}

function flagsOf(result: CommandResult): number {
  const { previous, previousDropped, steps } = result;
  const flags = (previous === undefined ? 0 : previousFlag) | (previousDropped ? droppedFlag : 0);
  assert(steps === undefined || (flags === 0 && result.offset === undefined), "a transaction has no previous record of its own");
  if (steps !== undefined) return stepsFlag;
  if (result.offset === undefined) return flags;
  assert(flags === 0 && result.version === 0, "what is appended has no version and replaces nothing");
  return offsetFlag;
}

/** The previous value and the steps are views of `bytes`. Throws BAD_REQUEST for anything that encodeResult did not make. */
export function decodeResult(bytes: Uint8Array): CommandResult {
  const status = bytes.length < resultHeaderBytes || bytes[0] !== formatVersion || bytes[3] !== 0 ? undefined : statusNames.get(bytes[1]!);
  if (status === undefined || (bytes[2]! > offsetFlag && bytes[2] !== stepsFlag)) throw malformed(bytes);
  const hasPrevious = (bytes[2]! & previousFlag) !== 0;
  const hasSteps = bytes[2] === stepsFlag;
  const isLengthRight = hasPrevious ? bytes.length >= resultHeaderBytes + previousHeaderBytes : hasSteps || bytes.length === resultHeaderBytes;
  const hasOffset = bytes[2] === offsetFlag;
  const number = readSafeU64(bytes, 8);
  const index = readSafeU64(bytes, 16);
  if (!isLengthRight || Number.isNaN(number + index)) throw malformed(bytes);
  const previous = hasPrevious ? decodePrevious(bytes) : undefined;
  return {
    status, version: hasOffset ? 0 : number, index, deleted: readU32(bytes, 4), previous, previousDropped: (bytes[2]! & droppedFlag) !== 0,
    offset: hasOffset ? number : undefined, steps: hasSteps ? bytes.subarray(resultHeaderBytes) : undefined,
  };
}

function decodePrevious(bytes: Uint8Array): PreviousRecord {
  const version = readSafeU64(bytes, 24);
  const createIndex = readSafeU64(bytes, 32);
  const modIndex = readSafeU64(bytes, 40);
  if (Number.isNaN(version + createIndex + modIndex)) throw malformed(bytes);
  return { value: bytes.subarray(resultHeaderBytes + previousHeaderBytes), version, createIndex, modIndex };
}

/** Whether there is more than the header. @param at where the header begins */
export function hasTail(bytes: Uint8Array, at = 0): boolean {
  return (bytes[at + 2]! & (previousFlag | stepsFlag)) !== 0;
}

/** The same result as it is remembered when its previous record, or its steps, are too large to keep. */
export function withoutTail(bytes: Uint8Array): Uint8Array {
  const header = bytes.slice(0, resultHeaderBytes);
  header[2] = droppedFlag;
  return header;
}

function malformed(bytes: Uint8Array): RaftctlError {
  return new RaftctlError("BAD_REQUEST", `malformed command result of ${bytes.length} bytes`);
}
