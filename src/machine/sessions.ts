// Which commands of which clients have been executed, and what the answer was, so that a repetition gets the first answer and changes nothing
// (diss. §6.3, S112). Everything here follows from the entries alone: equal on every node, in every image.
//
// A session remembers its last `sequencesRemembered` sequence numbers, so that as many commands may be under way and arrive in any order. The table is
// bounded: the session whose last new command is oldest makes room, and one that was not used for `idleMs` goes, by the time in the entries.
//
// What makes that safe: a session begins above the index that its client has heard of last, and nobody may be further ahead of the log than
// `sequenceLeadMax`. So every number above `forgotten` (session-horizon.ts) was never used by a session that the table does not know, and may open one;
// every other is *expired*: it is not executed, because it may have been (H37). A session that is opened remembers that bound as its floor.
//
// A session that is closed leaves a mark: its floor is where the log is then, and one number, answered as expired, is all that it remembers. The bound of
// everybody else stays where it is; the mark makes room, and goes after `idleMs`, as any session does.

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { SessionStamp } from "../wire/command.ts";
import { decodeResult, encodeResult, hasTail, resultHeaderBytes, withoutTail } from "../wire/command-result.ts";
import { largeResultKey, largeResultRange, prefixes, prefixRange, sessionHorizonKey, sessionIdOf, sessionPageKey } from "./keyspace.ts";
import { nothing } from "./results.ts";
import { SessionHorizon } from "./session-horizon.ts";
import { listPage, type SessionListPage } from "./session-list.ts";
import { type InOrder, SessionOrder } from "./session-order.ts";
import { pageNumber, pagesPerSession, sequencesRemembered, SessionPage } from "./session-page.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";

/** A result with a previous record or with steps is remembered whole up to this size, and without them above. */
export const rememberedResultBytesMax = 4096;
/** How far a sequence number may be ahead of the index of its entry. */
export const sequenceLeadMax = 1024;
/** Bounds what one entry costs. */
const expiredPerEntryMax = 64;

/** Equal on every node: they decide what is forgotten. */
export interface SessionLimits {
  readonly sessionsMax: number;
  readonly pagesMax: number;
  /** Without a new command for this long a session expires, ms. */
  readonly idleMs: number;
}
export const defaultSessionLimits: SessionLimits = { sessionsMax: 16_384, pagesMax: 65_536, idleMs: 3_600_000 };

/** new: it is executed. repeated, expired: it is not, now or ever. ahead: it is not, being further ahead of the log than any client can honestly be. */
export type SessionStanding = "new" | "repeated" | "expired" | "ahead";
export type SessionVerdict = { readonly kind: Exclude<SessionStanding, "repeated"> } | { readonly kind: "repeated"; readonly result: Uint8Array };

interface Session extends InOrder {
  readonly id: bigint;
  /** No number up to it is executed unless it is remembered: it may have been used before this session was opened. */
  readonly floor: number;
  readonly pages: (SessionPage | undefined)[];
  /** The highest sequence number executed. */
  sequenceMax: number;
  /** Index of the entry that executed last. */
  lastUse: number;
}

const verdicts = { new: { kind: "new" }, expired: { kind: "expired" }, ahead: { kind: "ahead" } } as const;

export class SessionTable {
  readonly #crc32: Crc32;
  readonly #limits: SessionLimits;
  #sessions = new Map<bigint, Session>();
  /** By lastUse. */
  #order = new SessionOrder<Session>();
  #horizon: SessionHorizon;
  #pageCount = 0;
  #changed: SessionPage[] = [];

  constructor(crc32: Crc32, limits: SessionLimits) {
    assert(limits.sessionsMax >= 1 && limits.pagesMax >= pagesPerSession, "one full session fits into the table");
    this.#crc32 = crc32;
    this.#limits = limits;
    this.#horizon = new SessionHorizon(undefined, limits.idleMs, crc32);
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Forgets everything and begins again with what a store holds. Throws CORRUPT. */
  load(content: StoreContent): void {
    this.#sessions = new Map();
    this.#order = new SessionOrder();
    this.#pageCount = 0;
    this.#changed = [];
    this.#horizon = new SessionHorizon(content.get(sessionHorizonKey), this.#limits.idleMs, this.#crc32);
    for (const { key, value } of content.range(prefixRange(prefixes.sessionPage))) this.#loadPage(SessionPage.read(key, value, this.#crc32));
    for (const session of [...this.#sessions.values()].toSorted((left, right) => left.lastUse - right.lastUse)) this.#order.makeYoungest(session);
  }

  #loadPage(page: SessionPage): void {
    const session = this.#open(sessionIdOf(page.key), page.floor);
    session.pages[page.key[9]!] = page;
    this.#pageCount += 1;
    for (const { sequence, result } of page.slots()) {
      session.sequenceMax = Math.max(session.sequenceMax, sequence);
      session.lastUse = Math.max(session.lastUse, indexOf(result));
    }
  }

  /** An entry of this index is about to be executed; its leader took it in at `time`, ms since 1970. */
  pass(index: number, time: number, transaction: StoreTransaction): void {
    this.#horizon.pass(index, time);
    const { expiredIndex } = this.#horizon;
    if (expiredIndex === 0) return;
    for (let expired = 0; expired < expiredPerEntryMax; expired += 1) {
      const { oldest } = this.#order;
      if (oldest === undefined || oldest.lastUse > expiredIndex) return;
      this.#forget(oldest, transaction);
    }
  }

  /** @param index of the entry that carries the stamp */
  verdict(stamp: SessionStamp, index: number, transaction: StoreTransaction): SessionVerdict {
    const standing = this.standing(stamp, index);
    if (standing !== "repeated") return verdicts[standing];
    return { kind: "repeated", result: recall(stamp, this.#remembered(stamp)!, transaction, this.#crc32) };
  }

  /** @param index of the entry that would carry the stamp */
  standing(stamp: SessionStamp, index: number): SessionStanding {
    const { sequence } = stamp;
    if (sequence > index + sequenceLeadMax) return "ahead";
    const session = this.#sessions.get(stamp.id);
    if (session === undefined) return sequence > this.#horizon.forgotten ? "new" : "expired";
    if (session.pages[pageNumber(sequence)]?.holds(sequence) === true) return "repeated";
    return sequence > session.floor && sequence + sequencesRemembered > session.sequenceMax ? "new" : "expired";
  }

  /** So many commands may be executed before a session has to make room for another. */
  get room(): number {
    return Math.min(this.#limits.sessionsMax - this.#sessions.size, this.#limits.pagesMax - this.#pageCount);
  }

  /** An entry of this time, ms since 1970, may be the reason that sessions expire which have not expired yet. */
  mayExpireAt(time: number): boolean {
    return this.#horizon.ticksAt(time);
  }

  /** As long as `room` lasts and nothing expires that has not expired yet: the next command with this stamp is executed. */
  staysKnown(stamp: SessionStamp, index: number): boolean {
    const standing = this.standing(stamp, index);
    // Those that have expired go a few at a time, and what may open a session is above the numbers of all that are gone.
    const { oldest } = this.#order;
    const expires = this.#sessions.get(stamp.id) ?? oldest;
    return standing === "new" && (expires === undefined || expires.lastUse > this.#horizon.expiredIndex);
  }

  #remembered({ id, sequence }: SessionStamp): Uint8Array | undefined {
    return this.#sessions.get(id)?.pages[pageNumber(sequence)]?.result(sequence);
  }

  /** @param index of the entry that executed the command; ascends from call to call. */
  remember(stamp: SessionStamp, execution: { readonly index: number; readonly result: Uint8Array }, transaction: StoreTransaction): void {
    const session = this.#open(stamp.id, this.#horizon.forgotten);
    session.sequenceMax = Math.max(session.sequenceMax, stamp.sequence);
    session.lastUse = execution.index;
    this.#order.makeYoungest(session);
    this.#writeSlot(session, stamp, execution.result, transaction);
    while (this.#sessions.size > this.#limits.sessionsMax || this.#pageCount > this.#limits.pagesMax) this.#forgetOldest(transaction);
  }

  /**
   * Whatever it was answered is forgotten, and no number up to the entry's own index, or that it has used, is executed any more.
   * @param index of the entry that says so
   * @returns how many numbers it remembered; undefined: there is no such session
   */
  close(id: bigint, index: number, transaction: StoreTransaction): number | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || isClosed(session)) return undefined;
    const remembered = numbersOf(session);
    const floor = Math.max(index, session.sequenceMax);
    this.#remove(session, transaction);
    this.#open(id, floor);
    this.remember({ id, sequence: floor }, { index, result: encodeResult({ ...nothing, status: "sessionExpired", index }) }, transaction);
    return remembered;
  }

  /** That are not closed, in the order of their ids, from this one on, at most `limit`; fewer when those hold much. */
  page(from: bigint, limit: number, content: StoreContent): SessionListPage {
    const open = [...this.#sessions.values()].filter((session) => session.id >= from && !isClosed(session));
    return listPage(open, { limit, content, horizon: this.#horizon });
  }

  #writeSlot(session: Session, { sequence }: SessionStamp, result: Uint8Array, transaction: StoreTransaction): void {
    const page = this.#changedPage(session, pageNumber(sequence));
    if (page.occupantHasTail(sequence)) transaction.delete(largeResultKey(session.id, page.occupant(sequence)));
    if (result.length > rememberedResultBytesMax) return page.write(sequence, withoutTail(result));
    page.write(sequence, result.length === resultHeaderBytes ? result : result.subarray(0, resultHeaderBytes));
    if (hasTail(result)) transaction.put(largeResultKey(session.id, sequence), sealed(result, this.#crc32));
  }

  #open(id: bigint, floor: number): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = { id, floor, pages: [], sequenceMax: 0, lastUse: 0 };
      this.#sessions.set(id, session);
    }
    return session;
  }

  #changedPage(session: Session, number: number): SessionPage {
    let page = session.pages[number];
    if (page === undefined) {
      page = SessionPage.empty(sessionPageKey(session.id, number), session.floor);
      session.pages[number] = page;
      this.#pageCount += 1;
    }
    this.#noteChange(page);
    return page;
  }

  #noteChange(page: SessionPage): void {
    if (page.isChanged) return;
    page.isChanged = true;
    this.#changed.push(page);
  }

  #forgetOldest(transaction: StoreTransaction): void {
    const { oldest } = this.#order;
    assert(oldest !== undefined, "a table over its bound has an oldest session");
    this.#forget(oldest, transaction);
  }

  #forget(session: Session, transaction: StoreTransaction): void {
    this.#horizon.forget(Math.max(session.lastUse, session.sequenceMax));
    this.#remove(session, transaction);
  }

  #remove(session: Session, transaction: StoreTransaction): void {
    this.#sessions.delete(session.id);
    this.#order.remove(session);
    let hadLargeResult = false;
    for (const page of session.pages) {
      if (page === undefined) continue;
      this.#pageCount -= 1;
      page.isRemoved = true;
      this.#noteChange(page);
      hadLargeResult ||= [...page.slots()].some(({ result }) => hasTail(result));
    }
    if (!hadLargeResult) return;
    for (const { key } of [...transaction.range(largeResultRange(session.id))]) transaction.delete(key);
  }

  /** Every change since the last call; each page once, however many of its slots changed. */
  write(transaction: StoreTransaction): void {
    for (const page of this.#changed) {
      page.isChanged = false;
      if (page.isRemoved) transaction.delete(page.key);
      else transaction.put(page.key, page.sealed(this.#crc32));
    }
    this.#changed = [];
    const horizon = this.#horizon.takeChange(this.#crc32);
    if (horizon !== undefined) transaction.put(sessionHorizonKey, horizon);
  }
}

function isClosed({ pages, sequenceMax }: Session): boolean {
  return decodeResult(withoutTail(pages[pageNumber(sequenceMax)]!.result(sequenceMax)!)).status === "sessionExpired";
}

function numbersOf({ pages }: Session): number {
  return pages.reduce((sum, page) => sum + (page?.count ?? 0), 0);
}

function indexOf(resultHeader: Uint8Array): number {
  return readSafeU64(resultHeader, 16);
}

function recall(stamp: SessionStamp, header: Uint8Array, transaction: StoreTransaction, crc32: Crc32): Uint8Array {
  if (!hasTail(header)) return header;
  const row = transaction.get(largeResultKey(stamp.id, stamp.sequence));
  if (row === undefined) throw new RaftctlError("CORRUPT", "a remembered result is missing from the state");
  checkLargeResult(row, crc32);
  return row.slice(4);
}

/** u32 CRC-32 | bytes */
function sealed(bytes: Uint8Array, crc32: Crc32): Uint8Array {
  const row = new Uint8Array(4 + bytes.length);
  row.set(bytes, 4);
  writeU32(row, 0, crc32(bytes));
  return row;
}

/** Throws CORRUPT for a row that no SessionTable wrote. */
export function checkLargeResult(row: Uint8Array, crc32: Crc32): void {
  if (row.length > 4 && readU32(row, 0) === crc32(row.subarray(4))) return;
  throw new RaftctlError("CORRUPT", `a remembered result of ${row.length} bytes in the state fails its checksum`);
}
