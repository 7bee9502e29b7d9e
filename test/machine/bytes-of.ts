// Short ways to write bytes and entries in the tests of the machine.

import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import type { KeyValue, Store } from "../../src/machine/store.ts";
import { type Command, type DeleteCommand, encodeCommand, type PutCommand, type SessionStamp } from "../../src/wire/command.ts";
import { encodeTxn, type Txn } from "../../src/wire/txn.ts";
import { type CommandResult, decodeResult } from "../../src/wire/command-result.ts";

export function entryOf(index: number, command: Command, term = 1): AppliedEntry {
  return { index, term, type: 1, data: encodeCommand(command) };
}

export function noopOf(index: number, term = 1): AppliedEntry {
  return { index, term, type: 0, data: new Uint8Array(0) };
}

export function put(key: string, value: string, extra: Partial<Omit<PutCommand, "operation">> = {}): PutCommand {
  return { operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false, ...extra };
}

export function del(key: string, extra: Partial<Omit<DeleteCommand, "operation">> = {}): DeleteCommand {
  return { operation: "delete", key: utf8(key), wantPrevious: false, ...extra };
}

export function append(stream: string, data: string, extra: { session?: SessionStamp } = {}): Command {
  return { operation: "append", key: utf8(stream), value: utf8(data), ...extra };
}

export function txn(parts: Partial<Txn>, extra: { session?: SessionStamp } = {}): Command {
  return { operation: "txn", body: encodeTxn({ compare: [], then: [], else: [], ...parts }), ...extra };
}

export function stamp(id: number | bigint, sequence: number): SessionStamp {
  return { id: BigInt(id), sequence };
}

export function resultOf(bytes: Uint8Array | undefined): CommandResult {
  if (bytes === undefined) throw new Error("there is no result");
  return decodeResult(bytes);
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : utf8Text(bytes);
}

export function contentOf(store: Pick<Store, "range">): [string, string][] {
  return Array.from(store.range({}), ({ key, value }) => [hex(key), hex(value)]);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

export function pair(key: string, value: string): KeyValue {
  return { key: utf8(key), value: utf8(value) };
}
