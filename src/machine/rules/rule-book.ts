// The rules of the cluster at work: follows on every node which rules hold and keeps the indexes that unique fields need, so that a node that begins to lead
// enforces them at once; and says on the leader, command by command, what may enter the log. Rules hold from the entry on that sets them, applied or not.
//
// The log beyond what is applied is taken from the log itself, entry by entry as it grows: a leader's log only grows within a term, so a new term is the one
// occasion to begin again. Without a rule nothing is kept, and a command costs a few comparisons.

import { equalBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { RaftctlError } from "../../base/errors.ts";
import { commandFault, decodeCommand, isSetting, type SessionStamp } from "../../wire/command.ts";
import type { Machine } from "../machine.ts";
import type { AppliedBatch, AppliedEntry } from "../state-machine.ts";
import { IndexBuild } from "./index-build.ts";
import { type Judgement, judge } from "./judgement.ts";
import { hasPrefix, keyBytes, keyText, prefixEnd } from "./key-text.ts";
import { type CommandWrites, type LeafWrite, writesOf } from "./leaf-writes.ts";
import { PendingWrites } from "./pending-writes.ts";
import type { Rule } from "./rule.ts";
import { RuleSet, rulesSetting } from "./rule-set.ts";
import { UniqueIndex } from "./unique-index.ts";

export interface LeaderLogView {
  readonly currentTerm: number;
  readonly lastIndex: number;
  entriesBetween(first: number, last: number): readonly AppliedEntry[];
}

export interface RuleBookParts {
  readonly state: Pick<Machine, "lastApplied" | "get" | "range" | "setting" | "settingIdentity" | "standingOf">;
  readonly clock: Pick<Clock, "nextTurn">;
  /** The state could not be read. */
  readonly onFailure: (error: Error) => void;
}

interface KeptIndex {
  readonly index: UniqueIndex;
  build: IndexBuild;
}

export interface IndexReport {
  readonly field: string;
  readonly keys: number;
  readonly isComplete: boolean;
}

const commandType = 1;
/** Values that are named when a rule cannot be set. */
const duplicatesNamed = 5;

export class RuleBook {
  readonly #parts: RuleBookParts;
  /** What they were made of. */
  #identity: object | undefined;
  /** In force at lastApplied. */
  #applied = RuleSet.none;
  /** In force behind the last entry of the leader's log. */
  #rules = RuleSet.none;
  /** Rules that somebody is about to set. */
  readonly #candidates = new Set<Rule>();
  readonly #indexes = new Map<string, KeptIndex>();
  /** lastApplied as the indexes know it. */
  #followed: number;
  readonly #pending = new PendingWrites();
  /** Of the leader whose log was read; 0: it is to be read anew. */
  #term = 0;
  /** The log was read up to here. */
  #through = 0;
  /** There was nothing to enforce and nothing to keep at the last look, and no setting has come since. */
  #isIdle = false;

  constructor(parts: RuleBookParts) {
    this.#parts = parts;
    this.#followed = parts.state.lastApplied;
    this.#followRules();
  }

  /** In force at lastApplied. */
  get rules(): RuleSet {
    this.#followState();
    return this.#applied;
  }

  indexReports(rule: Rule): IndexReport[] {
    return rule.unique.map(({ field }) => {
      const kept = this.#indexes.get(indexName(rule, field));
      return { field, keys: kept?.index.size ?? 0, isComplete: kept?.index.isComplete ?? false };
    });
  }

  // ── on every node ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** These have just been applied. */
  applied({ first, entries, keysEnded }: AppliedBatch): void {
    if (first !== this.#followed + 1) this.#beginAgain();
    this.#followed = this.#parts.state.lastApplied;
    this.#followRules();
    if (this.#indexes.size === 0) return;
    for (const entry of entries) {
      const writes = entry.type === commandType ? commandWrites(entry.data) : undefined;
      if (writes === undefined || writes.isUnnamed === true) continue;
      for (const leaf of writes.branches.flat()) this.#refresh(leaf);
    }
    for (const key of keysEnded) this.#refresh({ kind: "delete", key });
  }

  /** The state may have been replaced by an image. */
  #followState(): void {
    if (this.#parts.state.lastApplied !== this.#followed) this.#beginAgain();
    this.#followed = this.#parts.state.lastApplied;
    this.#followRules();
  }

  #followRules(): void {
    const identity = this.#parts.state.settingIdentity(rulesSetting);
    if (identity === this.#identity) return;
    this.#identity = identity;
    this.#applied = RuleSet.decode(this.#parts.state.setting(rulesSetting));
    this.#keepIndexes();
  }

  #refresh(leaf: LeafWrite): void {
    for (const { index } of this.#indexes.values()) {
      if (leaf.kind === "deleteRange") this.#refreshRange(index, leaf);
      else if (hasPrefix(leaf.key, index.prefix)) this.#refreshKey(index, leaf.key);
    }
  }

  #refreshKey(index: UniqueIndex, key: Uint8Array): void {
    const record = this.#parts.state.get(key);
    index.set(keyText(key), record === undefined ? undefined : index.tokenOf(record.value));
  }

  #refreshRange(index: UniqueIndex, { start, end }: Extract<LeafWrite, { kind: "deleteRange" }>): void {
    const [low, high] = [keyText(start), end === undefined ? undefined : keyText(end)];
    const indexEnd = prefixEnd(index.prefix);
    if ((high !== undefined && high <= keyText(index.prefix)) || (indexEnd !== undefined && low >= keyText(indexEnd))) return;
    // Texts of one character per byte are in the order of the bytes.
    for (const key of index.keys()) if (key >= low && (high === undefined || key < high)) this.#refreshKey(index, keyBytes(key));
  }

  #beginAgain(): void {
    this.#term = 0;
    for (const kept of this.#indexes.values()) {
      kept.build.stop();
      kept.index.clear();
      kept.build = this.#build(kept.index);
    }
  }

  #keepIndexes(): void {
    const wanted = new Set<string>();
    for (const rule of [...this.#applied.rules, ...this.#rules.rules, ...this.#candidates]) {
      for (const unique of rule.unique) {
        const name = indexName(rule, unique.field);
        wanted.add(name);
        if (this.#indexes.has(name)) continue;
        const index = new UniqueIndex(rule, unique);
        this.#indexes.set(name, { index, build: this.#build(index) });
        // What is in the log already may concern it.
        this.#term = 0;
      }
    }
    for (const [name, { index, build }] of this.#indexes) {
      if (wanted.has(name)) continue;
      build.stop();
      index.endClaims();
      this.#indexes.delete(name);
      this.#term = 0;
    }
  }

  #build(index: UniqueIndex): IndexBuild {
    const { state, clock, onFailure } = this.#parts;
    return new IndexBuild(index, { read: (query) => state.range(query), clock, onFailure });
  }

  // ── who wants to set a rule ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins to keep what the rule needs, until `release`. */
  prepare(rule: Rule): void {
    this.#candidates.add(rule);
    this.#isIdle = false;
    this.#keepIndexes();
  }

  release(rule: Rule): void {
    this.#candidates.delete(rule);
    this.#keepIndexes();
  }

  isPrepared(rule: Rule): boolean {
    return this.indexReports(rule).every(({ isComplete }) => isComplete);
  }

  /** Why the rule cannot hold: two keys have the same value already. */
  contradiction(rule: Rule): RaftctlError | undefined {
    for (const { field } of rule.unique) {
      const duplicates = this.#indexes.get(indexName(rule, field))?.index.duplicates(duplicatesNamed) ?? [];
      if (duplicates.length > 0) return contradicted(rule, field, duplicates);
    }
    return undefined;
  }

  // ── on the leader ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param command the next to be appended to this log */
  validate(command: Uint8Array, log: LeaderLogView): Judgement {
    if (this.#isIdle && log.currentTerm === this.#term && !isSetting(command)) return undefined;
    this.#readLog(log);
    const writes = commandWrites(command);
    if (writes === undefined) return this.#ofSetting(command);
    if (this.#rules.rules.length === 0 || !this.#concerns(writes)) return undefined;
    const { session } = writes;
    if (session !== undefined && this.#isSpent(session, log)) return undefined;
    const judgement = this.#judge(writes.branches);
    if (!(judgement instanceof RaftctlError) || session === undefined) return judgement;
    // A repetition of what is in the log gets the answer of the first, not a refusal on account of it.
    const first = this.#sameRequest(command, log);
    return first === undefined ? judgement : { untilApplied: first };
  }

  #judge(branches: readonly (readonly LeafWrite[])[]): Judgement {
    return judge(branches, {
      rules: this.#rules, pending: this.#pending,
      indexOf: (rule, field) => this.#indexes.get(indexName(rule, field))?.index,
      exists: (key) => this.#parts.state.get(key) !== undefined,
    });
  }

  /** It is not executed, whatever it says: it was, or nobody knows. */
  #isSpent(session: SessionStamp, log: LeaderLogView): boolean {
    const standing = this.#parts.state.standingOf(session, log.lastIndex + 1);
    return standing === "repeated" || standing === "expired";
  }

  #sameRequest(command: Uint8Array, log: LeaderLogView): number | undefined {
    const stamp = command.subarray(stampStart, stampEnd);
    const tail = log.entriesBetween(this.#followed + 1, log.lastIndex);
    // Of a long log most entries differ in the first byte of their number already.
    return tail.find(({ type, data }) => type === commandType && data[sequenceStart] === command[sequenceStart] && equalBytes(data.subarray(stampStart, stampEnd), stamp))?.index;
  }

  #ofSetting(command: Uint8Array): Judgement {
    const next = settingOf(command);
    if (next === undefined) return undefined;
    this.#isIdle = false;
    if (next.revision !== this.#rules.revision + 1) return new RaftctlError("CHANGE_IN_PROGRESS", "the rules were changed by somebody else meanwhile", { hint: "raftctl rules list, and again" });
    const inForce = new Set(this.#rules.rules.flatMap((rule) => rule.unique.map(({ field }) => indexName(rule, field))));
    for (const rule of next.rules) {
      for (const { field } of rule.unique) {
        const name = indexName(rule, field);
        if (inForce.has(name)) continue;
        const index = this.#indexes.get(name)?.index;
        if (index === undefined || !index.isComplete) return new RaftctlError("BUSY", `the values at ${field} under ${JSON.stringify(rule.document.prefix)} are not all read yet`);
        const contradiction = this.contradiction(rule);
        if (contradiction !== undefined) return contradiction;
        if (index.hasContention()) return { untilApplied: this.#through };
      }
    }
    return undefined;
  }

  #concerns({ branches }: CommandWrites): boolean {
    return branches.some((branch) => branch.some((leaf) => leaf.kind === "put" && this.#rules.rules.some(({ prefix }) => hasPrefix(leaf.key, prefix))));
  }

  /** Up to its end, from where it was read last, or from what is applied. */
  #readLog(log: LeaderLogView): void {
    this.#followState();
    // What was applied unread has taken the rules with it that it set.
    const isNew = log.currentTerm !== this.#term || this.#through < this.#followed;
    const from = isNew ? this.#followed + 1 : this.#through + 1;
    const entries = log.entriesBetween(from, log.lastIndex).filter(({ type }) => type === commandType);
    const isChanged = this.#readRules(entries, isNew ? this.#applied : this.#rules) || isNew;
    this.#term = log.currentTerm;
    this.#through = log.lastIndex;
    const indexes = [...this.#indexes.values()].map(({ index }) => index);
    if (isChanged) {
      this.#pending.clear(indexes);
      for (const entry of log.entriesBetween(this.#followed + 1, log.lastIndex)) this.#readWrites(entry, indexes);
    } else {
      this.#pending.drop(this.#followed);
      for (const entry of entries) this.#readWrites(entry, indexes);
    }
    this.#isIdle = this.#rules.rules.length === 0 && this.#indexes.size === 0;
  }

  /** true when the rules are others than before, or need other indexes. */
  #readRules(entries: readonly AppliedEntry[], before: RuleSet): boolean {
    const known = this.#rules;
    this.#rules = before;
    for (const { data } of entries) this.#rules = (isSetting(data) ? settingOf(data) : undefined) ?? this.#rules;
    if (this.#rules !== known) this.#keepIndexes();
    return this.#rules !== known;
  }

  #readWrites({ type, data, index }: AppliedEntry, indexes: readonly UniqueIndex[]): void {
    const writes = type === commandType ? commandWrites(data) : undefined;
    if (writes === undefined || !this.#mattersLater(writes, indexes)) return;
    const { session } = writes;
    this.#pending.add(index, writes, indexes, session === undefined || this.#parts.state.standingOf(session, index) === "new");
  }

  /** Later writes are compared with it. */
  #mattersLater({ branches }: CommandWrites, indexes: readonly UniqueIndex[]): boolean {
    const prefixes = [...indexes, ...this.#rules.rules.filter(({ isImmutable }) => isImmutable)];
    return prefixes.length > 0 && branches.some((branch) => branch.some((leaf) => leaf.kind === "deleteRange" || prefixes.some(({ prefix }) => hasPrefix(leaf.key, prefix))));
  }
}

/** Where a command has the id of its session and its number in it. */
const stampStart = 16;
const sequenceStart = 24;
const stampEnd = 32;

function indexName({ document }: Pick<Rule, "document">, field: string): string {
  return JSON.stringify([document.prefix, field]);
}

/** undefined for a setting; without writes for what is no command. */
function commandWrites(data: Uint8Array): CommandWrites | undefined {
  if (commandFault(data) !== undefined) return { branches: [], isConditional: false, session: undefined };
  return isSetting(data) ? undefined : writesOf(decodeCommand(data));
}

/** The rules that a command sets; undefined when it sets something else. */
function settingOf(data: Uint8Array): RuleSet | undefined {
  const command = commandFault(data) === undefined ? decodeCommand(data) : undefined;
  if (command?.operation !== "set" || keyText(command.key) !== rulesSetting) return undefined;
  return RuleSet.decode(new TextDecoder().decode(command.value));
}

function contradicted(rule: Rule, field: string, duplicates: readonly { readonly value: string; readonly keys: readonly string[] }[]): RaftctlError {
  const { prefix } = rule.document;
  const [{ value, keys }] = duplicates as [(typeof duplicates)[number]];
  return new RaftctlError("CONFLICT", `${field} is not unique under ${JSON.stringify(prefix)}: ${keys.map((key) => JSON.stringify(key)).join(", ")} have ${value}`, {
    hint: "change or delete all of them but one; raftctl rules check names more",
    details: { rule: "unique", prefix, path: field, duplicates },
  });
}
