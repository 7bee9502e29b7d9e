// A leader's log over a machine, for tests of rules: entries are appended when the rules let them in, and applied when the test says so.

import { expect } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Json } from "../../../src/machine/rules/json.ts";
import { compileRule } from "../../../src/machine/rules/rule.ts";
import { RuleBook } from "../../../src/machine/rules/rule-book.ts";
import { rulesSetting } from "../../../src/machine/rules/rule-set.ts";
import type { AppliedEntry } from "../../../src/machine/state-machine.ts";
import { type Command, encodeCommand } from "../../../src/wire/command.ts";

export const users = { prefix: "users/", unique: ["/email"] };
export const user = (email: string, extra: object = {}): string => JSON.stringify({ email, ...extra });

export class Leader {
  readonly log: AppliedEntry[] = [];
  readonly failures: Error[] = [];
  readonly machine: Machine;
  readonly book: RuleBook;
  term = 1;
  #turns: (() => void)[] = [];

  constructor(store = new MemoryStore()) {
    const followed: { book: RuleBook | undefined } = { book: undefined };
    this.machine = new Machine({ store, onApplied: (batch) => followed.book?.applied(batch) });
    this.book = followed.book = new RuleBook({ state: this.machine, clock: { nextTurn: (call) => void this.#turns.push(call) }, onFailure: (error) => this.failures.push(error) });
  }

  get lastIndex(): number {
    return this.log.length;
  }

  /** What the rules say: "in", the code of the refusal, or "after N". */
  offer(command: Command): string {
    const data = encodeCommand(command);
    const judgement = this.judge(data);
    if (judgement === undefined) this.log.push({ index: this.lastIndex + 1, term: this.term, type: 1, data });
    if (judgement === undefined) return "in";
    return judgement instanceof RaftctlError ? judgement.code : `after ${judgement.untilApplied}`;
  }

  judge(data: Uint8Array): ReturnType<RuleBook["validate"]> {
    const { log } = this;
    return this.book.validate(data, { currentTerm: this.term, lastIndex: log.length, entriesBetween: (first, last) => log.slice(first - 1, last) });
  }

  refusal(command: Command): RaftctlError {
    const judgement = this.judge(encodeCommand(command));
    if (judgement instanceof RaftctlError) return judgement;
    throw new Error("it was not refused");
  }

  apply(upTo = this.lastIndex): void {
    this.machine.applyBatch(this.log.slice(this.machine.lastApplied, upTo));
  }

  /** Everything that waits for a later turn. */
  settle(): void {
    while (this.#turns.length > 0) for (const turn of this.#turns.splice(0)) turn();
  }

  /** As an operator does it, up to its entry. */
  set(...documents: Json[]): string {
    const rules = documents.map(compileRule);
    for (const rule of rules) this.book.prepare(rule);
    this.settle();
    const next = rules.reduce((set, rule) => set.with(rule), this.book.rules);
    const bumped = JSON.stringify({ ...(JSON.parse(new TextDecoder().decode(next.encode())) as object), revision: this.book.rules.revision + 1 });
    return this.offer({ operation: "set", key: utf8(rulesSetting), value: utf8(bumped) });
  }
}

export function ruled(...documents: Json[]): Leader {
  const leader = new Leader();
  expect(leader.set(...documents)).toBe("in");
  leader.apply();
  return leader;
}
