// What the sessions of clients promise, written down a second time and as simply as possible (dissertation §6.3; S112, H37): a session remembers its last
// 1024 sequence numbers with their results, a number that lies further back is expired unless its place was not needed yet, and the session whose last new
// command is oldest makes room when the table is full, or when it has been idle for too long. A session begins with any number that no forgotten session
// can have used, and never executes one that a forgotten session may have used.

import { encodeResult, resultHeaderBytes, type ResultStatus } from "../../../src/wire/command-result.ts";
import type { SessionStamp } from "../../../src/wire/command.ts";

export const sequencesRemembered = 1_024;
const sequencesPerPage = 8;
/** A longer result is remembered without the previous record. */
const resultBytesMax = 4_096;
const droppedFlag = 2;
/** A number is never so far above the index of its entry. */
const leadMax = 1_024;
const ticksPerIdleTime = 12;
const expiredPerEntryMax = 64;

export interface ReferenceLimits {
  readonly sessionsMax: number;
  readonly pagesMax: number;
  readonly idleMs: number;
}

interface Session {
  /** By sequence number modulo 1024. */
  readonly results: Map<number, { readonly sequence: number; readonly result: Uint8Array }>;
  readonly pages: Set<number>;
  readonly floor: number;
  sequenceMax: number;
  lastUse: number;
  isClosed: boolean;
}

export class ReferenceSessions {
  readonly #limits: ReferenceLimits;
  /** Oldest last new command first. */
  readonly #sessions = new Map<bigint, Session>();
  #pages = 0;
  /** The highest number that a forgotten session may have used. */
  #forgotten = 0;
  /** Where the log was, from time to time. */
  readonly #ticks: { readonly time: number; readonly index: number }[] = [];

  constructor(limits: ReferenceLimits) {
    this.#limits = limits;
  }

  pass(index: number, time: number): void {
    const newest = this.#ticks.at(-1);
    if (newest === undefined || time >= newest.time + this.#limits.idleMs / ticksPerIdleTime) this.#ticks.push({ time, index });
    const now = this.#ticks.at(-1)!.time;
    const idleIndex = this.#ticks.findLast((tick) => tick.time + this.#limits.idleMs <= now)?.index ?? 0;
    const idle = [...this.#sessions.values()].filter(({ lastUse }) => lastUse <= idleIndex).length;
    for (let gone = 0; gone < Math.min(idle, expiredPerEntryMax); gone += 1) this.#evictOldest();
  }

  verdict({ id, sequence }: SessionStamp, index: number): "new" | "expired" | "ahead" | Uint8Array {
    if (sequence > index + leadMax) return "ahead";
    const session = this.#sessions.get(id);
    if (session === undefined) return sequence > this.#forgotten ? "new" : "expired";
    const remembered = session.results.get(sequence % sequencesRemembered);
    if (remembered?.sequence === sequence) return remembered.result;
    return sequence <= session.floor || sequence + sequencesRemembered <= session.sequenceMax ? "expired" : "new";
  }

  remember({ id, sequence }: SessionStamp, result: Uint8Array, index: number): void {
    const session: Session = this.#sessions.get(id) ?? { results: new Map(), pages: new Set(), floor: this.#forgotten, sequenceMax: 0, lastUse: 0, isClosed: false };
    session.lastUse = index;
    session.isClosed = false;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.results.set(sequence % sequencesRemembered, { sequence, result: asRemembered(result) });
    session.sequenceMax = Math.max(session.sequenceMax, sequence);
    const page = Math.floor((sequence % sequencesRemembered) / sequencesPerPage);
    if (!session.pages.has(page)) this.#pages += 1;
    session.pages.add(page);
    while (this.#sessions.size > this.#limits.sessionsMax || this.#pages > this.#limits.pagesMax) this.#evictOldest();
  }

  /**
   * What is left of it executes nothing up to here, nor any number that it had used; from the next one on it is a session as before.
   * @returns how many numbers it remembered; undefined: there is no such session
   */
  close(id: bigint, index: number): number | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.isClosed) return undefined;
    const floor = Math.max(index, session.sequenceMax);
    this.#sessions.delete(id);
    this.#pages -= session.pages.size - 1;
    const mark = { sequence: floor, result: resultHeader("sessionExpired", index) };
    const place = floor % sequencesRemembered;
    this.#sessions.set(id, { results: new Map([[place, mark]]), pages: new Set([Math.floor(place / sequencesPerPage)]), floor, sequenceMax: floor, lastUse: index, isClosed: true });
    return session.results.size;
  }

  #evictOldest(): void {
    for (const [id, session] of this.#sessions) {
      this.#sessions.delete(id);
      this.#pages -= session.pages.size;
      this.#forgotten = Math.max(this.#forgotten, session.sequenceMax, session.lastUse);
      return;
    }
  }
}

function resultHeader(status: ResultStatus, index: number): Uint8Array {
  return encodeResult({ status, index, version: 0, deleted: 0, previous: undefined, previousDropped: false });
}

/** What a repetition is answered. */
export function asRemembered(result: Uint8Array): Uint8Array {
  if (result.length <= resultBytesMax) return result;
  const header = result.slice(0, resultHeaderBytes);
  header[2] = droppedFlag;
  return header;
}
