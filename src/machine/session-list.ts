// What the session table holds of each session, for those who look. A page is bounded in what is read for it: whoever looks must not hold up the entries.

import { hasTail } from "../wire/command-result.ts";
import { largeResultRange } from "./keyspace.ts";
import type { SessionHorizon } from "./session-horizon.ts";
import { pageBytes, type SessionPage } from "./session-page.ts";
import type { StoreContent } from "./store.ts";

/** A page ends behind the session with which it has counted so many. */
const bytesCountedMax = 2 * 1024 * 1024;

export interface ListedSession {
  readonly id: bigint;
  /** The highest sequence number executed. */
  readonly sequenceMax: number;
  /** Index of the entry that executed last. */
  readonly lastUse: number;
  /** When that was at the earliest, ms since 1970 by the times in the entries; undefined: no entry had a time yet. */
  readonly usedAfter: number | undefined;
  /** Before this it does not expire, ms since 1970; undefined as above. */
  readonly lastsUntil: number | undefined;
  /** Numbers whose results it remembers. */
  readonly results: number;
  /** Of its rows in the store, without their keys. */
  readonly bytes: number;
}

export interface SessionListPage {
  readonly sessions: readonly ListedSession[];
  readonly more: boolean;
}

interface Held {
  readonly id: bigint;
  readonly sequenceMax: number;
  readonly lastUse: number;
  readonly pages: readonly (SessionPage | undefined)[];
}

interface Listing {
  readonly limit: number;
  readonly content: StoreContent;
  readonly horizon: SessionHorizon;
}

export function listPage(open: readonly Held[], { limit, content, horizon }: Listing): SessionListPage {
  const sessions: ListedSession[] = [];
  let bytesCounted = 0;
  for (const session of open.toSorted((left, right) => (left.id < right.id ? -1 : 1))) {
    if (sessions.length === limit || bytesCounted >= bytesCountedMax) break;
    const listed = { ...listedSession(session, content), ...horizon.timesOf(session.lastUse) };
    sessions.push(listed);
    bytesCounted += listed.bytes;
  }
  return { sessions, more: sessions.length < open.length };
}

function listedSession({ id, sequenceMax, lastUse, pages }: Held, content: StoreContent): Omit<ListedSession, "usedAfter" | "lastsUntil"> {
  const held = pages.filter((page) => page !== undefined);
  const isAnyLarge = held.some((page) => [...page.slots()].some(({ result }) => hasTail(result)));
  const results = held.reduce((sum, page) => sum + page.count, 0);
  return { id, sequenceMax, lastUse, results, bytes: held.length * pageBytes + (isAnyLarge ? largeBytes(id, content) : 0) };
}

function largeBytes(id: bigint, content: StoreContent): number {
  let bytes = 0;
  for (const { value } of content.range(largeResultRange(id))) bytes += value.length;
  return bytes;
}
