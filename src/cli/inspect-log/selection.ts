// Which entries of a range are shown: by type, term, key and whether they are known to be committed. A key selects what writes it, a range that was
// deleted over it included. Pure.

import { compareBytes, equalBytes, utf8 } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { LogCommand, LogEntry, LogEntryType, LogTxn } from "../../wire/log-inspection.ts";

export const entryTypeNames = ["command", "config", "noop"] as const satisfies readonly LogEntryType[];

export interface Selection {
  /** undefined: all. */
  readonly types: ReadonlySet<LogEntryType> | undefined;
  readonly term: number | undefined;
  readonly key: Uint8Array | undefined;
  readonly prefix: Uint8Array | undefined;
  /** true: known to be committed. false: not known to be. */
  readonly committed: boolean | undefined;
}

export interface SelectionFlags {
  readonly type?: string | undefined;
  readonly term?: number | undefined;
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
  readonly committed?: boolean | undefined;
  readonly uncommitted?: boolean | undefined;
}

/** @throws USAGE */
export function selectionOf(flags: SelectionFlags): Selection {
  return {
    types: flags.type === undefined ? undefined : new Set(flags.type.split(",").map(typeNamed)),
    term: flags.term,
    key: flags.key === undefined ? undefined : utf8(flags.key),
    prefix: flags.prefix === undefined ? undefined : utf8(flags.prefix),
    committed: committedOf(flags),
  };
}

function typeNamed(text: string): LogEntryType {
  const type = entryTypeNames.find((name) => name === text.trim());
  if (type === undefined) throw new RaftctlError("USAGE", `--type ${JSON.stringify(text)}: want ${entryTypeNames.join(", ")}, with commas between them`);
  return type;
}

function committedOf({ committed, uncommitted }: SelectionFlags): boolean | undefined {
  if (committed === true) return true;
  return uncommitted === true ? false : undefined;
}

export function selectsAll({ types, term, key, prefix, committed }: Selection): boolean {
  return types === undefined && term === undefined && key === undefined && prefix === undefined && committed === undefined;
}

export function selects({ types, term, key, prefix, committed }: Selection, entry: LogEntry): boolean {
  if (types !== undefined && !types.has(entry.type)) return false;
  if (term !== undefined && entry.term !== term) return false;
  if (committed !== undefined && (entry.committed === true) !== committed) return false;
  if (key !== undefined && (entry.command === null || !writesKey(entry.command, key))) return false;
  return prefix === undefined || (entry.command !== null && writesUnder(entry.command, prefix));
}

/** Streams and settings have names of their own. */
export function isAboutKeys({ operation }: LogCommand): boolean {
  return operation === "put" || operation === "delete" || operation === "deleteRange" || operation === "txn";
}

export function writesKey(command: LogCommand, key: Uint8Array): boolean {
  if (!isAboutKeys(command)) return false;
  if (command.txn !== undefined) return stepsOf(command.txn).some((step) => writesKey(step, key));
  if (command.operation !== "deleteRange") return equalBytes(command.key, key);
  return compareBytes(command.key, key) <= 0 && (command.end === null || compareBytes(key, command.end) < 0);
}

/** Of both sides: which one was taken, the entry does not say. */
function stepsOf({ then, else: otherwise }: LogTxn): LogCommand[] {
  return [...then, ...otherwise];
}

function writesUnder(command: LogCommand, prefix: Uint8Array): boolean {
  if (!isAboutKeys(command)) return false;
  if (command.txn !== undefined) return stepsOf(command.txn).some((step) => writesUnder(step, prefix));
  const begins = equalBytes(command.key.subarray(0, prefix.length), prefix);
  if (command.operation !== "deleteRange" || begins) return begins;
  // The range begins before the prefix: it reaches it when it ends behind it.
  return compareBytes(command.key, prefix) < 0 && (command.end === null || compareBytes(command.end, prefix) > 0);
}
