// A cluster whose nodes have a real state machine with rules behind the recording one, as in a daemon. A node that is booted again builds both anew from its log.

import { utf8 } from "../../../src/base/bytes.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Json } from "../../../src/machine/rules/json.ts";
import { compileRule } from "../../../src/machine/rules/rule.ts";
import { RuleBook } from "../../../src/machine/rules/rule-book.ts";
import { rulesSetting } from "../../../src/machine/rules/rule-set.ts";
import { type Command, encodeCommand } from "../../../src/wire/command.ts";
import { Cluster, type ClusterNode, type ClusterOptions } from "./cluster.ts";

export interface Ruled {
  readonly machine: Machine;
  readonly book: RuleBook;
}

export interface RuledOptions extends ClusterOptions {
  /** After every entry that is applied on any node. */
  readonly onEntry?: (machine: Machine) => void;
}

export class RuledCluster {
  readonly cluster: Cluster;
  readonly #ruled: Map<string, Ruled>;

  /** Led, with these rules in force. */
  static async led(rules: readonly Json[], options: RuledOptions = {}): Promise<RuledCluster> {
    const ruled = new Map<string, Ruled>();
    const cluster = await Cluster.led({ ...options, validator: (node, clock) => install(node, clock, ruled, options.onEntry) });
    const self = new RuledCluster(cluster, ruled);
    for (const rule of rules) await self.set(rule);
    return self;
  }

  private constructor(cluster: Cluster, ruled: Map<string, Ruled>) {
    this.cluster = cluster;
    this.#ruled = ruled;
  }

  of(node: ClusterNode): Ruled {
    return this.#ruled.get(node.id)!;
  }

  async set(document: Json): Promise<void> {
    const { leader, clock } = this.cluster;
    const { book } = this.of(leader);
    const rule = compileRule(document);
    book.prepare(rule);
    await clock.until(() => book.isPrepared(rule), "the values are read");
    await this.write({ operation: "set", key: utf8(rulesSetting), value: book.rules.with(rule).encode() });
    book.release(rule);
    await this.cluster.converge();
  }

  /** Applied on the leader. */
  async write(command: Command, timeoutMs = 5_000): Promise<void> {
    await this.cluster.run(this.cluster.leader.raft.propose(encodeCommand(command), { waitFor: "applied", timeoutMs }));
  }
}

function install(node: ClusterNode, clock: Clock, ruled: Map<string, Ruled>, onEntry: RuledOptions["onEntry"]): RuleBook {
  const followed: { book: RuleBook | undefined } = { book: undefined };
  const machine = new Machine({ store: new MemoryStore(), onApplied: (batch) => followed.book?.applied(batch) });
  const { entries, machine: { lastApplied } } = node.storage.state;
  machine.applyBatch(entries.filter(({ index }) => index <= lastApplied));
  const book = followed.book = new RuleBook({ state: machine, clock, onFailure: (error) => node.fatal.push(error) });
  node.storage.execute = (applied) => applied.flatMap((entry) => {
    const results = machine.applyBatch([entry]);
    onEntry?.(machine);
    return results;
  });
  ruled.set(node.id, { machine, book });
  return book;
}
