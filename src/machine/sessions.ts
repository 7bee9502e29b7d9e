// Which commands of which clients have been executed, and what the answer was, so that a repetition gets the first answer and changes nothing
// (diss. §6.3, S112). Everything here follows from the entries alone: equal on every node, in every image.
//
// A session remembers its last `sequencesRemembered` sequence numbers, so that as many commands may be under way and arrive in any order. A number
// that lies further back, or a session that is not known and does not begin at 1, is *expired*: it is never executed (H37). The table is bounded;
// the session whose last new command is oldest makes room. Known limit: a session that was evicted counts as new when its command 1 is repeated.
//
// In memory a session is a ring of pages of 8 slots; a page is one row of the store: u32 CRC-32 | 8 x (u64 sequence | result of 24 bytes).

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { SessionStamp } from "../wire/command.ts";
import { resultHeaderBytes, withoutPrevious } from "../wire/command-result.ts";
import { largeResultKey, largeResultRange, prefixes, prefixRange, sessionIdOf, sessionPageKey, sessionPageKeyBytes } from "./keyspace.ts";
import type { KeyValue, StoreTransaction } from "./store.ts";

export const sequencesRemembered = 1024;
const slotsPerPage = 8;
const pagesPerSession = sequencesRemembered / slotsPerPage;
const slotBytes = 8 + resultHeaderBytes;
const pageHeaderBytes = 4;
const pageBytes = pageHeaderBytes + slotsPerPage * slotBytes;
/** A result with a previous record is remembered whole up to this size, and without the previous record above. */
export const rememberedResultBytesMax = 4096;

/** Equal on every node: they decide what is forgotten. */
export interface SessionLimits {
  readonly sessionsMax: number;
  readonly pagesMax: number;
}
export const defaultSessionLimits: SessionLimits = { sessionsMax: 16_384, pagesMax: 65_536 };

export type SessionVerdict = { readonly kind: "new" | "expired" } | { readonly kind: "repeated"; readonly result: Uint8Array };

interface Page {
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
  /** To be written, or removed, at the end of this transaction. */
  isChanged: boolean;
  isRemoved: boolean;
}

interface Session {
  readonly id: bigint;
  readonly pages: (Page | undefined)[];
  /** The highest sequence number executed. */
  sequenceMax: number;
  /** Index of the entry that executed last. */
  lastUse: number;
}

const isNew: SessionVerdict = { kind: "new" };
const isExpired: SessionVerdict = { kind: "expired" };

export class SessionTable {
  readonly #crc32: Crc32;
  readonly #limits: SessionLimits;
  /** Ordered by lastUse, oldest first. */
  #sessions = new Map<bigint, Session>();
  #pageCount = 0;
  #changed: Page[] = [];

  constructor(crc32: Crc32, limits: SessionLimits) {
    assert(limits.sessionsMax >= 1 && limits.pagesMax >= pagesPerSession, "one full session fits into the table");
    this.#crc32 = crc32;
    this.#limits = limits;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Forgets everything and begins again with the rows of a store. Throws CORRUPT. */
  load(rows: Iterable<KeyValue>): void {
    this.#sessions = new Map();
    this.#pageCount = 0;
    this.#changed = [];
    for (const { key, value } of rows) this.#loadPage(new Uint8Array(key), new Uint8Array(value));
    const byLastUse = [...this.#sessions.values()].toSorted((left, right) => left.lastUse - right.lastUse);
    this.#sessions = new Map(byLastUse.map((session) => [session.id, session]));
  }

  #loadPage(key: Uint8Array, bytes: Uint8Array): void {
    checkSessionPage(key, bytes, this.#crc32);
    const session = this.#open(sessionIdOf(key));
    session.pages[key[9]!] = { key, bytes, isChanged: false, isRemoved: false };
    this.#pageCount += 1;
    for (let offset = pageHeaderBytes; offset < pageBytes; offset += slotBytes) {
      session.sequenceMax = Math.max(session.sequenceMax, readSafeU64(bytes, offset));
      session.lastUse = Math.max(session.lastUse, readSafeU64(bytes, offset + 8 + 16));
    }
  }

  verdict(stamp: SessionStamp, transaction: StoreTransaction): SessionVerdict {
    const session = this.#sessions.get(stamp.id);
    if (session === undefined) return stamp.sequence === 1 ? isNew : isExpired;
    const page = session.pages[pageNumber(stamp.sequence)];
    const offset = slotOffset(stamp.sequence);
    if (page !== undefined && readSafeU64(page.bytes, offset) === stamp.sequence) {
      return { kind: "repeated", result: recall(stamp, page.bytes.slice(offset + 8, offset + slotBytes), transaction, this.#crc32) };
    }
    return stamp.sequence + sequencesRemembered <= session.sequenceMax ? isExpired : isNew;
  }

  /** @param index of the entry that executed the command; ascends from call to call. */
  remember(stamp: SessionStamp, execution: { readonly index: number; readonly result: Uint8Array }, transaction: StoreTransaction): void {
    const session = this.#open(stamp.id);
    session.sequenceMax = Math.max(session.sequenceMax, stamp.sequence);
    session.lastUse = execution.index;
    // A Map keeps the order of insertion: taken out and put back, the session is the youngest.
    this.#sessions.delete(stamp.id);
    this.#sessions.set(stamp.id, session);
    this.#writeSlot(session, stamp, execution.result, transaction);
    while (this.#sessions.size > this.#limits.sessionsMax || this.#pageCount > this.#limits.pagesMax) this.#evictOldest(transaction);
  }

  #writeSlot(session: Session, stamp: SessionStamp, result: Uint8Array, transaction: StoreTransaction): void {
    const page = this.#changedPage(session, pageNumber(stamp.sequence));
    const offset = slotOffset(stamp.sequence);
    const overwritten = readSafeU64(page.bytes, offset);
    if (overwritten !== 0 && hasLargeResult(page.bytes, offset)) transaction.delete(largeResultKey(session.id, overwritten));
    writeSafeU64(page.bytes, offset, stamp.sequence);
    if (result.length === resultHeaderBytes) {
      page.bytes.set(result, offset + 8);
    } else if (result.length > rememberedResultBytesMax) {
      page.bytes.set(withoutPrevious(result), offset + 8);
    } else {
      page.bytes.set(result.subarray(0, resultHeaderBytes), offset + 8);
      transaction.put(largeResultKey(session.id, stamp.sequence), sealed(result, this.#crc32));
    }
  }

  #open(id: bigint): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = { id, pages: [], sequenceMax: 0, lastUse: 0 };
      this.#sessions.set(id, session);
    }
    return session;
  }

  #changedPage(session: Session, number: number): Page {
    let page = session.pages[number];
    if (page === undefined) {
      page = { key: sessionPageKey(session.id, number), bytes: new Uint8Array(pageBytes), isChanged: false, isRemoved: false };
      session.pages[number] = page;
      this.#pageCount += 1;
    }
    this.#noteChange(page);
    return page;
  }

  #noteChange(page: Page): void {
    if (page.isChanged) return;
    page.isChanged = true;
    this.#changed.push(page);
  }

  #evictOldest(transaction: StoreTransaction): void {
    const [oldest] = this.#sessions.values();
    assert(oldest !== undefined, "a table over its bound has an oldest session");
    this.#sessions.delete(oldest.id);
    let hadLargeResult = false;
    for (const page of oldest.pages) {
      if (page === undefined) continue;
      this.#pageCount -= 1;
      page.isRemoved = true;
      this.#noteChange(page);
      hadLargeResult ||= pageHasLargeResult(page.bytes);
    }
    if (!hadLargeResult) return;
    for (const { key } of [...transaction.range(largeResultRange(oldest.id))]) transaction.delete(key);
  }

  /** Every change since the last call; each page once, however many of its slots changed. */
  write(transaction: StoreTransaction): void {
    for (const page of this.#changed) {
      page.isChanged = false;
      if (page.isRemoved) {
        transaction.delete(page.key);
      } else {
        writeU32(page.bytes, 0, this.#crc32(page.bytes.subarray(pageHeaderBytes)));
        transaction.put(page.key, page.bytes);
      }
    }
    this.#changed = [];
  }
}

export const sessionPages = prefixRange(prefixes.sessionPage);

/** Throws CORRUPT for a row that no SessionTable wrote. */
export function checkSessionPage(key: Uint8Array, bytes: Uint8Array, crc32: Crc32): void {
  const isShapeRight = key.length === sessionPageKeyBytes && key[9]! < pagesPerSession && bytes.length === pageBytes;
  if (isShapeRight && readU32(bytes, 0) === crc32(bytes.subarray(pageHeaderBytes))) return;
  throw new RaftctlError("CORRUPT", `a session row of ${bytes.length} bytes in the state fails its checksum`);
}

function pageNumber(sequence: number): number {
  return Math.floor(sequence / slotsPerPage) % pagesPerSession;
}

function slotOffset(sequence: number): number {
  return pageHeaderBytes + (sequence % slotsPerPage) * slotBytes;
}

function hasLargeResult(page: Uint8Array, offset: number): boolean {
  return (page[offset + 8 + 2]! & 1) !== 0;
}

function pageHasLargeResult(page: Uint8Array): boolean {
  for (let offset = pageHeaderBytes; offset < pageBytes; offset += slotBytes) {
    if (hasLargeResult(page, offset)) return true;
  }
  return false;
}

function recall(stamp: SessionStamp, header: Uint8Array, transaction: StoreTransaction, crc32: Crc32): Uint8Array {
  if ((header[2]! & 1) === 0) return header;
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
