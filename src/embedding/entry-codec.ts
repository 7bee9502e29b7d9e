// The bytes of a program's command in the log, and of the answer to it.
//
// command:  0  u8   0: without a stamp; 1: with one       1  u64  id of the session    9  u64  sequence       then what the codec gave
// answer:   0  u8   0: executed; 1: not executed, because the session was forgotten    1  u64  index    9  u64  term    then what the codec gave for the outcome

import { concatBytes, emptyBytes, readSafeU64, writeSafeU64 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { LogPosition } from "../raft/entry.ts";
import type { Codec } from "./state-machine.ts";

/** Names one request for good: however often it is sent, it is executed once. */
export interface SessionStamp {
  /** 1 to 2^64-1. */
  readonly id: bigint;
  /** Ascends from request to request of the session, from 1 to 2^53-1. */
  readonly sequence: number;
}

export interface StampedEntry {
  readonly entry: unknown;
  readonly session: SessionStamp | undefined;
}

/** `outcome` is undefined when the session was forgotten, and then nothing was executed. */
export interface EntryAnswer extends LogPosition {
  readonly outcome: unknown;
}

const plain = Uint8Array.of(0);
const stampBytes = 17;
const answerBytes = 17;

export function encodeEntry(codec: Codec, entry: unknown, session?: SessionStamp): Uint8Array {
  if (session === undefined) return concatBytes([plain, codec.encode(entry)]);
  const head = new Uint8Array(stampBytes);
  head[0] = 1;
  new DataView(head.buffer).setBigUint64(1, session.id, true);
  writeSafeU64(head, 9, session.sequence);
  return concatBytes([head, codec.encode(entry)]);
}

/** @throws BAD_REQUEST, and what the codec throws */
export function decodeEntry(codec: Codec, data: Uint8Array): StampedEntry {
  if (data[0] === 0) return { entry: codec.decode(data.subarray(1)), session: undefined };
  if (data[0] !== 1 || data.length < stampBytes) throw new RaftctlError("BAD_REQUEST", `${data.length} bytes are no command of this library`);
  const session = { id: new DataView(data.buffer, data.byteOffset).getBigUint64(1, true), sequence: readSafeU64(data, 9) };
  checkStamp(session);
  return { entry: codec.decode(data.subarray(stampBytes)), session };
}

/** @throws INVALID_ARGUMENT */
export function checkStamp({ id, sequence }: SessionStamp): void {
  if (id >= 1n && id < 2n ** 64n && Number.isSafeInteger(sequence) && sequence >= 1) return;
  throw new RaftctlError("INVALID_ARGUMENT", `request ${id}:${sequence} (want a session from 1 to 2^64-1 and a sequence from 1 to 2^53-1)`);
}

/** @param outcome as the codec gave it; undefined: not executed */
export function encodeAnswer({ index, term }: LogPosition, outcome: Uint8Array | undefined): Uint8Array {
  const head = new Uint8Array(answerBytes);
  head[0] = outcome === undefined ? 1 : 0;
  writeSafeU64(head, 1, index);
  writeSafeU64(head, 9, term);
  return concatBytes([head, outcome ?? emptyBytes]);
}

/** @throws BAD_REQUEST, and what the codec throws */
export function decodeAnswer(codec: Codec, data: Uint8Array): EntryAnswer {
  if (data.length < answerBytes || data[0]! > 1) throw new RaftctlError("BAD_REQUEST", `${data.length} bytes are no answer of this library`);
  return { index: readSafeU64(data, 1), term: readSafeU64(data, 9), outcome: data[0] === 1 ? undefined : codec.decode(data.subarray(answerBytes)) };
}
