// Judges entries before which the state is not at hand, by what follows for certain: from a later state, whose sessions remember what the machine answered to
// each command and at which index; and from the entries themselves, when no session and no unknown condition is in the way.
//
// A command of a session that no later state remembers may have been carried out, refused, repeated or expired: nothing follows from it.

import { equalBytes } from "../../base/bytes.ts";
import type { CommandResult } from "../../wire/command-result.ts";
import type { LogCommand, LogEntry } from "../../wire/log-inspection.ts";
import type { BaseState } from "./base-state.ts";
import { absent, type Held, type Judged } from "./judged.ts";
import { effectOf } from "./replay.ts";

export class Inference {
  #held: Held | undefined;

  constructor(held: Held | undefined) {
    this.#held = held;
  }

  get held(): Held | undefined {
    return this.#held;
  }

  /** @param later the next state behind the entry, if there is one */
  judge(entry: LogEntry, command: LogCommand, later: BaseState | undefined): Judged {
    // What its comparisons came to does not follow.
    if (command.operation === "txn") return this.#lost();
    if (entry.session === null) return this.#judgeAlone(entry, command);
    const outcome = later?.outcomeOf(entry.session);
    // A later one: this entry was refused for some reason, and its number was executed afterwards.
    if (outcome === undefined || outcome.index > entry.index) return this.#lost();
    return this.#judgeBy(outcome, entry, command);
  }

  #judgeBy(outcome: CommandResult, { index }: LogEntry, command: LogCommand): Judged {
    const before = this.#held;
    const effect = effectOf(outcome, { index, command, hadRecord: before === undefined ? undefined : before.record !== undefined });
    if (effect === "refused" && outcome.status === "conflict" && outcome.version === 0) this.#held = absent;
    if (effect !== "refused" && effect !== "repeated") this.#held = command.operation === "put" ? this.#written(index, command, outcome.version) : absent;
    return { effect, after: this.#held };
  }

  #judgeAlone({ index }: LogEntry, command: LogCommand): Judged {
    const before = this.#held;
    const holds = holdsFor(command, before);
    if (holds === undefined) return this.#lost();
    if (!holds) return { effect: "refused", after: before };
    if (command.operation === "put") {
      this.#held = this.#written(index, command, nextVersion(before));
      return { effect: "written", after: this.#held };
    }
    // How many keys the range held is not known: it may have been refused. Where there was nothing there is nothing.
    if (command.operation === "deleteRange" && (before === undefined || before.record !== undefined)) return this.#lost();
    this.#held = absent;
    if (before === undefined) return { effect: "unknown", after: absent };
    return { effect: before.record === undefined ? "nothing" : "deleted", after: absent };
  }

  #written(index: number, { value }: LogCommand, version: number | undefined): Held {
    const createIndex = version === 1 ? index : this.#held?.record?.createIndex;
    return { record: { value: value!.content!, version, createIndex, modIndex: index } };
  }

  #lost(): Judged {
    this.#held = undefined;
    return { effect: "unknown", after: undefined };
  }
}

function nextVersion(before: Held | undefined): number | undefined {
  if (before === undefined) return undefined;
  const { version = 0 } = before.record ?? {};
  return before.record !== undefined && version === 0 ? undefined : version + 1;
}

/** Whether the condition held; undefined when that does not follow. */
function holdsFor({ condition }: LogCommand, held: Held | undefined): boolean | undefined {
  if (condition === null) return true;
  if (held === undefined) return undefined;
  const { record } = held;
  if (condition.kind === "absent") return record === undefined;
  if (condition.kind === "value") return record !== undefined && equalBytes(condition.value.content!, record.value);
  if (record === undefined) return condition.version === 0;
  return record.version === undefined ? undefined : record.version === condition.version;
}
