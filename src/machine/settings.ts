// What the cluster as a whole is told to do, replicated like the data and part of it: a name with a short value each, set by a command. What a setting
// means is known above; here it is only kept, the last value that was set. A row is u32 CRC-32 of store key and value | value, and counts in the
// digest.

import { readU32, utf8, utf8Text, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import { prefixes } from "./keyspace.ts";
import type { KeyValue, StoreTransaction } from "./store.ts";

const checksumBytes = 4;

export class Settings {
  readonly #crc32: Crc32;
  readonly #digest: Digest;
  readonly #size: DataSize;
  readonly #rows = new Map<string, KeyValue>();

  /** @param rows as the store has them. Throws CORRUPT. */
  constructor(rows: Iterable<KeyValue>, parts: { readonly crc32: Crc32; readonly digest: Digest; readonly size: DataSize }) {
    this.#crc32 = parts.crc32;
    this.#digest = parts.digest;
    this.#size = parts.size;
    for (const { key, value } of rows) {
      settingChecksum({ key, value }, this.#crc32);
      this.#rows.set(utf8Text(key.subarray(1)) ?? "", { key: new Uint8Array(key), value: new Uint8Array(value) });
    }
  }

  get(name: string): string | undefined {
    const row = this.#rows.get(name);
    return row === undefined ? undefined : contentOf(row);
  }

  /** The same object until it is set again: whoever derives something from a setting sees by it whether that still stands. */
  row(name: string): KeyValue | undefined {
    return this.#rows.get(name);
  }

  set(transaction: StoreTransaction, name: Uint8Array, content: Uint8Array): void {
    const key = keyOf(name);
    const text = utf8Text(name) ?? "";
    const before = this.#rows.get(text);
    if (before !== undefined) {
      this.#digest.removeRecord(readU32(before.value, 0));
      this.#size.bytes -= before.key.length + before.value.length;
    }
    const value = new Uint8Array(checksumBytes + content.length);
    value.set(content, checksumBytes);
    const checksum = this.#crc32(content, this.#crc32(key));
    writeU32(value, 0, checksum);
    this.#digest.addRecord(checksum);
    this.#size.bytes += key.length + value.length;
    this.#rows.set(text, { key, value });
    transaction.put(key, value);
  }
}

/** Throws CORRUPT for a row that no Settings wrote. */
export function settingChecksum({ key, value }: KeyValue, crc32: Crc32): number {
  const checksum = key.length > 1 && value.length >= checksumBytes ? readU32(value, 0) : -1;
  if (checksum === crc32(value.subarray(checksumBytes), crc32(key))) return checksum;
  throw new RaftctlError("CORRUPT", "a setting in the state fails its checksum", { hint: "rebuild this node's state from a snapshot and the log" });
}

/** Where the store has the setting of this name. */
export function settingKey(name: string): Uint8Array {
  return keyOf(utf8(name));
}

/** The value in a row as the store has it. @throws CORRUPT */
export function settingContent(row: KeyValue, crc32: Crc32): string | undefined {
  settingChecksum(row, crc32);
  return contentOf(row);
}

function contentOf({ value }: KeyValue): string | undefined {
  return utf8Text(value.subarray(checksumBytes));
}

function keyOf(name: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + name.length);
  key[0] = prefixes.setting;
  key.set(name, 1);
  return key;
}
