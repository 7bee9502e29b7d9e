// Entries that carry real commands, and what a state machine answers to them.

import { utf8 } from "../../../../src/base/bytes.ts";
import { entryTypes, type Entry } from "../../../../src/raft/entry.ts";
import { encodeCommand, type Command, type SessionStamp } from "../../../../src/wire/command.ts";
import { encodeResult, type CommandResult } from "../../../../src/wire/command-result.ts";

export function entryOf(index: number, command: Command): Entry {
  return { index, term: 1, type: entryTypes.command, data: encodeCommand(command) };
}

export function put(index: number, key: string, value: string, session?: SessionStamp): Entry {
  return entryOf(index, { operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false, session });
}

export function noop(index: number): Entry {
  return { index, term: 1, type: entryTypes.noop, data: new Uint8Array(0) };
}

export function ok(index: number, version: number): Uint8Array {
  return resultOf({ status: "ok", index, version });
}

export function expired(index: number): Uint8Array {
  return resultOf({ status: "sessionExpired", index });
}

function resultOf(result: Pick<CommandResult, "status" | "index"> & Partial<CommandResult>): Uint8Array {
  return encodeResult({ version: 0, deleted: 0, previous: undefined, previousDropped: false, ...result });
}
