// What the leader's log would write beyond what is applied, for the rules that compare a write with others: unique and immutable. The order is the log's.
// Whether one of these writes will take effect is not always known: it may have a condition, or be a repetition. One that surely does is *sure*; that only
// ever decides how soon somebody is refused, never who is let in.

import { compareBytes } from "../../base/bytes.ts";
import type { SessionStamp } from "../../wire/command.ts";
import { parseJson, valueAt } from "./json.ts";
import { hasPrefix, keyBytes, type KeyText, keyText } from "./key-text.ts";
import type { CommandWrites, LeafWrite } from "./leaf-writes.ts";
import { type Token, tokenOf, type UniqueIndex } from "./unique-index.ts";

export interface PendingWrite {
  /** Of the entry in the log. */
  readonly index: number;
  readonly key: KeyText;
  /** What it puts at the unique fields; undefined for a delete. */
  readonly tokens: ReadonlyMap<UniqueIndex, Token> | undefined;
  readonly isSure: boolean;
}

interface PendingEntry {
  readonly writes: readonly PendingWrite[];
  readonly stamp: string | undefined;
}

interface PendingRange {
  readonly index: number;
  readonly start: Uint8Array;
  readonly end: Uint8Array | undefined;
}

const noTokens: ReadonlyMap<UniqueIndex, Token> = new Map();

export class PendingWrites {
  /** By index, ascending. */
  readonly #entries = new Map<number, PendingEntry>();
  readonly #byKey = new Map<KeyText, PendingWrite[]>();
  #ranges: PendingRange[] = [];
  readonly #stamps = new Set<string>();

  clear(indexes: Iterable<UniqueIndex>): void {
    for (const index of indexes) index.endClaims();
    this.#entries.clear();
    this.#byKey.clear();
    this.#ranges = [];
    this.#stamps.clear();
  }

  /** @param isExecuted as far as its session is concerned */
  add(index: number, { branches, isConditional, session }: CommandWrites, indexes: readonly UniqueIndex[], isExecuted: boolean): void {
    const stamp = session === undefined ? undefined : stampText(session);
    const isSure = isExecuted && !isConditional && branches.length === 1 && (stamp === undefined || !this.#stamps.has(stamp));
    const writes: PendingWrite[] = [];
    for (const leaf of branches.flat()) {
      if (leaf.kind === "deleteRange") this.#ranges.push({ index, start: leaf.start, end: leaf.end });
      else writes.push(this.#addWrite({ index, key: keyText(leaf.key), tokens: tokensOf(leaf, indexes), isSure }));
    }
    this.#entries.set(index, { writes, stamp });
    if (stamp !== undefined) this.#stamps.add(stamp);
  }

  /** Everything up to this index is applied. */
  drop(applied: number): void {
    for (const [index, { writes, stamp }] of this.#entries) {
      if (index > applied) break;
      this.#entries.delete(index);
      if (stamp !== undefined) this.#stamps.delete(stamp);
      for (const write of writes) this.#dropWrite(write);
    }
    if (this.#ranges.length > 0) this.#ranges = this.#ranges.filter(({ index }) => index > applied);
  }

  /** The oldest first. */
  of(key: KeyText): readonly PendingWrite[] {
    return this.#byKey.get(key) ?? [];
  }

  /** Index of the newest write that touches the key; undefined: none does. */
  lastTouch(key: KeyText): number | undefined {
    const write = this.of(key).at(-1)?.index;
    const range = this.lastRange(key);
    return write === undefined || (range !== undefined && range > write) ? range : write;
  }

  /** Index of the newest deletion of a range that the key lies in. */
  lastRange(key: KeyText): number | undefined {
    if (this.#ranges.length === 0) return undefined;
    const bytes = keyBytes(key);
    return this.#ranges.findLast(({ start, end }) => compareBytes(bytes, start) >= 0 && (end === undefined || compareBytes(bytes, end) < 0))?.index;
  }

  #addWrite(write: PendingWrite): PendingWrite {
    const others = this.#byKey.get(write.key);
    if (others === undefined) this.#byKey.set(write.key, [write]);
    else others.push(write);
    for (const [index, token] of write.tokens ?? noTokens) index.claim(write.key, token);
    return write;
  }

  #dropWrite(write: PendingWrite): void {
    const others = this.#byKey.get(write.key)!;
    if (others.length === 1) this.#byKey.delete(write.key);
    else others.shift();
    for (const [index, token] of write.tokens ?? noTokens) index.endClaim(write.key, token);
  }
}

export function tokensOf(leaf: Exclude<LeafWrite, { kind: "deleteRange" }>, indexes: readonly UniqueIndex[]): ReadonlyMap<UniqueIndex, Token> | undefined {
  if (leaf.kind === "delete") return undefined;
  const concerned = indexes.filter(({ prefix }) => hasPrefix(leaf.key, prefix));
  if (concerned.length === 0) return noTokens;
  const json = parseJson(leaf.value);
  const tokens = new Map<UniqueIndex, Token>();
  for (const index of concerned) {
    const found = json === undefined ? undefined : valueAt(json, index.field.pointer);
    const token = found === undefined ? undefined : tokenOf(found);
    if (token !== undefined) tokens.set(index, token);
  }
  return tokens;
}

function stampText({ id, sequence }: SessionStamp): string {
  return `${id}:${sequence}`;
}
