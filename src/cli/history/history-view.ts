// `raftctl history KEY`: what touched the key, as a table and as a document, and which indexes nothing is known of.

import { RaftctlError } from "../../base/errors.ts";
import type { HistoryEffect, HistoryEvent, HistorySource, KeyHistory } from "../../wire/key-history.ts";
import type { LogRange } from "../../wire/log-inspection.ts";
import { bytesDocument, type BytesDocument } from "../envelope.ts";
import { hidden } from "../inspect-log/blaming.ts";
import { commandDocument, timeDocument, type CommandDocument } from "../inspect-log/documents.ts";
import { entryText, timeText } from "../inspect-log/entry-text.ts";
import { renderTable } from "../table.ts";
import { shownBytes, visible } from "../terminal.ts";

export interface RangeDocument {
  first: string;
  last: string;
}

export interface EventDocument {
  index: string;
  /** null: the entry itself is not at hand, a later state tells of it. */
  term: string | null;
  /** When the leader took it in, on its clock, in UTC; null where it is not known. */
  time: string | null;
  effect: HistoryEffect;
  /** Of the key afterwards, "0" when it does not exist; null when that does not follow. */
  version: string | null;
  committed: true | null;
  command: CommandDocument;
  session?: string;
  seq?: string;
  source: string;
}

export interface HistoryDocument {
  key: string;
  keyEncoding: BytesDocument["encoding"];
  found: boolean;
  committedTo: string;
  events: EventDocument[];
  /** After these indexes it is not known what the key held. */
  unknown: RangeDocument[];
  sources: (RangeDocument & Pick<HistorySource, "kind" | "name">)[];
  /** States that are damaged and were left out. */
  damages: string[];
}

export function historyDocument(history: KeyHistory, showsValues: boolean): HistoryDocument {
  const { value: key, encoding: keyEncoding } = bytesDocument(history.key);
  const events = history.events.map((event) => eventDocument(event, showsValues));
  const sources = history.sources.map(({ kind, name, ...range }) => ({ kind, name, ...rangeDocument(range) }));
  return { key, keyEncoding, found: events.length > 0, committedTo: String(history.committedTo), events, unknown: unknownRanges(history).map(rangeDocument), sources, damages: [...history.damages] };
}

function eventDocument({ index, term, time, effect, version, command, session, source }: HistoryEvent, showsValues: boolean): EventDocument {
  return {
    index: String(index), term: term === undefined ? null : String(term), time: timeDocument(time ?? null), effect, version: version === undefined ? null : String(version),
    committed: effect === "pending" ? null : true, command: commandDocument(showsValues ? command : hidden(command)),
    ...(session !== undefined && { session: session.id, seq: String(session.sequence) }), source,
  };
}

export function rangeDocument({ first, last }: LogRange): RangeDocument {
  return { first: String(first), last: String(last) };
}

/** Between the known ones, up to what is known to be committed. */
export function unknownRanges({ spans, committedTo }: KeyHistory): LogRange[] {
  const unknown: LogRange[] = [];
  let next = 1;
  for (const { first, last } of spans) {
    if (first > next) unknown.push({ first: next, last: first - 1 });
    next = last + 1;
  }
  if (next <= committedTo) unknown.push({ first: next, last: committedTo });
  return unknown;
}

export function historyText(history: KeyHistory, showsValues: boolean): string {
  const { key, events, committedTo } = history;
  const table = renderTable(events, [
    { title: "INDEX", cell: ({ index }) => String(index), align: "right" },
    { title: "TERM", cell: ({ term }) => (term === undefined ? "?" : String(term)), align: "right" },
    { title: "TIME", cell: ({ time }) => timeText(time ?? null) },
    { title: "EFFECT", cell: ({ effect }) => effect },
    { title: "VERSION", cell: ({ version }) => (version === undefined ? "?" : String(version)), align: "right" },
    { title: "WHAT", cell: (event) => visible(eventText(event, showsValues)) },
  ]);
  const known = `history of ${shownBytes(key)}  committed to ${committedTo}  from ${sourcesText(history)}`;
  return [known, "", table, ...unknownLines(history)].join("\n");
}

function eventText({ command, session }: HistoryEvent, showsValues: boolean): string {
  const shown = showsValues ? command : hidden(command);
  return entryText({ session: session ?? null, command: shown, config: null, fault: null });
}

function sourcesText({ sources }: KeyHistory): string {
  return sources.map(({ kind, name, first, last }) => (kind === "state" ? `the state at ${first} in ${visible(name)}` : `the log of ${visible(name)}, ${first} to ${last}`)).join(", ") || "nothing";
}

function unknownLines(history: KeyHistory): string[] {
  const ranges = unknownRanges(history);
  if (ranges.length === 0) return [];
  return ["", `what it held is not known after ${ranges.map(rangeText).join(", ")}: --from FILE, --data-dir DIR or --node NAME may know more`];
}

export function rangeText({ first, last }: LogRange): string {
  return first === last ? `entry ${first}` : `entries ${first} to ${last}`;
}

/** Exit 13 for a state that is damaged, 4 when nothing touched the key. */
export function historyFinding(history: KeyHistory): RaftctlError | undefined {
  const [damage] = history.damages;
  if (damage !== undefined) return new RaftctlError("CORRUPT", damage, { hint: "it was left out; raftctl inspect-log verify --data-dir, or raftctl snapshot verify, says more" });
  if (history.events.length > 0) return undefined;
  const unknown = unknownRanges(history).map(rangeText).join(", ");
  const rest = unknown === "" ? "" : `; what it held is not known after ${unknown}`;
  return new RaftctlError("NOT_FOUND", `nothing wrote ${shownBytes(history.key)} up to index ${history.committedTo}, as far as what is at hand shows${rest}`);
}
