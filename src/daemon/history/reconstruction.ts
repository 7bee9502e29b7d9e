// Puts the history of one key together from states and committed entries, in the order of the log. Behind a state every entry is replayed; where a gap or the
// beginning of a log leaves the state open, only what follows for certain is said. A state that is reached by replay must be what replay came to.

import { RaftctlError } from "../../base/errors.ts";
import { crc32 } from "../../platform/crc32.ts";
import type { HistoryEvent, HistorySpan, KeyAt } from "../../wire/key-history.ts";
import type { LogCommand, LogEntry } from "../../wire/log-inspection.ts";
import type { BaseState } from "./base-state.ts";
import { Inference } from "./inference.ts";
import { versionOf, type Judged } from "./judged.ts";
import { Replay } from "./replay.ts";
import { Timeline } from "./timeline.ts";
import { commandWithValues, touches } from "./touch.ts";

export interface Reconstructed {
  readonly events: readonly HistoryEvent[];
  readonly spans: readonly HistorySpan[];
}

export class Reconstruction {
  readonly #key: Uint8Array;
  /** Not yet reached, the next one first. */
  readonly #bases: BaseState[];
  readonly #timeline = new Timeline();
  readonly #events: HistoryEvent[] = [];
  #last = { index: 0, term: 0, source: "" };
  #replay: Replay | undefined;
  #inference = new Inference(undefined);

  /** @param bases in any order; of the beginning too, if it counts */
  constructor(key: Uint8Array, bases: readonly BaseState[]) {
    this.#key = key;
    this.#bases = bases.toSorted((left, right) => left.index - right.index);
  }

  /** Committed, read with their payload; indexes ascend, and may leave gaps. @throws CORRUPT for what cannot be one history, INCOMPATIBLE */
  take(entry: LogEntry, source: string): void {
    while (this.#bases[0] !== undefined && this.#bases[0].index < entry.index) this.#reach(this.#bases.shift()!);
    const { index, term } = entry;
    if (term < this.#last.term) throw contradiction(`entry ${index} of ${source} is of term ${term}`, `${this.#last.source} has term ${this.#last.term} at index ${this.#last.index} already`);
    this.#bridge(index);
    this.#last = { index, term, source };
    if (entry.command === null) this.#replay?.pass(entry);
    else if (entry.command.operation === "leaseRevoke") this.#takeRevoke(entry, entry.command, source);
    else if (touches(entry.command, this.#key)) this.#takeWrite(entry, commandWithValues(entry), source);
    else this.#replay?.pass(entry);
    const held = this.#replay?.held ?? this.#inference.held;
    if (held !== undefined) this.#timeline.add(index, held.record);
  }

  #takeWrite(entry: LogEntry, command: LogCommand, source: string): void {
    this.#addEvent({ entry, command, source }, this.#replay?.judge(entry, command) ?? this.#inference.judge(entry, command, this.#bases[0]));
  }

  #takeRevoke(entry: LogEntry, command: LogCommand, source: string): void {
    const judged = this.#replay === undefined ? this.#inference.judgeRevoke(command) : this.#replay.judgeRevoke(entry);
    if (judged !== undefined) this.#addEvent({ entry, command, source }, judged);
  }

  /** Not known to be committed; behind everything else. */
  takePending(entry: LogEntry, source: string): void {
    if (entry.command === null || !touches(entry.command, this.#key)) return;
    this.#addEvent({ entry, command: commandWithValues(entry), source }, { effect: "pending", after: undefined });
  }

  /** All committed entries were taken. */
  reachLast(): void {
    for (const base of this.#bases.splice(0)) this.#reach(base);
  }

  get result(): Reconstructed {
    return { events: this.#events, spans: this.#timeline.spans };
  }

  /** What was known before a gap is not known behind it. */
  #bridge(index: number): void {
    if (this.#replay !== undefined && this.#replay.index !== index - 1) {
      this.#replay = undefined;
      this.#inference = new Inference(undefined);
    }
    if (this.#replay === undefined && this.#last.index !== index - 1) this.#inference = new Inference(undefined);
  }

  #reach(base: BaseState): void {
    const { index, term } = this.#last;
    if (term > base.term || (index === base.index && term !== base.term)) {
      throw contradiction(`${base.name} is the state at index ${base.index} of term ${base.term}`, `${this.#last.source} has term ${term} at index ${index}`);
    }
    if (this.#replay?.index === base.index) return this.#confirm(base, this.#replay.held.record);
    this.#last = { index: base.index, term: base.term, source: base.name };
    this.#replay = new Replay(base, this.#key);
    if (base.record !== undefined) this.#lookBack(base, base.record);
    else if (base.index > 0) this.#timeline.add(base.index, undefined);
  }

  #confirm({ name, index, record }: BaseState, replayed: KeyAt | undefined): void {
    if (record?.version === replayed?.version && record?.modIndex === replayed?.modIndex && record?.createIndex === replayed?.createIndex) return;
    throw contradiction(`the state at index ${index} in ${name}`, "the entries before it come to something else");
  }

  /** The record was not touched from its last write on, and that write took effect. */
  #lookBack({ name, index }: BaseState, record: KeyAt): void {
    this.#timeline.reachBack(index, record);
    const place = this.#events.findLastIndex((event) => event.index <= record.modIndex);
    const written = this.#events[place];
    if (written?.index === record.modIndex) this.#events[place] = { ...written, effect: "written", version: record.version };
    else this.#events.splice(place + 1, 0, unseenWrite(this.#key, record, name));
    for (const [at, event] of this.#events.entries()) {
      if (event.index > record.modIndex) this.#events[at] = { ...event, version: record.version };
    }
  }

  #addEvent({ entry, command, source }: { entry: LogEntry; command: HistoryEvent["command"]; source: string }, { effect, after }: Judged): void {
    const { index, term, time, session } = entry;
    this.#events.push({ index, term, time: time ?? undefined, effect, version: versionOf(after), command, session: session ?? undefined, source });
  }
}

/** A write that only a later state tells of. */
function unseenWrite(key: Uint8Array, { value, version, modIndex }: KeyAt, source: string): HistoryEvent {
  const command = { operation: "put", key, end: null, value: { bytes: value.length, crc: crc32(value), content: value }, condition: null } as const;
  return { index: modIndex, term: undefined, time: undefined, effect: "written", version, command, session: undefined, source };
}

function contradiction(one: string, other: string): RaftctlError {
  return new RaftctlError("CORRUPT", `${one}, but ${other}: they are not of one history`, {
    hint: "name only logs and files of one cluster; raftctl inspect-log diff says which log is another one",
  });
}
