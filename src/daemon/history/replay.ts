// Applies the entries behind a state as every node did, with the machine itself: conditions, repetitions of sessions, sessions that had expired, and ranges
// are judged by the one who judged them then. Entries that do not touch the key are applied many at a time.

import type { Machine } from "../../machine/machine.ts";
import type { Entry } from "../../raft/entry.ts";
import { decodeResult, type CommandResult } from "../../wire/command-result.ts";
import type { HistoryEffect, KeyAt } from "../../wire/key-history.ts";
import type { LogCommand, LogEntry } from "../../wire/log-inspection.ts";
import type { BaseState } from "./base-state.ts";
import type { Held, Judged } from "./judged.ts";
import { rawEntry } from "./touch.ts";

const entriesPerBatch = 1_000;

export class Replay {
  readonly #machine: Machine;
  readonly #key: Uint8Array;
  #waiting: Entry[] = [];
  #index: number;
  #record: KeyAt | undefined;

  constructor({ machine, index, record }: BaseState, key: Uint8Array) {
    this.#machine = machine;
    this.#key = key;
    this.#index = index;
    this.#record = record;
  }

  /** The last entry it was given. */
  get index(): number {
    return this.#index;
  }

  /** After that entry. */
  get held(): Held {
    return { record: this.#record };
  }

  /** The next entry, which does not touch the key. @throws INCOMPATIBLE */
  pass(entry: LogEntry): void {
    this.#index = entry.index;
    this.#waiting.push(rawEntry(entry));
    if (this.#waiting.length >= entriesPerBatch) this.#flush();
  }

  /** The next entry, which does. @throws INCOMPATIBLE */
  judge(entry: LogEntry, command: LogCommand): Judged {
    this.#flush();
    this.#index = entry.index;
    const before = this.#record;
    const result = decodeResult(this.#machine.apply(rawEntry(entry))!);
    this.#record = this.#machine.get(this.#key);
    const effect = effectOf(result, { index: entry.index, command, hadRecord: before !== undefined });
    return { effect: effect === "written" && command.operation === "txn" ? this.#effectOfTxn(before, result) : effect, after: this.held };
  }

  /** Which side was taken, and what it did to this key. */
  #effectOfTxn(before: KeyAt | undefined, { version: held }: CommandResult): HistoryEffect {
    if (this.#record?.modIndex === this.#index) return "written";
    if (before !== undefined && this.#record === undefined) return "deleted";
    return held === 1 ? "nothing" : "refused";
  }

  /** The next entry, with which a lease ends. undefined: the key was not attached to it. @throws INCOMPATIBLE */
  judgeRevoke(entry: LogEntry): Judged | undefined {
    this.#flush();
    this.#index = entry.index;
    this.#machine.apply(rawEntry(entry));
    const before = this.#record;
    this.#record = this.#machine.get(this.#key);
    return before === undefined || this.#record !== undefined ? undefined : { effect: "deleted", after: this.held };
  }

  #flush(): void {
    this.#machine.applyBatch(this.#waiting);
    this.#waiting = [];
  }
}

interface Executed {
  readonly index: number;
  readonly command: LogCommand;
  /** undefined: not known. */
  readonly hadRecord: boolean | undefined;
}

/** What a result of the machine says of the entry. Of a transaction that was carried out: written, whatever it has done. */
export function effectOf({ status, index, deleted }: CommandResult, executed: Executed): HistoryEffect {
  if (status === "neverApplied") return "refused";
  if (status === "sessionExpired") return "expired";
  if (index !== executed.index) return "repeated";
  if (status !== "ok") return "refused";
  const { command: { operation }, hadRecord } = executed;
  if (operation === "put" || operation === "txn") return "written";
  if (deleted === 0) return "nothing";
  if (operation === "delete") return "deleted";
  // A range may have held others.
  if (hadRecord === undefined) return "unknown";
  return hadRecord ? "deleted" : "nothing";
}
