// All rules of the cluster, as one replicated setting: a JSON text with the rules by prefix and a revision that every change raises by one, so that of two
// operators who change the rules at the same time one is told. All rules whose prefix a key begins with hold for it.

import { utf8 } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import { isRecord, type Json, parseJsonText } from "./json.ts";
import { hasPrefix } from "./key-text.ts";
import { compileRule, type Rule } from "./rule.ts";

export const rulesSetting = "rules";
export const rulesMax = 64;
/** Of the setting: it travels with every snapshot, and each rule is looked at for each write. */
export const rulesBytesMax = 64 * 1024;

export class RuleSet {
  static readonly none = new RuleSet(0, []);

  readonly revision: number;
  /** By prefix, ascending. */
  readonly rules: readonly Rule[];

  private constructor(revision: number, rules: readonly Rule[]) {
    this.revision = revision;
    this.rules = rules;
  }

  /** @param text of the setting; undefined when it was never set. @throws INCOMPATIBLE for what this program cannot enforce */
  static decode(text: string | undefined): RuleSet {
    if (text === undefined) return RuleSet.none;
    const value = parseJsonText(text);
    const { revision, rules } = value !== undefined && isRecord(value) ? value : {};
    if (typeof revision !== "number" || !Number.isSafeInteger(revision) || !Array.isArray(rules)) throw unknown(`the setting ${rulesSetting} is no list of rules`);
    try {
      return new RuleSet(revision, (rules as readonly Json[]).map(compileRule));
    } catch (cause) {
      throw unknown((cause as Error).message, cause);
    }
  }

  /** @throws TOO_LARGE */
  encode(): Uint8Array {
    const bytes = utf8(JSON.stringify({ revision: this.revision, rules: this.rules.map(({ document }) => document) }));
    if (this.rules.length > rulesMax) throw new RaftctlError("TOO_LARGE", `${this.rules.length} rules (at most ${rulesMax})`);
    if (bytes.length > rulesBytesMax) throw new RaftctlError("TOO_LARGE", `the rules together would have ${bytes.length} bytes (at most ${rulesBytesMax})`);
    return bytes;
  }

  with(rule: Rule): RuleSet {
    const others = this.rules.filter(({ document }) => document.prefix !== rule.document.prefix);
    return new RuleSet(this.revision + 1, [...others, rule].toSorted((left, right) => (left.document.prefix < right.document.prefix ? -1 : 1)));
  }

  without(prefix: string): RuleSet {
    return new RuleSet(this.revision + 1, this.rules.filter(({ document }) => document.prefix !== prefix));
  }

  of(prefix: string): Rule | undefined {
    return this.rules.find(({ document }) => document.prefix === prefix);
  }

  /** All that hold for this key. */
  matching(key: Uint8Array): readonly Rule[] {
    return this.rules.filter(({ prefix }) => hasPrefix(key, prefix));
  }
}

function unknown(reason: string, cause?: unknown): RaftctlError {
  return new RaftctlError("INCOMPATIBLE", `the cluster has a rule that this program cannot enforce: ${reason}`, { cause, hint: "install the version that the rest of the cluster runs" });
}
