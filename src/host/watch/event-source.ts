// Reads what entries have changed: the machine's rows say what came of each entry, the log has its keys and values. What is read at once is bounded, in what
// is answered and in what is looked through on the way, so that nobody who asks holds up the node.

import { compareBytes, emptyBytes } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import { mark } from "../../base/mark.ts";
import { answerBytes, type Effect, type EntryData, type IndexEffects } from "../../machine/effect-row.ts";
import type { Entry } from "../../raft/entry.ts";
import type { WatchRequest } from "../../wire/client-protocol.ts";
import type { WatchEvent } from "../../wire/watch-events.ts";

export type WatchQuery = Pick<WatchRequest, "start" | "end" | "eventsMax" | "bytesMax" | "puts" | "deletes" | "keysOnly">;

export interface WatchPage {
  readonly events: readonly WatchEvent[];
  readonly nextIndex: number;
}

/** As Machine has it. */
export interface WatchedMachine {
  readonly lastApplied: number;
  readonly firstRetained: number;
  effectsFrom(index: number, options: { readonly rows: number; readonly dataOf: EntryData }): Iterable<IndexEffects>;
}

/** The log as it stands, as Raft has it. */
export interface WatchedLog {
  readonly first: number;
  entries(first: number, last: number): readonly Entry[];
}

/** Read from the store in one go. */
const rowsPerRead = 8;
/** Changes that one answer looks through; then it says how far it has come. */
const changesPerAnswer = 4_096;

/** What was applied since somebody looked, read once for all who wait. */
export interface NewEffects {
  readonly from: number;
  readonly effects: readonly IndexEffects[];
}

export class EventSource {
  readonly #machine: WatchedMachine;
  readonly #log: () => WatchedLog;
  #newest: NewEffects | undefined;

  constructor(machine: WatchedMachine, log: () => WatchedLog) {
    this.#machine = machine;
    this.#log = log;
  }

  get lastApplied(): number {
    return this.#machine.lastApplied;
  }

  /** Of this index and all that follow it is known what they changed. */
  get firstRetained(): number {
    return Math.max(this.#machine.firstRetained, this.#log().first);
  }

  /** Throws COMPACTED when what an index from here on changed is not known any more. */
  read(query: WatchQuery, from: number): WatchPage {
    const { firstRetained } = this;
    if (from < firstRetained) {
      mark("watch-compacted");
      throw compacted(from, firstRetained);
    }
    const gathering = new Gathering(query);
    let changes = 0;
    for (const { index, effects } of this.#effects(from)) {
      if (index < from) continue;
      if (effects === "lost") {
        if (gathering.events.length > 0) return { events: gathering.events, nextIndex: index };
        throw compacted(index, index + 1);
      }
      if (!gathering.take(index, effects)) return { events: gathering.events, nextIndex: index };
      changes += effects.length;
      if (changes >= changesPerAnswer) return { events: gathering.events, nextIndex: index + 1 };
    }
    return { events: gathering.events, nextIndex: Math.max(from, this.lastApplied + 1) };
  }

  /** What was applied from this index on; reads from there are served from it for as long as nothing newer is asked for. */
  readNew(from: number): NewEffects {
    const effects = Array.from(this.#stored(from)).filter(({ index }) => index >= from);
    this.#newest = { from, effects };
    return this.#newest;
  }

  *#effects(from: number): Iterable<IndexEffects> {
    const newest = this.#newest;
    if (newest === undefined || from < newest.from) return yield* this.#stored(from);
    yield* newest.effects;
    yield* this.#stored(Math.max(from, (newest.effects.at(-1)?.index ?? newest.from - 1) + 1));
  }

  *#stored(from: number): Iterable<IndexEffects> {
    const log = this.#log();
    const dataOf: EntryData = (index) => log.entries(index, index)[0]?.data;
    let next = from;
    for (;;) {
      let last: number | undefined;
      for (const change of this.#machine.effectsFrom(next, { rows: rowsPerRead, dataOf })) {
        last = change.index;
        if (change.index >= next) yield change;
      }
      if (last === undefined || last < next) return;
      next = last + 1;
    }
  }
}

/** The events of one answer. */
class Gathering {
  readonly events: WatchEvent[] = [];
  readonly #query: WatchQuery;
  #bytes = 0;

  constructor(query: WatchQuery) {
    this.#query = query;
  }

  /** false when there is no room for what this index changed. */
  take(index: number, effects: readonly Effect[]): boolean {
    const wanted = effects.filter((effect) => isWanted(this.#query, effect));
    if (wanted.length === 0) return true;
    const events = wanted.map((effect) => ({ index, ...(this.#query.keysOnly ? { ...effect, value: emptyBytes } : effect) }));
    const bytes = events.reduce((sum, event) => sum + answerBytes(event), 0);
    const { eventsMax, bytesMax } = this.#query;
    // Of an answer that has none yet, one index always fits, so that a watcher gets on.
    if (this.events.length > 0 && (this.events.length + events.length > eventsMax || this.#bytes + bytes > bytesMax)) return false;
    this.#bytes += bytes;
    for (const event of events) this.events.push(event);
    return true;
  }
}

export function isWanted({ start, end, puts, deletes }: Pick<WatchQuery, "start" | "end" | "puts" | "deletes">, { kind, key }: Effect): boolean {
  if (kind === "put" ? !puts : !deletes) return false;
  return (start === undefined || compareBytes(key, start) >= 0) && (end === undefined || compareBytes(key, end) < 0);
}

function compacted(asked: number, firstRetained: number): RaftctlError {
  return new RaftctlError("COMPACTED", `what index ${asked} changed is not retained here any more: the first index to watch from is ${firstRetained}`, {
    details: { fromIndex: String(asked), firstRetained: String(firstRetained) },
    hint: "read the keys again and watch from the index of that read",
  });
}
