// Which entries are meant: "A..B", "A..", "..B" or "A", both ends included, against what a log holds. What is not there is refused with where it may be
// found; a range that only ends behind the log is cut.

import { RaftctlError } from "../../base/errors.ts";
import { readDuration } from "../../config/duration.ts";
import type { LogEntry, LogHeader, LogRange } from "../../wire/log-inspection.ts";

export interface AskedRange {
  /** undefined: behind the newest snapshot. */
  readonly first: number | undefined;
  /** undefined: to the end. */
  readonly last: number | undefined;
}

export const wholeLog: AskedRange = { first: undefined, last: undefined };

/** The first entry that was taken in at that time or later, and everything behind it, whatever the clocks of later leaders said. */
export class Since {
  readonly #time: number | undefined;
  #isReached: boolean;

  /** @param time ms since 1970; undefined: everything */
  constructor(time: number | undefined) {
    this.#time = time;
    this.#isReached = time === undefined;
  }

  reaches({ time }: Pick<LogEntry, "time">): boolean {
    this.#isReached ||= time !== null && time >= this.#time!;
    return this.#isReached;
  }
}

/** ms since 1970. @param text how long ago, or when. @throws USAGE */
export function parseSince(text: string, now: number): number {
  const ago = readDuration(text);
  const time = Number.isNaN(ago) && /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now - ago;
  if (!Number.isNaN(time)) return time;
  throw new RaftctlError("USAGE", `--since ${JSON.stringify(text)} is no time: want how long ago (10m, 2h) or when (2026-01-31, 2026-01-31T12:00:00Z)`);
}

/** @throws USAGE */
export function parseRange(text: string): AskedRange {
  const parts = /^(\d{0,16})\.\.(\d{0,16})$/.exec(text) ?? (/^\d{1,16}$/.test(text) ? [text, text, text] : undefined);
  if (parts === undefined) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is not a range of indexes: want A..B, A.., ..B or A`);
  const [first, last] = [indexOf(text, parts[1]), indexOf(text, parts[2])];
  if (first !== undefined && last !== undefined && first > last) throw new RaftctlError("USAGE", `the range ${text} ends before it begins: want A..B with A at most B`);
  return { first, last };
}

function indexOf(range: string, text: string): number | undefined {
  if (text === "") return undefined;
  const index = Number(text);
  if (index < 1 || !Number.isSafeInteger(index)) throw new RaftctlError("USAGE", `${JSON.stringify(range)}: ${text} is not an index of a log: they begin at 1 and end at 2^53-1`);
  return index;
}

/** @throws NOT_FOUND when nothing of it is there, or when its beginning is forgotten */
export function resolveRange(asked: AskedRange, header: LogHeader): LogRange {
  const { firstIndex, lastIndex } = header;
  const first = asked.first ?? defaultFirst(asked, header);
  const last = Math.min(asked.last ?? lastIndex, lastIndex);
  if (asked.first !== undefined && asked.first < firstIndex) throw forgotten(header, { first, last: asked.last ?? lastIndex }, firstIndex);
  if (asked.last !== undefined && asked.last < firstIndex) throw forgotten(header, { first: asked.last, last: asked.last }, firstIndex);
  if (asked.first !== undefined && asked.first > lastIndex) {
    throw new RaftctlError("NOT_FOUND", `there is no entry ${asked.first}: the log of ${header.node} ends at index ${lastIndex}`, { details: { firstIndex: String(firstIndex), lastIndex: String(lastIndex) } });
  }
  return { first, last };
}

/** Behind the newest snapshot; with an end that lies before that, from the beginning. */
function defaultFirst({ last }: AskedRange, { firstIndex, snapshots }: LogHeader): number {
  const behindSnapshot = Math.max(firstIndex, (snapshots.at(-1)?.index ?? 0) + 1);
  return last !== undefined && last < behindSnapshot ? firstIndex : behindSnapshot;
}

/** Everything that is still there. */
export function retained({ firstIndex, lastIndex }: LogHeader): LogRange {
  return { first: firstIndex, last: lastIndex };
}

export function forgotten({ node, lastIndex }: LogHeader, asked: LogRange, firstIndex: number): RaftctlError {
  const last = Math.min(asked.last, firstIndex - 1);
  const gone = asked.first === last ? `entry ${last} of ${node} was` : `entries ${asked.first} to ${last} of ${node} were`;
  return new RaftctlError("NOT_FOUND", `${gone} compacted into a snapshot: its log begins at index ${firstIndex}`, {
    hint: "another node may hold more (--node, --data-dir); what they did stands in the snapshot", details: { firstIndex: String(firstIndex), lastIndex: String(lastIndex) },
  });
}
