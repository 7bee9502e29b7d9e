// `raftctl inspect-log`: from flags to what is asked, and from a log to lines or to a document. Lines are written as they are read; a document holds what the
// limit allows.

import type { LogContent, LogEntry, LogSource } from "../../wire/log-inspection.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { Decoder } from "./decoder.ts";
import { entryDocument, headerDocument, type EntryDocument, type HeaderDocument } from "./documents.ts";
import { EntryLines, headerText } from "./entry-text.ts";
import { limitDefault, listEntries, rangeOf, type ListingPlan } from "./listing.ts";
import { parseRange, parseSince, wholeLog } from "./range.ts";
import { selectionOf, type SelectionFlags } from "./selection.ts";
import { LogStatistics, type StatisticsDocument } from "./statistics.ts";

export interface InspectionFlags extends SelectionFlags {
  readonly since?: string | undefined;
  readonly last?: number | undefined;
  readonly limit?: number | undefined;
  readonly values?: boolean;
  readonly decoder?: string | undefined;
  readonly stats?: boolean;
}

export interface Asked extends ListingPlan {
  readonly stats: boolean;
  readonly decode: Decoder | undefined;
}

export interface ListingDocument {
  header: HeaderDocument;
  entries: EntryDocument[];
  /** There is more than the limit allows; `next` is where it goes on. */
  more: boolean;
  next: string | null;
  stats?: StatisticsDocument;
}

/** @throws USAGE, and what loading a decoder throws */
export async function askedFor(range: string | undefined, flags: InspectionFlags): Promise<Asked> {
  if (flags.last === 0 || flags.limit === 0) throw new RaftctlError("USAGE", `--${flags.last === 0 ? "last" : "limit"} 0 asks for nothing: want 1 or more`);
  const asked = range === undefined ? wholeLog : parseRange(range);
  const selection = selectionOf(flags);
  const decode = flags.decoder === undefined ? undefined : await (await import("./decoder.ts")).loadDecoder(flags.decoder);
  const stats = flags.stats === true;
  const since = flags.since === undefined ? undefined : parseSince(flags.since, Date.now());
  return { asked, selection, since, last: flags.last, limit: stats ? undefined : (flags.limit ?? limitDefault), content: contentOf(flags), stats, decode };
}

function contentOf({ values, decoder }: InspectionFlags): LogContent {
  if (decoder !== undefined) return "payload";
  return values === true ? "values" : "sizes";
}

/** @param print a line for people; not called when a document is wanted */
export async function inspectLog(log: LogSource, asked: Asked, wantsDocument: boolean, print: (text: string) => void): Promise<ListingDocument> {
  const header = headerDocument(log.header);
  if (asked.stats) return { header, entries: [], more: false, next: null, stats: await countAll(log, asked, print) };
  const entries: EntryDocument[] = [];
  const lines = new EntryLines(log.header);
  // What is not there is refused before anything is printed.
  rangeOf(log.header, asked);
  print(`${headerText(log.header)}\n\n${lines.title}`);
  const { next } = await listEntries(log, asked, async (entry) => {
    if (wantsDocument) entries.push(await decodedDocument(entry, asked.decode));
    else print(lines.of(entry, await asked.decode?.(entry)));
  });
  if (next !== undefined) print(`more from ${next} on: raftctl inspect-log ${next}.., or --limit`);
  return { header, entries, more: next !== undefined, next: next === undefined ? null : String(next) };
}

async function countAll(log: LogSource, asked: Asked, print: (text: string) => void): Promise<StatisticsDocument> {
  const statistics = new LogStatistics();
  await listEntries(log, asked, (entry) => statistics.add(entry));
  const document = statistics.document();
  const { statisticsText } = await import("./statistics-text.ts");
  print(`${headerText(log.header)}\n\n${statisticsText(document)}`);
  return document;
}

export async function decodedDocument(entry: LogEntry, decode: Decoder | undefined): Promise<EntryDocument> {
  const document = entryDocument(entry);
  if (decode === undefined) return document;
  const { value, error } = await decode(entry);
  return { ...document, ...(error === undefined ? { decoded: value } : { decoderError: error }) };
}
