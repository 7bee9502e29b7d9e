// Whether what a command would write breaks a rule. A condition of the key or the value alone is decided at once. One that compares with other keys is decided
// by what is applied and what the log has beyond that: a write is let in only when it breaks nothing however those entries end, refused only when
// it surely breaks something, and otherwise postponed until the entry that matters is applied.

import { compareBytes, equalBytes } from "../../base/bytes.ts";
import type { RaftctlError } from "../../base/errors.ts";
import { parseJson, valueAt } from "./json.ts";
import { hasPrefix, keyBytes, type KeyText, keyText, shownKey } from "./key-text.ts";
import type { LeafWrite } from "./leaf-writes.ts";
import type { PendingWrites } from "./pending-writes.ts";
import type { Rule } from "./rule.ts";
import type { RuleSet } from "./rule-set.ts";
import { type Token, tokenOf, type UniqueIndex, uniqueTextLengthMax } from "./unique-index.ts";
import { violation } from "./violation.ts";

/** Asked again when this index is applied; Infinity: from time to time. */
export interface Undecided {
  readonly untilApplied: number;
}
export type Judgement = RaftctlError | Undecided | undefined;

/** All that a judgement rests upon. */
export interface Evidence {
  readonly rules: RuleSet;
  readonly pending: PendingWrites;
  /** Of the rule's field; undefined while there is none. */
  readonly indexOf: (rule: Rule, field: string) => UniqueIndex | undefined;
  /** Of what is applied. */
  readonly exists: (key: Uint8Array) => boolean;
}

type Put = Extract<LeafWrite, { kind: "put" }>;

/** Refused: the first rule that is broken. Undecided: by as much as has to be waited for. */
export function judge(branches: readonly (readonly LeafWrite[])[], evidence: Evidence): Judgement {
  const open: Undecided[] = [];
  for (const branch of branches) {
    for (const judgement of [...ofPuts(branch, evidence), ...ofUniqueFields(branch, evidence)]) {
      if (judgement === undefined) continue;
      if (!("untilApplied" in judgement)) return judgement;
      open.push(judgement);
    }
  }
  return open.length === 0 ? undefined : { untilApplied: Math.max(...open.map(({ untilApplied }) => untilApplied)) };
}

/** What is wrong with this put, whatever else there is: sizes, schema, and what a unique field may hold. */
export function violationOfPut(rule: Rule, key: Uint8Array, value: Uint8Array): RaftctlError | undefined {
  const { maxKeyBytes, maxValueBytes, schema, unique } = rule;
  if (maxKeyBytes !== undefined && key.length > maxKeyBytes) return violation(rule, key, { rule: "maxKeyBytes", reason: `has ${key.length} bytes (at most ${maxKeyBytes})` });
  if (maxValueBytes !== undefined && value.length > maxValueBytes) return violation(rule, key, { rule: "maxValueBytes", reason: `has ${value.length} bytes (at most ${maxValueBytes})` });
  if (schema === undefined && unique.length === 0) return undefined;
  const json = parseJson(value);
  if (json === undefined) return violation(rule, key, { rule: schema === undefined ? "unique" : "schema", path: "", reason: "is not JSON" });
  const found = schema?.violation(json);
  if (found !== undefined) return violation(rule, key, { rule: "schema", ...found });
  for (const { field, pointer } of unique) {
    const at = valueAt(json, pointer);
    if (at === undefined || at === null || tokenOf(at) !== undefined) continue;
    return violation(rule, key, { rule: "unique", path: field, reason: `cannot be compared (want a text of at most ${uniqueTextLengthMax} characters, a number, true, false or null)` });
  }
  return undefined;
}

function* ofPuts(branch: readonly LeafWrite[], evidence: Evidence): Generator<Judgement> {
  for (const [place, leaf] of branch.entries()) {
    if (leaf.kind !== "put") continue;
    for (const rule of evidence.rules.matching(leaf.key)) {
      yield violationOfPut(rule, leaf.key, leaf.value);
      if (!rule.isImmutable || leaf.createsOnly) continue;
      // What the same branch has done to the key before settles it.
      const before = branch.slice(0, place).findLast((other) => touches(other, leaf.key));
      if (before?.kind === "put") yield changed(rule, leaf);
      else if (before === undefined) yield ofImmutable(rule, leaf, evidence);
    }
  }
}

function ofImmutable(rule: Rule, put: Put, { pending, exists }: Evidence): Judgement {
  const key = keyText(put.key);
  const isThere = exists(put.key);
  const writes = pending.of(key);
  const range = pending.lastRange(key);
  if (writes.length === 0 && range === undefined) return isThere ? changed(rule, put) : undefined;
  const isDeleted = range !== undefined || writes.some(({ tokens }) => tokens === undefined);
  // Whichever of these puts take effect, the key is there.
  if (!isDeleted && (isThere || writes.some(({ isSure }) => isSure))) return changed(rule, put);
  return { untilApplied: pending.lastTouch(key)! };
}

function changed(rule: Rule, { key }: Put): RaftctlError {
  return violation(rule, key, { rule: "immutable", reason: "is there already, and may not be changed" });
}

function* ofUniqueFields(branch: readonly LeafWrite[], evidence: Evidence): Generator<Judgement> {
  for (const [place, leaf] of branch.entries()) {
    if (leaf.kind !== "put") continue;
    // What the same branch writes over in the end is nothing to compare with.
    if (branch.some((other, at) => at > place && touches(other, leaf.key))) continue;
    for (const rule of evidence.rules.matching(leaf.key)) {
      if (rule.unique.length === 0) continue;
      const json = parseJson(leaf.value);
      for (const { field, pointer } of rule.unique) {
        const found = json === undefined ? undefined : valueAt(json, pointer);
        const token = found === undefined ? undefined : tokenOf(found);
        if (token !== undefined) yield ofUnique({ rule, field, key: leaf.key, token, branch }, evidence);
      }
    }
  }
}

interface UniqueQuestion {
  readonly rule: Rule;
  readonly field: string;
  readonly key: Uint8Array;
  readonly token: Token;
  readonly branch: readonly LeafWrite[];
}

function ofUnique({ rule, field, key, token, branch }: UniqueQuestion, { indexOf, pending }: Evidence): Judgement {
  const index = indexOf(rule, field);
  if (index === undefined || !index.isComplete) return { untilApplied: Number.POSITIVE_INFINITY };
  const open: number[] = [];
  const own = keyText(key);
  for (const [other, isSure] of contendersOf(token, index, pending, branch)) {
    if (other === own) continue;
    if (isSure) return violation(rule, key, { rule: "unique", path: field, reason: `is that of ${JSON.stringify(nameOf(other))}`, heldBy: nameOf(other) });
    open.push(pending.lastTouch(other)!);
  }
  return open.length === 0 ? undefined : { untilApplied: Math.max(...open) };
}

/** Who has this value when the branch is executed, or may have it. */
function* contendersOf(token: Token, index: UniqueIndex, pending: PendingWrites, branch: readonly LeafWrite[]): Generator<readonly [KeyText, boolean]> {
  for (const other of index.contenders(token)) {
    if (!branch.some((leaf) => touches(leaf, keyBytes(other)))) yield [other, surelyHolds(other, token, index, pending)];
  }
  if (branch.length === 1) return;
  for (const [place, leaf] of branch.entries()) {
    const isLast = leaf.kind === "put" && !branch.some((other, at) => at > place && touches(other, leaf.key));
    if (isLast && hasPrefix(leaf.key, index.prefix) && index.tokenOf(leaf.value) === token) yield [keyText(leaf.key), true];
  }
}

/** However the entries in the log end: from the newest write of the key back to one that settles it. */
function surelyHolds(key: KeyText, token: Token, index: UniqueIndex, pending: PendingWrites): boolean {
  if (pending.lastRange(key) !== undefined) return false;
  for (const write of pending.of(key).toReversed()) {
    if (write.tokens?.get(index) !== token) return false;
    if (write.isSure) return true;
  }
  return index.holds(key, token);
}

function touches(leaf: LeafWrite, key: Uint8Array): boolean {
  if (leaf.kind !== "deleteRange") return equalBytes(leaf.key, key);
  return compareBytes(key, leaf.start) >= 0 && (leaf.end === undefined || compareBytes(key, leaf.end) < 0);
}

function nameOf(key: KeyText): string {
  return shownKey(keyBytes(key)).key;
}
