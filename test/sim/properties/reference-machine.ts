// The state machine, written down a second time and as simply as possible: maps instead of a store, no digest, no rows, no transactions. One committed
// log goes in, and what each command must be answered comes out.

import { unreachable } from "../../../src/base/assert.ts";
import { equalBytes } from "../../../src/base/bytes.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { commandFault, decodeCommand, timeOf, type Command, type Condition, type DeleteCommand, type DeleteRangeCommand, type PutCommand } from "../../../src/wire/command.ts";
import { encodeResult, type CommandResult, type PreviousRecord } from "../../../src/wire/command-result.ts";
import { ReferenceSessions, type ReferenceLimits } from "./reference-sessions.ts";

/** More keys are never deleted by one command. */
const keysDeletedMax = 100_000;

/** A key is text with one character for each byte. */
export type ReferenceChange =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array; readonly version: number; readonly createIndex: number }
  | { readonly kind: "delete"; readonly key: string };

type Outcome = Pick<CommandResult, "status"> & Partial<CommandResult>;

export class ReferenceMachine {
  readonly #records = new Map<string, PreviousRecord>();
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
      case "append":
        return this.#append(textOf(command.key));
      default:
        return unreachable(command);
    }
  }

  #put({ key, value, condition, wantPrevious }: PutCommand, index: number): Outcome {
    const current = this.#records.get(textOf(key));
    const previous = wantPrevious ? current : undefined;
    if (!holds(condition, current)) return { status: "conflict", version: current?.version ?? 0, previous };
    const version = (current?.version ?? 0) + 1;
    const createIndex = current?.createIndex ?? index;
    this.#records.set(textOf(key), { value, version, createIndex, modIndex: index });
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

  #deleteRange({ start, end }: DeleteRangeCommand): Outcome {
    const first = textOf(start);
    const beyond = end === undefined ? undefined : textOf(end);
    const doomed = [...this.#records.keys()].filter((key) => key >= first && (beyond === undefined || key < beyond));
    if (doomed.length > keysDeletedMax) return { status: "tooMany" };
    for (const key of doomed.toSorted()) this.#forget(key);
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
  return encodeResult({ version: 0, deleted: 0, previous: undefined, previousDropped: false, ...outcome, index });
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
