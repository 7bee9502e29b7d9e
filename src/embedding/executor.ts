// Executes the commands of the log on the program's state machine, each request once, and holds what a snapshot must hold besides the machine's own state. A storage
// of a program's own hands it the entries that are committed.
//
// A snapshot is: u32 CRC-32 of the rest, little-endian | the session table | what the state machine gave.

import { assert } from "../base/assert.ts";
import { concatBytes, readU32, writeU32 } from "../base/bytes.ts";
import { crc32 } from "../base/crc.ts";
import { entryTypes, type Entry } from "../raft/entry.ts";
import { decodeEntry, encodeAnswer } from "./entry-codec.ts";
import { SessionTable } from "./session-table.ts";
import type { Codec, StateMachine } from "./state-machine.ts";

const checksumBytes = 4;

export class Executor {
  readonly #machine: StateMachine<unknown, unknown, unknown>;
  readonly #codec: Codec;
  #sessions = new SessionTable();

  constructor(machine: StateMachine<unknown, unknown, unknown>, codec: Codec) {
    this.#machine = machine;
    this.#codec = codec;
  }

  /** The answer to a command; undefined for what is none. */
  apply({ index, term, type, data }: Entry): Uint8Array | undefined {
    if (type !== entryTypes.command) return undefined;
    const { entry, session } = decodeEntry(this.#codec, data);
    const execute = (): Uint8Array => encodeAnswer({ index, term }, this.#codec.encode(this.#machine.apply(entry, { index, term })));
    if (session === undefined) return execute();
    const verdict = this.#sessions.verdict(session, index);
    if (verdict.kind === "repeated") return verdict.answer;
    if (verdict.kind === "forgotten") return encodeAnswer({ index, term }, undefined);
    const answer = execute();
    this.#sessions.remember(session, answer);
    return answer;
  }

  snapshot(): Uint8Array {
    const content = concatBytes([this.#sessions.encode(), this.#machine.snapshot()]);
    const checksum = new Uint8Array(checksumBytes);
    writeU32(checksum, 0, crc32(content));
    return concatBytes([checksum, content]);
  }

  /** Whether these bytes are as `snapshot` gave them. */
  static isWhole(snapshot: Uint8Array): boolean {
    return snapshot.length >= checksumBytes && readU32(snapshot, 0) === crc32(snapshot.subarray(checksumBytes));
  }

  /** Replaces state and sessions. */
  restore(snapshot: Uint8Array): void {
    assert(Executor.isWhole(snapshot), "what is restored was verified");
    const { sessions, rest } = SessionTable.decode(snapshot.subarray(checksumBytes));
    this.#machine.restore(rest);
    this.#sessions = sessions;
  }
}
