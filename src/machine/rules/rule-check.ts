// What of the data that is there would break a rule, were it written now: for an operator who thinks of setting one. Handed a page of records at a time.

import type { KeyValueRecord } from "../../wire/client-protocol.ts";
import { violationOfPut } from "./judgement.ts";
import { shownKey } from "./key-text.ts";
import { parseJson, valueAt } from "./json.ts";
import type { Rule } from "./rule.ts";
import { tokenOf } from "./unique-index.ts";
import { violation } from "./violation.ts";

/** So many are named; all are counted. */
export const violationsNamed = 100;

export interface FoundViolation {
  readonly key: string;
  readonly keyEncoding: "utf8" | "hex";
  readonly rule: string;
  readonly path: string | null;
  readonly reason: string;
}

export class RuleCheck {
  readonly #rule: Rule;
  /** Per unique field, which key came first with a value. */
  readonly #first: readonly Map<string, string>[];
  readonly found: FoundViolation[] = [];
  keys = 0;
  violations = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#first = rule.unique.map(() => new Map());
  }

  page(records: readonly KeyValueRecord[]): void {
    for (const { key, value } of records) {
      this.keys += 1;
      const error = violationOfPut(this.#rule, key, value) ?? this.#repeated(key, value);
      if (error === undefined) continue;
      this.violations += 1;
      const { rule, path, reason } = error.details as { rule: string; path?: string; reason: string };
      if (this.found.length < violationsNamed) this.found.push({ ...shownKey(key), rule, path: path ?? null, reason });
    }
  }

  #repeated(key: Uint8Array, value: Uint8Array): ReturnType<typeof violationOfPut> {
    const json = this.#rule.unique.length === 0 ? undefined : parseJson(value);
    if (json === undefined) return undefined;
    for (const [place, { field, pointer }] of this.#rule.unique.entries()) {
      const at = valueAt(json, pointer);
      const token = at === undefined ? undefined : tokenOf(at);
      if (token === undefined) continue;
      const heldBy = this.#first[place]!.get(token);
      if (heldBy !== undefined) return violation(this.#rule, key, { rule: "unique", path: field, reason: `is that of ${JSON.stringify(heldBy)}`, heldBy });
      this.#first[place]!.set(token, shownKey(key).key);
    }
    return undefined;
  }
}
