// `raftctl inspect-log --follow`: what is committed, as it is committed. Each question waits at the daemon until there is an answer, for a bounded time. What
// is not committed may still be replaced and is not shown before it is.

import type { Warning } from "../envelope.ts";
import type { LogEntry } from "../../wire/log-inspection.ts";
import { headerDocument, type EntryDocument } from "./documents.ts";
import { EntryLines } from "./entry-text.ts";
import { decodedDocument, type Asked, type ListingDocument } from "./inspection.ts";
import type { LiveLog } from "./live-log.ts";
import { rangeOf } from "./listing.ts";
import { Since } from "./range.ts";
import { selects } from "./selection.ts";

/** How long one question waits at the daemon. */
export const waitMs = 2_000;

export interface FollowSink {
  readonly document: ((entry: EntryDocument) => void) | undefined;
  readonly text: (line: string) => void;
  readonly warn: (warning: Warning) => void;
}

/** Ends at the end of the range that was asked for, or never. @throws UNREACHABLE, STOPPED, … when the node goes away */
export async function followLog(log: LiveLog, asked: Asked, { document, text, warn }: FollowSink): Promise<ListingDocument> {
  const lines = new EntryLines(log.header);
  const take = async (entry: LogEntry): Promise<void> => {
    if (document === undefined) text(lines.of(entry, await asked.decode?.(entry)));
    else document(await decodedDocument(entry, asked.decode));
  };
  if (document === undefined) text(lines.title);
  const last = asked.asked.last ?? Number.MAX_SAFE_INTEGER;
  const since = new Since(asked.since);
  let next = firstOf(log, asked);
  while (next <= last) {
    const page = await log.page(next, last, asked.content, waitMs);
    if (page.firstIndex > next) {
      warn({ code: "GAP", message: `entries ${next} to ${page.firstIndex - 1} were compacted before they were read` });
      next = page.firstIndex;
      continue;
    }
    for (const entry of page.entries) {
      if (entry.committed !== true) break;
      next = entry.index + 1;
      if (since.reaches(entry) && selects(asked.selection, entry)) await take(entry);
    }
  }
  return { header: headerDocument(log.header), entries: [], more: false, next: String(next) };
}

/** Where the range begins, or with what is committed next. */
function firstOf({ header }: LiveLog, plan: Asked): number {
  const { first } = plan.asked;
  if (first === undefined && plan.since === undefined) return header.commitIndex + 1;
  return first !== undefined && first > header.lastIndex ? first : rangeOf(header, plan).first;
}
