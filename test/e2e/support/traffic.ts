// Clients that write and read while a test breaks things, each with a connection order of its own. Every call is recorded; an error becomes "failed"
// only when its code says that nothing was done. Registers rotate after a number of operations, so that the checker's work per key stays
// small. Values are unique, so that a lost or repeated effect cannot hide.

import { setTimeout as sleep } from "node:timers/promises";
import { utf8Text } from "../../../src/base/bytes.ts";
import { toRaftctlError } from "../../../src/base/errors.ts";
import type { Client } from "../../../src/client/client.ts";
import type { Consistency } from "../../../src/wire/client-protocol.ts";
import type { TestCluster } from "./cluster.ts";
import type { History, KeyOperation, Outcome, Output } from "../../../src/cli/check/history.ts";
import { until } from "./until.ts";

export interface TrafficOptions {
  readonly clients: number;
  /** Share of reads, 0 to 1. */
  readonly reads: number;
  readonly callTimeoutMs: number;
  /** Operations on one register before the next one is taken. */
  readonly operationsPerKey?: number;
  /** Registers in use at a time. */
  readonly keys?: number;
}

/** After these the write may or may not happen; after every other code it did not. */
const ambiguous: ReadonlySet<string> = new Set(["UNKNOWN_OUTCOME", "TIMEOUT", "CONNECTION_LOST", "INTERNAL"]);

export class Traffic {
  readonly #cluster: TestCluster;
  readonly #history: History;
  readonly #options: TrafficOptions;
  readonly #loops: Promise<void>[] = [];
  #stopped = false;
  #operations = 0;
  #acknowledgedWrites = 0;

  constructor(cluster: TestCluster, history: History, options: TrafficOptions) {
    this.#cluster = cluster;
    this.#history = history;
    this.#options = options;
  }

  get acknowledgedWrites(): number {
    return this.#acknowledgedWrites;
  }

  start(): void {
    for (let number = 0; number < this.#options.clients; number += 1) {
      const shift = number % this.#cluster.nodes.length;
      const endpoints = [...this.#cluster.endpoints.slice(shift), ...this.#cluster.endpoints.slice(0, shift)];
      this.#loops.push(this.#run(`c${number}`, this.#cluster.client({ endpoints, timeoutMs: this.#options.callTimeoutMs })));
    }
  }

  /** Until so many more writes were acknowledged. */
  async more(writes: number, timeoutMs = 20_000): Promise<void> {
    const wanted = this.#acknowledgedWrites + writes;
    await until(`${writes} more acknowledged writes`, () => (this.#acknowledgedWrites >= wanted ? true : undefined), { timeoutMs, everyMs: 5 });
  }

  /** Every call has ended when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #run(process: string, client: Client): Promise<void> {
    for (let count = 0; !this.#stopped; count += 1) {
      const isRead = (count * 7919) % 1000 < this.#options.reads * 1000;
      const operation: KeyOperation = isRead ? { kind: "get" } : { kind: "put", value: `${process}-${count}` };
      const outcome = await record(this.#history, { process, key: this.#nextKey(), operation }, client);
      if (outcome === "ok" && !isRead) this.#acknowledgedWrites += 1;
      if (outcome !== "ok") await sleep(10);
    }
  }

  #nextKey(): string {
    const { operationsPerKey = 200, keys = 4 } = this.#options;
    const number = this.#operations++;
    return `register/${Math.floor(number / (operationsPerKey * keys))}/${number % keys}`;
  }
}

export interface Step {
  readonly process: string;
  readonly key: string;
  readonly operation: KeyOperation;
  /** Of a read; linearizable when absent. */
  readonly consistency?: Consistency;
}

/** One call to a cluster, recorded. */
export async function record(history: History, step: Step, client: Client): Promise<Outcome> {
  const { process, key, operation } = step;
  const call = history.begin(process, key, operation);
  try {
    call.ok(await carryOut(client, step));
    return "ok";
  } catch (thrown) {
    const { code } = toRaftctlError(thrown);
    if (code === "CONFLICT" && operation.kind === "putIf") {
      call.ok({ applied: false });
      return "ok";
    }
    const outcome = ambiguous.has(code) ? "unknown" : "failed";
    call[outcome]();
    return outcome;
  }
}

async function carryOut(client: Client, { key, operation, consistency = "linearizable" }: Step): Promise<Output> {
  switch (operation.kind) {
    case "get": {
      const { record: found } = await client.kv.get(key, { consistency });
      return { value: found === undefined ? undefined : utf8Text(found.value), version: found?.version };
    }
    case "put":
      return { version: (await client.kv.put(key, operation.value)).result?.version };
    case "putIf":
      return { applied: true, version: (await client.kv.put(key, operation.value, { condition: conditionOf(operation) })).result?.version };
    case "delete":
      return { found: (await client.kv.delete(key)).result?.deleted === 1 };
  }
}

function conditionOf({ condition }: Extract<KeyOperation, { kind: "putIf" }>) {
  if ("absent" in condition) return { kind: "absent" } as const;
  if ("version" in condition) return { kind: "version", version: condition.version } as const;
  return { kind: "value", value: new TextEncoder().encode(condition.value) } as const;
}
