// Which entries of a log wrote or deleted a key, and, as far as it follows from the entries alone, with what effect and which version came of it. Pure.
//
// The version is known from where the key is known not to exist: at the very beginning of the log, and behind an unconditional delete. A condition on the
// version is decided then; one on the value when values are at hand. What is not known to be committed has no effect yet. A lease that ends deletes the key when
// its last write was attached to it. Not seen here: that a session had expired or was closed, or a lease had expired, and so a command was refused.

import { equalBytes } from "../../base/bytes.ts";
import type { LogCommand, LogEntry, LogTxn } from "../../wire/log-inspection.ts";
import { writesKey } from "./selection.ts";

/** repeated: the same command of the same session stands before it. unknown: whether its condition held does not follow from the log. */
export type Effect = "written" | "deleted" | "nothing" | "refused" | "repeated" | "pending" | "unknown";

export interface BlamedEntry {
  readonly entry: LogEntry;
  readonly effect: Effect;
  /** Of the key afterwards, 0 when it does not exist; undefined when that does not follow. */
  readonly version: number | undefined;
}

interface KeyState {
  readonly version: number;
  readonly value: Uint8Array | undefined;
}

export class Blame {
  readonly #key: Uint8Array;
  readonly #stamps = new Set<string>();
  /** Somebody asked for their outcome before they came. */
  readonly #settled = new Set<string>();
  #state: KeyState | undefined;
  /** That the last write has attached the key to, whatever its version. */
  #lease: string | undefined;

  /** @param isComplete the log begins with its first entry, so nothing was written before it */
  constructor(key: Uint8Array, isComplete: boolean) {
    this.#key = key;
    this.#state = isComplete ? absent : undefined;
  }

  /** undefined when the entry does not touch the key. In order of the log. */
  judge(entry: LogEntry): BlamedEntry | undefined {
    const { command, session } = entry;
    const stamp = session === null ? undefined : `${session.id}:${session.sequence}`;
    if (command?.operation === "settle" && entry.committed === true) this.#settled.add(stamp!);
    if (command === null || !this.#isTouchedBy(command)) return undefined;
    return this.#judge(entry, command, stamp);
  }

  #isTouchedBy(command: LogCommand): boolean {
    if (command.operation === "leaseRevoke") return this.#lease !== undefined && command.lease?.id === this.#lease;
    return writesKey(command, this.#key);
  }

  #judge(entry: LogEntry, command: LogCommand, stamp: string | undefined): BlamedEntry {
    if (entry.committed !== true) return { entry, effect: "pending", version: undefined };
    if (stamp !== undefined && this.#stamps.has(stamp)) return { entry, effect: "repeated", version: this.#state?.version };
    if (stamp !== undefined && this.#settled.has(stamp)) return { entry, effect: "refused", version: this.#state?.version };
    if (stamp !== undefined) this.#stamps.add(stamp);
    const effect = this.#apply(command);
    return { entry, effect, version: this.#state?.version };
  }

  #apply(command: LogCommand): Effect {
    if (command.txn !== undefined) return this.#applyTxn(command.txn);
    const holds = holdsFor(command, this.#state);
    if (holds === false) return "refused";
    const before = this.#state;
    this.#lease = command.operation === "put" ? command.lease?.id : undefined;
    if (holds === undefined) {
      this.#state = undefined;
      return "unknown";
    }
    if (command.operation === "put") {
      this.#state = before === undefined ? undefined : { version: before.version + 1, value: copyOf(command.value?.content) };
      return "written";
    }
    this.#state = absent;
    return before?.version === 0 ? "nothing" : "deleted";
  }

  /** No key is written by two steps of one side. Whether comparisons held is not looked at: they may be about any key. */
  #applyTxn({ compare, then }: LogTxn): Effect {
    const step = compare.length === 0 ? then.find((one) => writesKey(one, this.#key)) : undefined;
    if (step !== undefined) return this.#apply(step);
    if (compare.length === 0) return "nothing";
    this.#state = undefined;
    return "unknown";
  }
}

function copyOf(content: Uint8Array | null | undefined): Uint8Array | undefined {
  return content === null || content === undefined ? undefined : new Uint8Array(content);
}

const absent: KeyState = { version: 0, value: undefined };

/** Whether the command's condition holds; undefined when that does not follow. */
function holdsFor({ condition }: LogCommand, state: KeyState | undefined): boolean | undefined {
  if (condition === null) return true;
  if (state === undefined) return undefined;
  if (condition.kind === "absent") return state.version === 0;
  if (condition.kind === "version") return state.version === condition.version;
  if (state.version === 0) return false;
  const wanted = condition.value.content;
  return wanted === null || state.value === undefined ? undefined : equalBytes(wanted, state.value);
}
