// What the sessions of clients promise, written down a second time and as simply as possible (dissertation §6.3; S112, H37): a session remembers its last
// 1024 sequence numbers with their results, a number that lies further back is expired unless its place was not needed yet, a session begins with
// number 1, and the session whose last new command is oldest makes room when the table is full.

import { resultHeaderBytes } from "../../../src/wire/command-result.ts";
import type { SessionStamp } from "../../../src/wire/command.ts";

export const sequencesRemembered = 1_024;
const sequencesPerPage = 8;
/** A longer result is remembered without the previous record. */
const resultBytesMax = 4_096;
const droppedFlag = 2;

export interface ReferenceLimits {
  readonly sessionsMax: number;
  readonly pagesMax: number;
}

interface Session {
  /** By sequence number modulo 1024. */
  readonly results: Map<number, { readonly sequence: number; readonly result: Uint8Array }>;
  readonly pages: Set<number>;
  sequenceMax: number;
}

export class ReferenceSessions {
  readonly #limits: ReferenceLimits;
  /** Oldest last new command first. */
  readonly #sessions = new Map<bigint, Session>();
  #pages = 0;

  constructor(limits: ReferenceLimits) {
    this.#limits = limits;
  }

  verdict({ id, sequence }: SessionStamp): "new" | "expired" | Uint8Array {
    const session = this.#sessions.get(id);
    if (session === undefined) return sequence === 1 ? "new" : "expired";
    const remembered = session.results.get(sequence % sequencesRemembered);
    if (remembered?.sequence === sequence) return remembered.result;
    return sequence + sequencesRemembered <= session.sequenceMax ? "expired" : "new";
  }

  remember({ id, sequence }: SessionStamp, result: Uint8Array): void {
    const session: Session = this.#sessions.get(id) ?? { results: new Map(), pages: new Set(), sequenceMax: 0 };
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.results.set(sequence % sequencesRemembered, { sequence, result: asRemembered(result) });
    session.sequenceMax = Math.max(session.sequenceMax, sequence);
    const page = Math.floor((sequence % sequencesRemembered) / sequencesPerPage);
    if (!session.pages.has(page)) this.#pages += 1;
    session.pages.add(page);
    while (this.#sessions.size > this.#limits.sessionsMax || this.#pages > this.#limits.pagesMax) this.#evictOldest();
  }

  #evictOldest(): void {
    for (const [id, session] of this.#sessions) {
      this.#sessions.delete(id);
      this.#pages -= session.pages.size;
      return;
    }
  }
}

/** What a repetition is answered. */
export function asRemembered(result: Uint8Array): Uint8Array {
  if (result.length <= resultBytesMax) return result;
  const header = result.slice(0, resultHeaderBytes);
  header[2] = droppedFlag;
  return header;
}
