// What a client of a check does with a register, and what its answer says in the terms of the history. A register is a key or a pair of keys, and may hang on a lease.

import { utf8, utf8Text } from "../../base/bytes.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { RaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import type { RequestOutcome, WriteReceipt } from "../../client/writes.ts";
import type { CommandResult } from "../../wire/command-result.ts";
import type { SessionStamp } from "../../wire/command.ts";
import type { Condition, KeyOperation, Manner, Output } from "./history.ts";
import type { KeyLease } from "./key-lease.ts";
import { pairRange, pairSeen, pairTxn, pairWritten } from "./pair.ts";

export interface Register {
  /** Of the key, or what both keys of the pair begin with. */
  readonly name: string;
  readonly isPair: boolean;
  readonly lease: KeyLease | undefined;
}

export type CheckOperation = KeyOperation | { readonly kind: "revoke" };
export type CheckWrite = Exclude<CheckOperation, { kind: "get" }>;

/** A write under its stamp: sent again, it happens now or never again. */
export interface StampedWrite {
  readonly register: Register;
  readonly operation: CheckWrite;
  readonly stamp: SessionStamp;
}

export function mannerOf({ isPair, lease }: Register, { kind }: CheckOperation): Manner {
  return { ...(isPair && kind !== "get" && kind !== "revoke" && { txn: true }), ...(lease !== undefined && { lease: lease.text }) };
}

export async function read(client: Client, { name, isPair }: Register): Promise<Output> {
  if (isPair) return pairSeen((await client.kv.range(pairRange(name))).records);
  const { record } = await client.kv.get(name);
  return record === undefined ? {} : { value: utf8Text(record.value) ?? "(not UTF-8)", version: record.version, index: record.modIndex };
}

/** A condition that does not hold is an answer, and so is a lease that has ended. */
export async function write(client: Client, stamped: StampedWrite): Promise<Output> {
  try {
    const { result, index } = await send(client, stamped);
    return result === undefined ? { index } : written(stamped, result);
  } catch (thrown) {
    return refusal(stamped, toRaftctlError(thrown));
  }
}

function send(client: Client, { register: { name, isPair, lease }, operation, stamp }: StampedWrite): Promise<WriteReceipt> {
  const options = { session: stamp };
  if (operation.kind === "revoke") return client.leases.revoke(lease!.id, options);
  if (isPair) return client.kv.txn(pairTxn(name, operation, lease?.id), options);
  if (operation.kind === "delete") return client.kv.delete(name, options);
  const condition = operation.kind === "putIf" ? conditionOf(operation.condition) : undefined;
  return client.kv.put(name, operation.value, { ...options, condition, lease: lease?.id });
}

function written({ register, operation }: StampedWrite, result: CommandResult): Output {
  const { version, deleted, index } = result;
  if (operation.kind === "revoke") return { found: true, index };
  if (register.isPair) return pairWritten(register.name, operation, result);
  if (operation.kind === "delete") return { found: deleted === 1, index };
  return operation.kind === "putIf" ? { applied: true, version, index } : { version, index };
}

function refusal({ register, operation }: StampedWrite, error: RaftctlError): Output {
  const { version, index } = error.details ?? {};
  if (error.code === "LEASE_NOT_FOUND" && register.lease !== undefined) return endedOutput(operation);
  if (error.code !== "CONFLICT" || operation.kind !== "putIf") throw error;
  return { applied: false, ...(version !== undefined && { version: Number(version) }), ...(index !== undefined && { index: Number(index) }) };
}

function endedOutput({ kind }: CheckWrite): Output {
  if (kind === "revoke") return { found: false };
  return kind === "putIf" ? { applied: false, ended: true } : { ended: true };
}

/** What became of a write whose answer was lost; undefined when nobody can tell any more. */
export function resolved(stamped: StampedWrite, outcome: RequestOutcome): Output | "not applied" | undefined {
  if (outcome.state !== "applied") return outcome.state === "not-applied" ? "not applied" : undefined;
  const { result } = outcome;
  switch (result.status) {
    case "ok":
      return written(stamped, result);
    case "conflict":
      return { applied: false, version: result.version, index: result.index };
    case "leaseNotFound":
      return { ...endedOutput(stamped.operation), index: result.index };
    default:
      return undefined;
  }
}

function conditionOf(condition: Condition): { kind: "absent" } | { kind: "version"; version: number } | { kind: "value"; value: Uint8Array } {
  if ("absent" in condition) return { kind: "absent" };
  return "version" in condition ? { kind: "version", version: condition.version } : { kind: "value", value: utf8(condition.value) };
}

