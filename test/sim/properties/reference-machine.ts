// The state machine, written down a second time and as simply as possible: maps instead of a store, no digest, no rows, no transactions. One committed
// log goes in, and what each command must be answered comes out.

import { unreachable } from "../../../src/base/assert.ts";
import { equalBytes } from "../../../src/base/bytes.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { commandFault, decodeCommand, timeOf, type Command, type Condition, type DeleteCommand, type DeleteRangeCommand, type PutCommand } from "../../../src/wire/command.ts";
import type { LeaseGrantCommand, LeaseRevokeCommand } from "../../../src/wire/command-types.ts";
import { encodeResult, type CommandResult, type PreviousRecord } from "../../../src/wire/command-result.ts";
import { decodeTxn, type Comparison, type Relation, type Txn, type TxnRange } from "../../../src/wire/txn.ts";
import { encodeStepResults, type TxnStepResult } from "../../../src/wire/txn-result.ts";
import { ReferenceSessions, type ReferenceLimits } from "./reference-sessions.ts";

/** More keys are never deleted by one command. */
const keysDeletedMax = 100_000;

/** A key is text with one character for each byte. */
export type ReferenceChange =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array; readonly version: number; readonly createIndex: number }
  | { readonly kind: "delete"; readonly key: string };

type Outcome = Pick<CommandResult, "status"> & Partial<CommandResult>;

export class ReferenceMachine {
  readonly #records = new Map<string, PreviousRecord & { readonly lease: bigint | undefined }>();
  readonly #leases = new Map<bigint, { readonly ttlMs: number; readonly grantIndex: number }>();
  /** By stream: the next offset. */
  readonly #streams = new Map<string, number>();
  readonly #sessions: ReferenceSessions;

  readonly #changed: (change: ReferenceChange) => void;

  /** @param changed told of every key that changes, in order */
  constructor(limits: ReferenceLimits, changed: (change: ReferenceChange) => void = () => undefined) {
    this.#sessions = new ReferenceSessions(limits);
    this.#changed = changed;
  }

  /** The result of the entry that follows the last one; undefined for what is not a command. */
  apply({ index, type, data }: Entry): Uint8Array | undefined {
    if (type !== entryTypes.command) return undefined;
    if (commandFault(data) !== undefined) return resultOf({ status: "invalid" }, index);
    const time = timeOf(data);
    if (time !== undefined) this.#sessions.pass(index, time);
    const command = decodeCommand(data);
    const { session } = command;
    if (session === undefined) return resultOf(this.#execute(command, index), index);
    const verdict = this.#sessions.verdict(session, index);
    if (verdict === "expired") return resultOf({ status: "sessionExpired" }, index);
    if (verdict === "ahead") return resultOf({ status: "sequenceAhead" }, index);
    if (verdict !== "new") return verdict;
    const result = resultOf(this.#execute(command, index), index);
    this.#sessions.remember(session, result, index);
    return result;
  }

  #execute(command: Command, index: number): Outcome {
    switch (command.operation) {
      case "put":
        return this.#put(command, index);
      case "delete":
        return this.#delete(command);
      case "deleteRange":
        return this.#deleteRange(command);
      case "set":
        return { status: "ok" };
      case "settle":
        return { status: "neverApplied" };
      case "sessionClose": {
        const forgotten = this.#sessions.close(command.target, index);
        return forgotten === undefined ? { status: "sessionNotFound" } : { status: "ok", deleted: forgotten };
      }
      case "leaseGrant":
        return this.#grant(command, index);
      case "leaseRevoke":
        return this.#revoke(command);
      case "append":
        return this.#append(textOf(command.key));
      case "txn":
        return this.#txn(command.body, index);
      default:
        return unreachable(command);
    }
  }

  #put({ key, value, condition, wantPrevious, lease }: PutCommand, index: number): Outcome {
    if (lease !== undefined && !this.#leases.has(lease)) return { status: "leaseNotFound" };
    const current = this.#records.get(textOf(key));
    const previous = wantPrevious ? current : undefined;
    if (!holds(condition, current)) return { status: "conflict", version: current?.version ?? 0, previous };
    const version = (current?.version ?? 0) + 1;
    const createIndex = current?.createIndex ?? index;
    this.#records.set(textOf(key), { value, version, createIndex, modIndex: index, lease });
    this.#changed({ kind: "put", key: textOf(key), value, version, createIndex });
    return { status: "ok", version, previous };
  }

  #delete({ key, condition, wantPrevious }: DeleteCommand): Outcome {
    const current = this.#records.get(textOf(key));
    const previous = wantPrevious ? current : undefined;
    const version = current?.version ?? 0;
    if (!holds(condition, current)) return { status: "conflict", version, previous };
    return { status: "ok", version, deleted: this.#forget(textOf(key)) ? 1 : 0, previous };
  }

  #deleteRange(range: DeleteRangeCommand): Outcome {
    const doomed = this.#keysIn(range);
    if (doomed.length > keysDeletedMax) return { status: "tooMany" };
    for (const key of doomed.toSorted()) this.#forget(key);
    return { status: "ok", deleted: doomed.length };
  }

  #txn(body: Uint8Array, index: number): Outcome {
    const txn = txnOf(body);
    if (txn === undefined) return { status: "invalid" };
    const held = txn.compare.every((comparison) => compares(comparison, this.#records.get(textOf(comparison.key))));
    const steps = held ? txn.then : txn.else;
    const doomed = steps.flatMap((step) => (step.operation === "deleteRange" ? this.#keysIn(step) : []));
    if (doomed.length > keysDeletedMax) return { status: "tooMany" };
    if (steps.some((step) => step.operation === "put" && step.lease !== undefined && !this.#leases.has(step.lease))) return { status: "leaseNotFound" };
    const results = steps.map((step) => (step.operation === "range" ? this.#range(step) : fullResult(this.#execute(step, index), index)));
    const deleted = results.reduce((sum, result) => sum + ("deleted" in result ? result.deleted : 0), 0);
    return { status: "ok", version: held ? 1 : 0, deleted, steps: encodeStepResults(results) };
  }

  /** As long as everything fits into one answer, which holds for the small worlds in which this is used. */
  #range(range: TxnRange): TxnStepResult {
    const keys = this.#keysIn(range).toSorted((left, right) => (left < right ? -1 : 1));
    const records = keys.slice(0, range.limit).map((key) => ({ key: bytesOf(key), ...this.#records.get(key)! }));
    return { records: records.map((record) => (range.keysOnly ? { ...record, value: new Uint8Array(0) } : record)), more: keys.length > range.limit };
  }

  #keysIn({ start, end }: { readonly start: Uint8Array; readonly end: Uint8Array | undefined }): string[] {
    const first = textOf(start);
    const beyond = end === undefined ? undefined : textOf(end);
    return [...this.#records.keys()].filter((key) => key >= first && (beyond === undefined || key < beyond));
  }

  #grant({ lease, ttlMs }: LeaseGrantCommand, index: number): Outcome {
    const known = this.#leases.get(lease);
    if (known !== undefined && known.ttlMs !== ttlMs) return { status: "conflict" };
    this.#leases.set(lease, { ttlMs, grantIndex: index });
    return { status: "ok" };
  }

  #revoke({ lease, expiredGrant }: LeaseRevokeCommand): Outcome {
    const known = this.#leases.get(lease);
    if (known === undefined || (expiredGrant !== undefined && known.grantIndex !== expiredGrant)) return { status: "leaseNotFound" };
    this.#leases.delete(lease);
    const doomed = [...this.#records].filter(([, record]) => record.lease === lease).map(([key]) => key).toSorted();
    for (const key of doomed) this.#forget(key);
    return { status: "ok", deleted: doomed.length };
  }

  #forget(key: string): boolean {
    const wasThere = this.#records.delete(key);
    if (wasThere) this.#changed({ kind: "delete", key });
    return wasThere;
  }

  #append(stream: string): Outcome {
    const offset = this.#streams.get(stream) ?? 0;
    this.#streams.set(stream, offset + 1);
    return { status: "ok", offset };
  }
}

function resultOf(outcome: Outcome, index: number): Uint8Array {
  return encodeResult(fullResult(outcome, index));
}

function fullResult(outcome: Outcome, index: number): CommandResult {
  return { version: 0, deleted: 0, previous: undefined, previousDropped: false, ...outcome, index };
}

function txnOf(body: Uint8Array): Txn | undefined {
  try {
    return decodeTxn(body);
  } catch {
    return undefined;
  }
}

function compares(comparison: Comparison, current: PreviousRecord | undefined): boolean {
  const { relation } = comparison;
  if (comparison.target === "value") return current !== undefined && relates(textOf(current.value), textOf(comparison.value), relation);
  return relates(current?.[comparison.target] ?? 0, comparison.number, relation);
}

function relates<T extends number | string>(found: T, wanted: T, relation: Relation): boolean {
  if (relation === "less") return found < wanted;
  if (relation === "greater") return found > wanted;
  return (found === wanted) === (relation === "equal");
}

function holds(condition: Condition | undefined, current: PreviousRecord | undefined): boolean {
  switch (condition?.kind) {
    case "absent":
      return current === undefined;
    case "version":
      return condition.version === (current?.version ?? 0);
    case "value":
      return current !== undefined && equalBytes(condition.value, current.value);
    default:
      return true;
  }
}

/** One character for each byte, so that texts compare as the bytes do. */
function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
