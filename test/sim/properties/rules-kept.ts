// Rules Kept: from the entry of the committed log on that sets a rule, no entry leaves two keys under its prefix with the same value at a unique field, or
// changes a key that is immutable; and what was refused at its first attempt is never written (S33 to S35).
//
// The rules are read from the log, by themselves: nothing here knows how the product judges.

import { utf8Text } from "../../../src/base/bytes.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { commandFault, decodeCommand } from "../../../src/wire/command.ts";
import { LogFrontier } from "./log-frontier.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";
import { ReferenceMachine, type ReferenceChange } from "./reference-machine.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

interface RuleInForce {
  readonly prefix: string;
  /** Of members at the top of the value: "/seat". */
  readonly unique?: readonly string[];
  readonly immutable?: boolean;
}

export class RulesKept implements Property {
  readonly name = "Rules Kept";
  readonly #frontier = new LogFrontier();
  readonly #machine: ReferenceMachine;
  readonly #values = new Map<string, string>();
  readonly #refused = new Set<string>();
  readonly #written = new Set<string>();
  #rules: readonly RuleInForce[] = [];
  #current: ReferenceChange[] = [];

  constructor(limits: ReferenceLimits) {
    this.#machine = new ReferenceMachine(limits, (change) => this.#current.push(change));
  }

  booted(replica: ReplicaView): void {
    this.#catchUp(replica, replica.lastApplied + 1);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#frontier.isNew(entry.index)) continue;
      this.#catchUp(replica, entry.index);
      this.#replay(entry);
    }
  }

  refused(value: string): void {
    this.#refused.add(value);
    if (this.#written.has(value)) throw new Violation(this.name, `${value} was refused, and had been written`);
  }

  #catchUp(replica: ReplicaView, index: number): void {
    const missed = this.#frontier.missedBefore(replica, index);
    if (missed === undefined) throw new Violation(this.name, `${replica.name} has applied up to index ${index - 1}, and nobody was seen to apply index ${this.#frontier.last + 1}`);
    for (const entry of missed) this.#replay(entry);
  }

  #replay(entry: Entry): void {
    this.#current = [];
    this.#machine.apply(entry);
    this.#frontier.passed(entry.index);
    this.#rules = rulesOf(entry) ?? this.#rules;
    for (const change of this.#current) this.#follow(change, entry.index);
    for (const rule of this.#rules) for (const field of rule.unique ?? []) this.#checkUnique(rule.prefix, field, entry.index);
  }

  #follow(change: ReferenceChange, index: number): void {
    const { key } = change;
    if (change.kind === "delete") {
      this.#values.delete(key);
      return;
    }
    const value = utf8Text(change.value) ?? "";
    if (this.#refused.has(value)) throw new Violation(this.name, `index ${index} writes ${value} to ${key}, which was refused`);
    const rule = this.#rules.find(({ prefix, immutable }) => immutable === true && key.startsWith(prefix));
    if (rule !== undefined && change.version > 1) throw new Violation(this.name, `index ${index} changes ${key}, which is immutable`);
    this.#written.add(value);
    this.#values.set(key, value);
  }

  #checkUnique(prefix: string, field: string, index: number): void {
    const holders = new Map<unknown, string>();
    for (const [key, value] of this.#values) {
      if (!key.startsWith(prefix)) continue;
      const token = (JSON.parse(value) as Record<string, unknown>)[field.slice(1)];
      const other = holders.get(token);
      if (other !== undefined) throw new Violation(this.name, `behind index ${index}, ${key} and ${other} have the same ${field}: ${String(token)}`);
      holders.set(token, key);
    }
  }
}

/** All that hold from here on, when the entry says so. */
function rulesOf({ type, data }: Entry): readonly RuleInForce[] | undefined {
  if (type !== entryTypes.command || commandFault(data) !== undefined) return undefined;
  const command = decodeCommand(data);
  if (command.operation !== "set" || utf8Text(command.key) !== "rules") return undefined;
  return (JSON.parse(utf8Text(command.value)!) as { rules: readonly RuleInForce[] }).rules;
}
