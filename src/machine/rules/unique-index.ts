// Which key has which value of a unique field: of what is applied, and, on a leader, of what its log has beyond that. It lives in memory and is derived from
// the state: per key with a value the key and the value once, each with its place in a map. What has no value at the field takes no place.

import type { Json } from "./json.ts";
import { parseJson, valueAt } from "./json.ts";
import { type KeyText, shownKey, keyBytes } from "./key-text.ts";
import type { Rule, UniqueField } from "./rule.ts";

/** Of a text at a unique field, in UTF-16 code units: the index holds it in memory. */
export const uniqueTextLengthMax = 256;

/** A value at a unique field, so that equal values have equal tokens. */
export type Token = string;

export class UniqueIndex {
  readonly prefix: Uint8Array;
  readonly field: UniqueField;
  /** Everything that is applied is in it. */
  isComplete = false;
  readonly #tokens = new Map<KeyText, Token>();
  /** One key as a rule; more only while no rule holds yet that forbids it. */
  readonly #holders = new Map<Token, KeyText | Set<KeyText>>();
  /** Keys that writes in the log beyond what is applied give this value, with how many of them. */
  readonly #claims = new Map<Token, Map<KeyText, number>>();

  constructor(rule: Pick<Rule, "prefix">, field: UniqueField) {
    this.prefix = rule.prefix;
    this.field = field;
  }

  get size(): number {
    return this.#tokens.size;
  }

  tokenOf(value: Uint8Array): Token | undefined {
    const json = parseJson(value);
    const found = json === undefined ? undefined : valueAt(json, this.field.pointer);
    return found === undefined ? undefined : tokenOf(found);
  }

  // ── what is applied ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  clear(): void {
    this.isComplete = false;
    this.#tokens.clear();
    this.#holders.clear();
  }

  /** @param token undefined: the key is not there, or has none */
  set(key: KeyText, token: Token | undefined): void {
    const before = this.#tokens.get(key);
    if (before === token) return;
    if (before !== undefined) this.#release(key, before);
    if (token === undefined) this.#tokens.delete(key);
    else {
      this.#tokens.set(key, token);
      this.#hold(key, token);
    }
  }

  /** Keys that are in it, in no order. */
  keys(): Iterable<KeyText> {
    return this.#tokens.keys();
  }

  holds(key: KeyText, token: Token): boolean {
    return this.#tokens.get(key) === token;
  }

  /** Pairs of keys with the same value, for people; the first `limit` values. */
  duplicates(limit: number): { readonly value: string; readonly keys: readonly string[] }[] {
    const found: { value: string; keys: string[] }[] = [];
    for (const [token, holders] of this.#holders) {
      if (typeof holders === "string") continue;
      found.push({ value: token, keys: [...holders].slice(0, limit).map((key) => shownKey(keyBytes(key)).key) });
      if (found.length === limit) break;
    }
    return found;
  }

  #hold(key: KeyText, token: Token): void {
    const holders = this.#holders.get(token);
    if (holders === undefined) this.#holders.set(token, key);
    else if (typeof holders === "string") this.#holders.set(token, new Set([holders, key]));
    else holders.add(key);
  }

  #release(key: KeyText, token: Token): void {
    const holders = this.#holders.get(token);
    if (holders === key) this.#holders.delete(token);
    if (holders === undefined || typeof holders === "string") return;
    holders.delete(key);
    if (holders.size === 1) this.#holders.set(token, [...holders][0]!);
  }

  // ── what the log has beyond that ──────────────────────────────────────────────────────────────────────────────────────────────────

  claim(key: KeyText, token: Token): void {
    let keys = this.#claims.get(token);
    if (keys === undefined) this.#claims.set(token, (keys = new Map()));
    keys.set(key, (keys.get(key) ?? 0) + 1);
  }

  endClaim(key: KeyText, token: Token): void {
    const keys = this.#claims.get(token);
    const count = keys?.get(key);
    if (keys === undefined || count === undefined) return;
    if (count > 1) keys.set(key, count - 1);
    else keys.delete(key);
    if (keys.size === 0) this.#claims.delete(token);
  }

  endClaims(): void {
    this.#claims.clear();
  }

  /** Every key that has this value, or may have it when the log is applied. */
  contenders(token: Token): Set<KeyText> {
    const holders = this.#holders.get(token);
    const keys = new Set(this.#claims.get(token)?.keys());
    if (typeof holders === "string") keys.add(holders);
    else for (const key of holders ?? []) keys.add(key);
    return keys;
  }

  /** A value that one write in the log shares with another key, or may. */
  hasContention(): boolean {
    for (const token of this.#claims.keys()) if (this.contenders(token).size > 1) return true;
    return false;
  }
}

/** undefined for what cannot be unique: no value (null), a list, an object, a long text. */
export function tokenOf(value: Json): Token | undefined {
  if (typeof value === "string") return value.length <= uniqueTextLengthMax ? JSON.stringify(value) : undefined;
  return typeof value === "number" || typeof value === "boolean" ? String(value === 0 ? 0 : value) : undefined;
}
