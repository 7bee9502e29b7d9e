// Which requests of which sessions have been executed, and what the answer was (diss. §6.3): a repetition gets the first answer and changes nothing. It follows from
// the entries alone, so it is equal on every node and in every snapshot. A session has one request outstanding at a time, so its last one is all to remember.
//
// The table is bounded: the session that was used longest ago makes room. What makes that safe: a session begins above an index that the log has reached, so
// of a session that is not in the table every number above `forgotten` was never used, and every other one may have been and is not executed.
//
// As bytes:  0  u64  forgotten    8  u32  sessions, by their last use, oldest first, each:  u64 id | u64 sequence | u32 length | answer

import { assert } from "../base/assert.ts";
import { concatBytes, readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { SessionStamp } from "./entry-codec.ts";

/** Equal on every node: they decide what is forgotten. */
export const sessionsMax = 16_384;
export const answersBytesMax = 32 * 1024 * 1024;

export type Verdict = { readonly kind: "new" | "forgotten" } | { readonly kind: "repeated"; readonly answer: Uint8Array };

interface Row {
  readonly sequence: number;
  /** As entry-codec.ts encodes it. */
  readonly answer: Uint8Array;
}

const headBytes = 12;
const rowBytes = 20;

export class SessionTable {
  /** Ordered by last use, oldest first. */
  readonly #rows = new Map<bigint, Row>();
  #forgotten = 0;
  #answersBytes = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** @param index of the entry that carries the stamp */
  verdict({ id, sequence }: SessionStamp, index: number): Verdict {
    const row = this.#rows.get(id);
    if (row?.sequence === sequence) return { kind: "repeated", answer: row.answer };
    // Nobody who counts from an index of the log gets ahead of it; whoever did would have every other session forgotten at its end.
    if (sequence > index) return { kind: "forgotten" };
    return { kind: sequence > (row?.sequence ?? this.#forgotten) ? "new" : "forgotten" };
  }

  remember({ id, sequence }: SessionStamp, answer: Uint8Array): void {
    this.#answersBytes += answer.length - (this.#rows.get(id)?.answer.length ?? 0);
    // A Map keeps the order of insertion: taken out and put back, the session is the youngest.
    this.#rows.delete(id);
    this.#rows.set(id, { sequence, answer });
    while (this.#rows.size > sessionsMax || (this.#answersBytes > answersBytesMax && this.#rows.size > 1)) this.#forgetOldest();
  }

  encode(): Uint8Array {
    const head = new Uint8Array(headBytes);
    writeSafeU64(head, 0, this.#forgotten);
    writeU32(head, 8, this.#rows.size);
    return concatBytes([head, ...[...this.#rows].flatMap(([id, { sequence, answer }]) => [rowHead(id, sequence, answer), answer])]);
  }

  /** @param bytes that `encode` made, and whatever follows. @returns the table and what follows */
  static decode(bytes: Uint8Array): { readonly sessions: SessionTable; readonly rest: Uint8Array } {
    const sessions = new SessionTable();
    sessions.#forgotten = readSafeU64(bytes, 0);
    let offset = headBytes;
    for (let left = readU32(bytes, 8); left > 0; left -= 1) {
      const id = new DataView(bytes.buffer, bytes.byteOffset + offset).getBigUint64(0, true);
      const end = offset + rowBytes + readU32(bytes, offset + 16);
      sessions.remember({ id, sequence: readSafeU64(bytes, offset + 8) }, bytes.slice(offset + rowBytes, end));
      offset = end;
    }
    return { sessions, rest: bytes.slice(offset) };
  }

  #forgetOldest(): void {
    const [oldest] = this.#rows;
    assert(oldest !== undefined, "a table over its bound has an oldest session");
    const [id, { sequence, answer }] = oldest;
    this.#rows.delete(id);
    this.#answersBytes -= answer.length;
    this.#forgotten = Math.max(this.#forgotten, sequence);
  }
}

function rowHead(id: bigint, sequence: number, answer: Uint8Array): Uint8Array {
  const head = new Uint8Array(rowBytes);
  new DataView(head.buffer).setBigUint64(0, id, true);
  writeSafeU64(head, 8, sequence);
  writeU32(head, 16, answer.length);
  return head;
}
