// Goes through a log and hands out the entries that are wanted, in order, as they are read: at most `limit` of them, or the last so many. Holds one page,
// and of the last so many no more than those.

import type { LogContent, LogEntry, LogHeader, LogRange, LogSource } from "../../wire/log-inspection.ts";
import { RaftctlError } from "../../base/errors.ts";
import { resolveRange, retained, Since, type AskedRange } from "./range.ts";
import { selects, selectsAll, type Selection } from "./selection.ts";

export const limitDefault = 1_000;

export interface ListingPlan {
  readonly asked: AskedRange;
  readonly selection: Selection;
  /** ms since 1970: nothing before the first entry that was taken in then or later. */
  readonly since: number | undefined;
  /** The last so many of what is selected, instead of the first `limit`. */
  readonly last: number | undefined;
  /** undefined: all. */
  readonly limit: number | undefined;
  readonly content: LogContent;
}

export interface Listed {
  /** Where the first entry stands that was left out because of the limit. */
  readonly next: number | undefined;
}

/** @throws NOT_FOUND, and whatever reading throws, after the entries before it were handed out */
export async function listEntries(source: LogSource, plan: ListingPlan, take: (entry: LogEntry) => Promise<void> | void): Promise<Listed> {
  if (plan.last !== undefined) return listLast(source, plan, plan.last, take);
  const since = new Since(plan.since);
  let taken = 0;
  for await (const page of source.entries(rangeOf(source.header, plan), plan.content)) {
    for (const entry of page) {
      if (!since.reaches(entry) || !selects(plan.selection, entry)) continue;
      if (taken === plan.limit) return { next: entry.index };
      taken += 1;
      await take(entry);
    }
  }
  return { next: undefined };
}

async function listLast(source: LogSource, plan: ListingPlan, last: number, take: (entry: LogEntry) => Promise<void> | void): Promise<Listed> {
  const kept: LogEntry[] = [];
  for await (const page of source.entries(lastRange(source.header, plan, last), plan.content)) {
    kept.push(...page.filter((entry) => selects(plan.selection, entry)));
    kept.splice(0, kept.length - last);
  }
  for (const entry of kept) await take(entry);
  return { next: undefined };
}

/** Without a selection there is no need to look at more than is shown. */
function lastRange(header: LogHeader, plan: ListingPlan, last: number): LogRange {
  const range = rangeOf(header, plan);
  return selectsAll(plan.selection) ? { first: Math.max(range.first, range.last - last + 1), last: range.last } : range;
}

/** Who asks for the last ones, or for those since a time, asks for no range: what a snapshot holds too is looked at as well. @throws NOT_FOUND */
export function rangeOf(header: LogHeader, { asked, last, since }: Pick<ListingPlan, "asked" | "last" | "since">): LogRange {
  const isRange = asked.first !== undefined || asked.last !== undefined;
  return isRange || (last === undefined && since === undefined) ? resolveRange(asked, header) : retained(header);
}

/** What is listed of a damaged log is good, and ends where it cannot be read. */
export function damageFinding({ damage }: LogHeader): RaftctlError | undefined {
  if (damage === null) return undefined;
  return new RaftctlError("CORRUPT", damage.message, {
    details: { file: damage.file, offset: damage.offset }, hint: "raftctl inspect-log verify --data-dir says what else is damaged; replace the member: raftctl join --fresh",
  });
}
