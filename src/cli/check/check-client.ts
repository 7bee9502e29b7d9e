// One client of a check: asks, records what it was told, and goes on whatever happens. An error counts as "failed" only where the client library vouches
// that nothing was done; every other write stays open. After a broken or silent connection it goes on with another node, and now and then it changes
// nodes without a reason, so that also a node that was away is asked again.

import { setTimeout as sleep } from "node:timers/promises";
import { utf8, utf8Text } from "../../base/bytes.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { ErrorCode, RaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import type { ClientOptions } from "../../client/client.ts";
import type { WriteReceipt } from "../../client/writes.ts";
import { randomSessionId, Session } from "../../client/session.ts";
import type { SessionStamp } from "../../wire/command.ts";
import type { Condition, History, Operation, Outcome, Output } from "./history.ts";
import type { Workload } from "./workload.ts";

type Write = Exclude<Operation, { kind: "get" }>;

/** A write that may still happen: sent again under its stamp, it happens now or never again. */
export interface Doubt {
  readonly key: string;
  readonly operation: Write;
  readonly stamp: SessionStamp;
}

/** After these a write may or may not happen. */
const ambiguous: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["UNKNOWN_OUTCOME", "TIMEOUT", "CONNECTION_LOST", "INTERNAL", "IO_ERROR", "BAD_FRAME"]);
/** After these another node may do better. */
const awayFromHere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...ambiguous, "UNREACHABLE", "STOPPED", "NOT_READY"]);
const operationsPerVisit = 500;
const [pauseMsMin, pauseMsMax] = [20, 200];

export interface CheckClientOptions {
  readonly name: string;
  /** Tried in order, beginning with the first. */
  readonly addresses: readonly ClientOptions[];
  readonly history: History;
  readonly workload: Workload;
}

export class CheckClient {
  readonly doubts: Doubt[] = [];
  readonly #options: CheckClientOptions;
  #visit = 0;
  #client: Client;
  #session = new Session(randomSessionId());

  constructor(options: CheckClientOptions) {
    this.#options = options;
    this.#client = new Client(options.addresses[0]!);
  }

  /** Until `signal`; the operation that is under way then is ended first. @param pauseMs between two operations. */
  async run(signal: AbortSignal, pauseMs: () => number): Promise<void> {
    let backOffMs = pauseMsMin;
    for (let count = 1; !signal.aborted; count += 1) {
      const outcome = await this.#operate();
      if (outcome === "ok" && count % operationsPerVisit === 0) this.#moveOn();
      backOffMs = outcome === "ok" ? pauseMsMin : Math.min(backOffMs * 2, pauseMsMax);
      const restMs = Math.max(pauseMs(), outcome === "ok" ? 0 : backOffMs);
      if (restMs > 0) await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  close(): void {
    this.#client.close();
  }

  async #operate(): Promise<Outcome> {
    const { name, history, workload } = this.#options;
    const { key, operation } = workload.next(name);
    const call = history.begin(name, key, operation);
    let stamp: SessionStamp | undefined;
    try {
      if (operation.kind !== "get") stamp = await this.#client.kv.nextStamp(this.#session);
      const output = await (stamp === undefined ? read(this.#client, key) : write(this.#client, { key, operation: operation as Write, stamp }));
      call.ok(output);
      workload.saw(key, operation, output);
      return "ok";
    } catch (thrown) {
      const { code } = toRaftctlError(thrown);
      const outcome = ambiguous.has(code) ? "unknown" : "failed";
      call[outcome](code);
      if (stamp !== undefined && outcome === "unknown") this.doubts.push({ key, operation: operation as Write, stamp });
      // The cluster knows a session from its first command on, and that may be the one that it did not take.
      if (stamp !== undefined) this.#session = new Session(randomSessionId());
      if (awayFromHere.has(code)) this.#moveOn();
      return outcome;
    }
  }

  #moveOn(): void {
    const { addresses } = this.#options;
    this.#client.close();
    this.#visit += 1;
    this.#client = new Client(addresses[this.#visit % addresses.length]!);
  }
}

async function read(client: Client, key: string): Promise<Output> {
  const { record } = await client.kv.get(key);
  return record === undefined ? {} : { value: utf8Text(record.value) ?? "(not UTF-8)", version: record.version, index: record.modIndex };
}

/** A condition that does not hold is an answer. */
export async function write(client: Client, { key, operation, stamp }: Doubt): Promise<Output> {
  const options = { session: stamp };
  switch (operation.kind) {
    case "put":
      return written(await client.kv.put(key, operation.value, options));
    case "delete": {
      const { result, index } = await client.kv.delete(key, options);
      return { found: result === undefined ? undefined : result.deleted === 1, index };
    }
    case "putIf":
      try {
        return { applied: true, ...written(await client.kv.put(key, operation.value, { ...options, condition: conditionOf(operation.condition) })) };
      } catch (thrown) {
        return refusal(toRaftctlError(thrown));
      }
  }
}

function written({ result, index }: WriteReceipt): Output {
  return { version: result?.version, index };
}

function refusal(error: RaftctlError): Output {
  if (error.code !== "CONFLICT") throw error;
  const { version, index } = error.details ?? {};
  return { applied: false, ...(version !== undefined && { version: Number(version) }), ...(index !== undefined && { index: Number(index) }) };
}

function conditionOf(condition: Condition): { kind: "absent" } | { kind: "version"; version: number } | { kind: "value"; value: Uint8Array } {
  if ("absent" in condition) return { kind: "absent" };
  return "version" in condition ? { kind: "version", version: condition.version } : { kind: "value", value: utf8(condition.value) };
}
