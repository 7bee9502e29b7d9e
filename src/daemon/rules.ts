// The rules verbs (`raftctl rules …`): what the rules are, setting and deleting one, and looking for data that one would not let in. A rule is set by whoever
// leads, as a replicated setting; before a unique field is set, its values are read and found to be unique.

import { utf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { HostedRegion } from "../host/host.ts";
import type { Machine } from "../machine/machine.ts";
import { keyAfter } from "../machine/rules/index-build.ts";
import { parseJsonText } from "../machine/rules/json.ts";
import { prefixEnd } from "../machine/rules/key-text.ts";
import { compileRule, type Rule } from "../machine/rules/rule.ts";
import type { RuleBook } from "../machine/rules/rule-book.ts";
import { RuleCheck } from "../machine/rules/rule-check.ts";
import { type RuleSet, rulesSetting } from "../machine/rules/rule-set.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { RuleChange, RuleReport } from "../wire/rule-reports.ts";
import { encodeCommand } from "../wire/command.ts";

export interface RulesOptions {
  readonly hosted: HostedRegion;
  readonly machine: Pick<Machine, "range">;
  readonly book: RuleBook;
  readonly clock: Pick<Clock, "now" | "at" | "nextTurn">;
}

const retryMs = 10;
/** Looked at per turn of the loop. */
const recordsPerTurn = 256;

export class Rules {
  readonly #options: RulesOptions;

  constructor(options: RulesOptions) {
    this.#options = options;
  }

  /** As the node at hand has applied them. */
  report(): AdminMethods["rules"]["result"] {
    return { rules: this.#options.book.rules.rules.map((rule) => this.#reportOf(rule)) };
  }

  /** On the leader. @throws INVALID_ARGUMENT, TOO_LARGE, CONFLICT when the data contradicts it, TIMEOUT */
  async set({ rule: text, dryRun }: AdminMethods["rulesSet"]["params"], timeoutMs: number): Promise<RuleChange> {
    const { book, hosted, clock } = this.#options;
    const rule = ruleOf(text);
    const giveUpAt = clock.now() + timeoutMs;
    await hosted.raft.ensureConsistency(timeoutMs);
    book.prepare(rule);
    try {
      while (!book.isPrepared(rule)) await this.#pause(giveUpAt, `the values under ${JSON.stringify(rule.document.prefix)} are still being read`);
      const contradiction = book.contradiction(rule);
      if (contradiction !== undefined) throw contradiction;
      book.rules.with(rule).encode();
      const index = dryRun ? null : await this.#change((rules) => rules.with(rule), giveUpAt);
      return { ...this.#reportOf(rule), applied: !dryRun, index };
    } finally {
      book.release(rule);
    }
  }

  /** On the leader. @throws NOT_FOUND */
  async delete({ prefix, dryRun }: AdminMethods["rulesDelete"]["params"], timeoutMs: number): Promise<RuleChange> {
    const { book, hosted, clock } = this.#options;
    await hosted.raft.ensureConsistency(timeoutMs);
    const rule = book.rules.of(prefix);
    if (rule === undefined) throw noRule(prefix);
    const report = this.#reportOf(rule);
    const index = dryRun ? null : await this.#change((rules) => rules.without(prefix), clock.now() + timeoutMs);
    return { ...report, applied: !dryRun, index };
  }

  /** On any node, against the data that a linearizable read would find there. @throws NOT_FOUND */
  async check({ prefix, rule: text }: AdminMethods["rulesCheck"]["params"], timeoutMs: number): Promise<AdminMethods["rulesCheck"]["result"]> {
    const { hosted, clock, book } = this.#options;
    const giveUpAt = clock.now() + timeoutMs;
    await hosted.gateway.readable(timeoutMs);
    const rule = text === null ? book.rules.of(prefix) : ruleOf(text);
    if (rule === undefined) throw noRule(prefix);
    const check = new RuleCheck(rule);
    await this.#readAll(rule, check, giveUpAt);
    return { rule: rule.document, keys: check.keys, violations: check.violations, found: check.found };
  }

  async #readAll({ prefix }: Rule, check: RuleCheck, giveUpAt: number): Promise<void> {
    const { machine, clock } = this.#options;
    for (let start: Uint8Array = prefix; ;) {
      const { records, more } = machine.range({ start, end: prefixEnd(prefix), limit: recordsPerTurn, keysOnly: false, countOnly: false });
      check.page(records);
      if (!more) return;
      start = keyAfter(records.at(-1)!.key);
      if (clock.now() >= giveUpAt) throw new RaftctlError("TIMEOUT", `${check.keys} keys were looked at, and there are more`, { hint: "a longer --timeout" });
      await new Promise<void>((resolve) => clock.nextTurn(resolve));
    }
  }

  /** Of two operators at the same time each gets his turn. */
  async #change(next: (rules: RuleSet) => RuleSet, giveUpAt: number): Promise<number> {
    const { book, hosted: { raft }, clock } = this.#options;
    for (;;) {
      const command = encodeCommand({ operation: "set", key: utf8(rulesSetting), value: next(book.rules).encode() });
      try {
        const { index } = await raft.propose(command, { waitFor: "applied", timeoutMs: Math.max(1, giveUpAt - clock.now()) });
        return index;
      } catch (error) {
        if (!(error instanceof RaftctlError) || error.code !== "CHANGE_IN_PROGRESS") throw error;
        await this.#pause(giveUpAt, error.message);
      }
    }
  }

  async #pause(giveUpAt: number, reason: string): Promise<void> {
    const { clock } = this.#options;
    if (clock.now() >= giveUpAt) throw new RaftctlError("TIMEOUT", `${reason}; nothing was changed`, { hint: "a longer --timeout" });
    await new Promise<void>((resolve) => void clock.at(clock.now() + retryMs, resolve));
  }

  #reportOf(rule: Rule): RuleReport {
    return { rule: rule.document, indexes: this.#options.book.indexReports(rule) };
  }
}

function ruleOf(text: string): Rule {
  const value = parseJsonText(text);
  if (value === undefined) throw new RaftctlError("INVALID_ARGUMENT", "the rule is not JSON");
  return compileRule(value);
}

function noRule(prefix: string): RaftctlError {
  return new RaftctlError("NOT_FOUND", `there is no rule for ${JSON.stringify(prefix)}`, { hint: "raftctl rules list" });
}
