// What the machine answers to a command, from what the data engine says.

import type { CommandResult, PreviousRecord } from "../wire/command-result.ts";
import type { DataRecord, WriteOutcome } from "./data-engine.ts";

/** Of a command that has changed nothing and has nothing to tell. */
export const nothing: Omit<CommandResult, "status" | "index"> = { version: 0, deleted: 0, previous: undefined, previousDropped: false };

export function resultOf(outcome: WriteOutcome, index: number): CommandResult {
  const { status, version, deleted, previous } = outcome;
  return { status, version, index, deleted, previous: previous && previousOf(previous), previousDropped: false };
}

function previousOf(record: DataRecord): PreviousRecord {
  return { value: record.value, version: record.version, createIndex: record.createRevision, modIndex: record.modRevision };
}
