// Counts what a log holds while it goes by: entries and bytes by type and operation, the runs of terms, sessions, and the prefixes of keys under which most is
// written. Memory is bounded: beyond a number of sessions or prefixes the rest is counted together.

import { equalBytes } from "../../base/bytes.ts";
import type { LogCommand, LogEntry, LogEntryType } from "../../wire/log-inspection.ts";
import { bytesDocument, type BytesDocument } from "../envelope.ts";
import { isAboutKeys } from "./selection.ts";

export const sessionsMax = 100_000;
export const prefixesMax = 10_000;
/** Of prefixes in a document. */
export const prefixesShown = 20;
const separator = 0x2f;

interface Count {
  entries: number;
  bytes: number;
}

interface Prefix extends Count {
  readonly key: Uint8Array;
}

interface Run {
  readonly term: number;
  readonly firstIndex: number;
  lastIndex: number;
}

export interface CountDocument {
  entries: number;
  bytes: number;
}

export interface StatisticsDocument extends CountDocument {
  firstIndex: string | null;
  lastIndex: string | null;
  types: Partial<Record<LogEntryType, CountDocument>>;
  operations: Partial<Record<LogCommand["operation"], CountDocument>>;
  terms: { term: string; firstIndex: string; lastIndex: string; entries: number }[];
  sessions: number;
  /** More sessions than were counted apart. */
  sessionsTruncated: boolean;
  /** Up to and with the first slash, those with most bytes first. */
  prefixes: (BytesDocument & CountDocument)[];
  otherPrefixes: CountDocument | null;
}

export class LogStatistics {
  readonly #all: Count = { entries: 0, bytes: 0 };
  readonly #types = new Map<LogEntryType, Count>();
  readonly #operations = new Map<LogCommand["operation"], Count>();
  readonly #runs: Run[] = [];
  readonly #sessions = new Set<string>();
  #sessionsTruncated = false;
  readonly #prefixes = new Map<string, Prefix>();
  readonly #others: Count = { entries: 0, bytes: 0 };

  add(entry: LogEntry): void {
    count(this.#all, entry.bytes);
    count(counted(this.#types, entry.type), entry.bytes);
    this.#addTerm(entry);
    if (entry.session !== null) this.#addSession(entry.session.id);
    if (entry.command === null) return;
    count(counted(this.#operations, entry.command.operation), entry.bytes);
    for (const prefix of prefixesWritten(entry.command)) this.#addPrefix(prefix, entry.bytes);
  }

  document(): StatisticsDocument {
    const prefixes = [...this.#prefixes.values()].toSorted((left, right) => right.bytes - left.bytes);
    const rest = prefixes.slice(prefixesShown).reduce(sum, this.#others);
    return {
      ...this.#all,
      firstIndex: textOf(this.#runs[0]?.firstIndex), lastIndex: textOf(this.#runs.at(-1)?.lastIndex),
      types: Object.fromEntries(this.#types), operations: Object.fromEntries(this.#operations),
      terms: this.#runs.map(({ term, firstIndex, lastIndex }) => ({ term: String(term), firstIndex: String(firstIndex), lastIndex: String(lastIndex), entries: lastIndex - firstIndex + 1 })),
      sessions: this.#sessions.size, sessionsTruncated: this.#sessionsTruncated,
      prefixes: prefixes.slice(0, prefixesShown).map(({ key, entries, bytes }) => ({ ...bytesDocument(key), entries, bytes })),
      otherPrefixes: rest.entries === 0 ? null : rest,
    };
  }

  /** A run ends where the term changes, and where entries are left out. */
  #addTerm({ index, term }: LogEntry): void {
    const run = this.#runs.at(-1);
    if (run?.term === term && run.lastIndex === index - 1) run.lastIndex = index;
    else this.#runs.push({ term, firstIndex: index, lastIndex: index });
  }

  #addSession(id: string): void {
    if (this.#sessions.size < sessionsMax) this.#sessions.add(id);
    else if (!this.#sessions.has(id)) this.#sessionsTruncated = true;
  }

  #addPrefix(key: Uint8Array, bytes: number): void {
    const name = key.join(",");
    const known = this.#prefixes.get(name);
    if (known !== undefined) count(known, bytes);
    else if (this.#prefixes.size < prefixesMax) this.#prefixes.set(name, { key, entries: 1, bytes });
    else count(this.#others, bytes);
  }
}

function count(counter: Count, bytes: number): void {
  counter.entries += 1;
  counter.bytes += bytes;
}

function counted<Key>(counts: Map<Key, Count>, key: Key): Count {
  let counter = counts.get(key);
  if (counter === undefined) counts.set(key, (counter = { entries: 0, bytes: 0 }));
  return counter;
}

function sum(total: Count, part: Count): Count {
  return { entries: total.entries + part.entries, bytes: total.bytes + part.bytes };
}

function textOf(index: number | undefined): string | null {
  return index === undefined ? null : String(index);
}

/** Each once. Of a transaction, which is counted under each of them, those of both sides. */
function prefixesWritten(command: LogCommand): Uint8Array[] {
  if (!isAboutKeys(command)) return [];
  if (command.txn === undefined) return [prefixOf(command.key)];
  const found = [...command.txn.then, ...command.txn.else].flatMap(prefixesWritten);
  return found.filter((prefix, place) => found.findIndex((other) => equalBytes(other, prefix)) === place);
}

/** A copy: what was read is not kept alive by it. */
function prefixOf(key: Uint8Array): Uint8Array {
  const end = key.indexOf(separator);
  return new Uint8Array(key.subarray(0, end === -1 ? key.length : end + 1));
}
