// The requests that simulated clients make, as the production client encodes them, and what an answer says in the terms of the history.

import { emptyBytes, utf8, utf8Text } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { Condition as RecordedCondition, KeyOperation, Output } from "../../../src/cli/check/history.ts";
import type { ClientRequest, ClientResponse, Consistency } from "../../../src/wire/client-protocol.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { encodeCommand, type Condition, type SessionStamp } from "../../../src/wire/command.ts";
import { pairSeen, pairWritten, type KeyWrite } from "../../../src/cli/check/pair.ts";
import { isPair, pairRead, pairWrite } from "./pairs.ts";
import type { Step } from "./workload.ts";

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly waitFor: "committed" | "applied";
  readonly stamp: SessionStamp | undefined;
  /** Of a read. */
  readonly consistency: "linearizable" | "lease";
}

/** Each says how long it may take. */
export type TimedRequest = Extract<ClientRequest, { readonly timeoutMs: number }>;

export function readRequest(key: string, consistency: Consistency, timeoutMs: number): TimedRequest {
  return { operation: "get", region: globalRegion, key: utf8(key), consistency, minIndex: undefined, maxLagMs: undefined, timeoutMs };
}

export function requestOf(key: string, operation: KeyOperation, options: RequestOptions): TimedRequest {
  const { timeoutMs, waitFor, stamp: session, consistency } = options;
  const propose = (command: Uint8Array): TimedRequest => ({ operation: "propose", region: globalRegion, waitFor, timeoutMs, command });
  if (isPair(key)) return operation.kind === "get" ? pairRead(key, consistency, timeoutMs) : propose(encodeCommand(pairWrite(key, operation, session)));
  switch (operation.kind) {
    case "get": return readRequest(key, consistency, timeoutMs);
    case "put": return propose(encodeCommand({ operation: "put", key: utf8(key), value: utf8(operation.value), wantPrevious: false, session }));
    case "putIf": return propose(encodeCommand({ operation: "put", key: utf8(key), value: utf8(operation.value), condition: conditionOf(operation.condition), wantPrevious: false, session }));
    case "delete": return propose(encodeCommand({ operation: "delete", key: utf8(key), wantPrevious: false, session }));
  }
}

export function settleRequest(session: SessionStamp, timeoutMs: number): TimedRequest {
  return { operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs, command: encodeCommand({ operation: "settle", session }) };
}

/** What the settled operation was answered, if it was executed; undefined when the cluster has forgotten the session. */
export function settledOutput({ key, operation }: Step, response: ClientResponse): Output | "not applied" | undefined {
  const isVoid = response.operation === "propose" && decodeResult(response.result).status === "neverApplied";
  return isVoid ? "not applied" : outputOf({ key, operation }, response);
}

/** undefined: the cluster does not know this session, or refuses its number. */
export function outputOf({ key, operation }: Step, response: ClientResponse): Output | undefined {
  if (response.operation === "read") {
    if (isPair(key)) return pairSeen(response.records);
    const found = response.records[0];
    return { value: found === undefined ? undefined : utf8Text(found.value), version: found?.version };
  }
  if (response.operation !== "propose") throw new Error("clients of the simulation ask for data only");
  if (response.result === emptyBytes || response.result.length === 0) return {};
  const result = decodeResult(response.result);
  const { status, version, deleted } = result;
  if (status === "sessionExpired" || status === "sequenceAhead") return undefined;
  if (isPair(key)) return pairWritten(key, operation as KeyWrite, result);
  if (operation.kind === "delete") return { found: deleted === 1 };
  if (operation.kind === "putIf") return status === "conflict" ? { applied: false } : { applied: true, version };
  return { version };
}

function conditionOf(condition: RecordedCondition): Condition {
  if ("absent" in condition) return { kind: "absent" };
  if ("version" in condition) return { kind: "version", version: condition.version };
  return { kind: "value", value: utf8(condition.value) };
}
