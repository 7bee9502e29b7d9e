// `raftctl inspect-log blame KEY`: every entry of the retained log that touches the key, with its effect, as a table and as a document.

import { utf8 } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { LogCommand, LogHeader, LogSource, LogTxn, LogValue } from "../../wire/log-inspection.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import { Blame, type BlamedEntry, type Effect } from "./blame.ts";
import { entryDocument, headerDocument, type EntryDocument, type HeaderDocument } from "./documents.ts";
import { entryText, headerText, timeText } from "./entry-text.ts";
import { retained } from "./range.ts";

export interface BlameDocument {
  header: HeaderDocument;
  key: string;
  found: boolean;
  entries: (EntryDocument & { effect: Effect; version: string | null })[];
}

export interface BlameFinding {
  readonly document: BlameDocument;
  readonly text: string;
}

/** Values are read, because conditions may speak of them, and are shown only when they are asked for. */
export async function blameKey(log: LogSource, key: string, showsValues: boolean): Promise<BlameFinding> {
  const { header } = log;
  const blame = new Blame(utf8(key), header.firstIndex === 1);
  const blamed: BlamedEntry[] = [];
  for await (const page of log.entries(retained(header), "values")) {
    for (const entry of page) {
      const found = blame.judge(entry);
      if (found !== undefined) blamed.push(showsValues ? found : withoutValues(found));
    }
  }
  const entries = blamed.map(({ entry, effect, version }) => ({ ...entryDocument(entry), effect, version: version === undefined ? null : String(version) }));
  const document = { header: headerDocument(header), key, found: entries.length > 0, entries };
  return { document, text: blameText(header, blamed) };
}

/** Exit 4. */
export function blameMissing({ key, found, header }: BlameDocument): RaftctlError | undefined {
  if (found) return undefined;
  const begins = header.firstIndex === "1" ? "" : ", which begins behind a snapshot";
  return new RaftctlError("NOT_FOUND", `no entry of the log of ${header.node} writes ${JSON.stringify(key)}: it holds ${header.firstIndex} to ${header.lastIndex}${begins}`);
}

function withoutValues({ entry, ...judged }: BlamedEntry): BlamedEntry {
  return entry.command === null ? { entry, ...judged } : { ...judged, entry: { ...entry, command: hidden(entry.command) } };
}

/** The same without the content of its values. */
export function hidden(command: LogCommand): LogCommand {
  const { value, condition, txn } = command;
  const wanted = condition?.kind === "value" ? { ...condition, value: hiddenValue(condition.value) } : condition;
  return { ...command, value: hiddenValue(value), condition: wanted, ...(txn !== undefined && { txn: hiddenTxn(txn) }) };
}

function hiddenTxn({ compare, then, else: otherwise }: LogTxn): LogTxn {
  return { compare: compare.map((comparison) => ({ ...comparison, value: hiddenValue(comparison.value) })), then: then.map(hidden), else: otherwise.map(hidden) };
}

function hiddenValue<V extends LogValue | null>(value: V): V {
  return value === null ? value : { ...value, content: null };
}

function blameText(header: LogHeader, blamed: readonly BlamedEntry[]): string {
  if (blamed.length === 0) return headerText(header);
  const table = renderTable(blamed, [
    { title: "INDEX", cell: ({ entry }) => String(entry.index), align: "right" },
    { title: "TERM", cell: ({ entry }) => String(entry.term), align: "right" },
    { title: "TIME", cell: ({ entry }) => timeText(entry.time) },
    { title: "EFFECT", cell: ({ effect }) => effect },
    { title: "VERSION", cell: ({ version }) => (version === undefined ? "?" : String(version)), align: "right" },
    { title: "WHAT", cell: ({ entry }) => visible(entryText(entry)) },
  ]);
  return `${headerText(header)}\n\n${table}`;
}
