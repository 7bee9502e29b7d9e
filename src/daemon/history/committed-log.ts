// Which entries of several logs are known to be committed, and which log is read for which of them. A log often knows less of that than another one or a state:
// where it agrees with one of them about the term at a committed index, everything up to there is committed in it too (Log Matching, §5.3).

import { RaftctlError } from "../../base/errors.ts";
import type { LogContent, LogEntry, LogRange, LogSource } from "../../wire/log-inspection.ts";

/** Known to be committed. */
export interface CommittedPosition {
  readonly name: string;
  readonly index: number;
  readonly term: number;
}

/** Of one log. */
export interface Piece extends LogRange {
  readonly log: LogSource;
}

export interface CommittedLog {
  /** In order; what is between them is not at hand. */
  readonly pieces: readonly Piece[];
  /** Behind all of them: not known to be committed. */
  readonly pending: Piece | undefined;
}

/** @throws CORRUPT for a log that has committed something else, besides what reading throws */
export async function committedLog(logs: readonly LogSource[], states: readonly CommittedPosition[]): Promise<CommittedLog> {
  const positions = [...states];
  for (const log of logs) positions.push(...(await ownPositions(log)));
  const known: Piece[] = [];
  for (const log of logs) known.push({ log, first: log.header.firstIndex, last: await committedTo(log, positions) });
  return { pieces: chain(known), pending: pendingBehind(known) };
}

async function ownPositions(log: LogSource): Promise<CommittedPosition[]> {
  const { node: name, commitIndex, start, snapshots } = log.header;
  const term = await termAt(log, commitIndex);
  const committed = term === undefined ? [] : [{ name, index: commitIndex, term }];
  const beginning = start.term === null || start.index === 0 ? [] : [{ name, index: start.index, term: start.term }];
  return [...committed, ...beginning, ...snapshots.map(({ index, term: at }) => ({ name, index, term: at }))];
}

async function committedTo(log: LogSource, positions: readonly CommittedPosition[]): Promise<number> {
  const { commitIndex, node } = log.header;
  let last = commitIndex;
  for (const { name, index, term } of positions) {
    const own = await termAt(log, index);
    if (own === term) last = Math.max(last, index);
    else if (own !== undefined && index <= commitIndex) {
      throw new RaftctlError("CORRUPT", `${node} has committed term ${own} at index ${index}, ${name} term ${term}: they are not of one history`, { hint: "raftctl inspect-log diff" });
    }
  }
  return last;
}

async function termAt(log: LogSource, index: number): Promise<number | undefined> {
  const { start, firstIndex, lastIndex } = log.header;
  if (index === start.index) return start.term ?? undefined;
  if (index < firstIndex || index > lastIndex) return undefined;
  for await (const [entry] of log.entries({ first: index, last: index }, "sizes")) return entry?.term;
  return undefined;
}

/** As few changes from log to log as possible. */
function chain(known: readonly Piece[]): Piece[] {
  const pieces: Piece[] = [];
  for (let next = 1; ; ) {
    const wanted = next;
    const longest = known.filter(({ first, last }) => first <= wanted && last >= wanted).toSorted((left, right) => right.last - left.last)[0];
    if (longest !== undefined) {
      pieces.push({ ...longest, first: wanted });
      next = longest.last + 1;
      continue;
    }
    const later = known.filter(({ first, last }) => first > wanted && last >= first).map(({ first }) => first);
    if (later.length === 0) return pieces;
    next = Math.min(...later);
  }
}

function pendingBehind(known: readonly Piece[]): Piece | undefined {
  const committed = Math.max(0, ...known.map(({ last }) => last));
  const holder = known.find(({ log, last }) => last === committed && log.header.lastIndex > committed);
  return holder && { log: holder.log, first: committed + 1, last: holder.log.header.lastIndex };
}

export async function* readPiece({ log, first, last }: Piece, content: LogContent): AsyncGenerator<LogEntry> {
  for await (const page of log.entries({ first, last }, content)) yield* page;
}
