// Session Exactly Once: of the entries that carry the same session and sequence number, the first one that is executed is the only one: every later one
// returns its result and changes no record (dissertation §6.3; S112, H37).
//
// An expired number is not executed. Sessions that were forgotten, because the table was full, they were idle or somebody closed them, are refused and never
// executed again.

import { equalBytes } from "../../../src/base/bytes.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { commandFault, decodeCommand, timeOf, type SessionStamp } from "../../../src/wire/command.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { LogFrontier } from "./log-frontier.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";
import { asRemembered, sequencesRemembered, type ReferenceLimits } from "./reference-sessions.ts";

interface Execution {
  readonly index: number;
  /** undefined: it was applied unseen. */
  readonly result: Uint8Array | undefined;
}

interface Session {
  readonly executions: Map<number, Execution>;
  sequenceMax: number;
  isClosed: boolean;
}

interface Records {
  readonly boot: number;
  index: number;
  /** The part of the digest that the records alone make. */
  sum: string;
}

const pagesPerSession = 128;
/** Half of the digest: the other half chains the entries. */
const sumDigits = 16;

export class SessionExactlyOnce implements Property {
  readonly name = "Session Exactly Once";
  readonly #limits: ReferenceLimits;
  readonly #frontier = new LogFrontier();
  /** Of the clocks of leaders. */
  #firstTime = Number.POSITIVE_INFINITY;
  #lastTime = Number.NEGATIVE_INFINITY;
  readonly #sessions = new Map<bigint, Session>();
  /** By index of a repetition: what it must be answered on every replica. */
  readonly #repetitions = new Map<number, Uint8Array>();
  readonly #records = new Map<NodeId, Records>();

  constructor(limits: ReferenceLimits) {
    this.#limits = limits;
  }

  booted(replica: ReplicaView): void {
    this.#catchUp(replica, replica.lastApplied + 1);
    this.#records.set(replica.id, { boot: replica.boot, index: replica.lastApplied, sum: sumOf(replica) });
  }

  installed(replica: ReplicaView, index: number): void {
    this.#records.set(replica.id, { boot: replica.boot, index, sum: sumOf(replica) });
  }

  applied(replica: ReplicaView, entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    let changes = false;
    for (let position = 0; position < entries.length; position += 1) {
      const entry = entries[position]!;
      if (this.#frontier.isNew(entry.index)) {
        this.#catchUp(replica, entry.index);
        this.#note(entry, results[position]);
      }
      const wanted = this.#repetitions.get(entry.index);
      if (wanted !== undefined) this.#compare(replica, entry, { wanted, found: results[position] });
      else if (entry.type === entryTypes.command) changes = true;
    }
    this.#recordsStay(replica, entries, changes);
  }

  #catchUp(replica: ReplicaView, index: number): void {
    for (const entry of this.#frontier.missedBefore(replica, index) ?? []) this.#note(entry, undefined);
    if (index > this.#frontier.last + 1) this.#frontier.passed(index - 1);
  }

  #note(entry: Entry, result: Uint8Array | undefined): void {
    this.#frontier.passed(entry.index);
    if (entry.type !== entryTypes.command || commandFault(entry.data) !== undefined) return;
    this.#firstTime = Math.min(this.#firstTime, timeOf(entry.data) ?? this.#firstTime);
    this.#lastTime = Math.max(this.#lastTime, timeOf(entry.data) ?? this.#lastTime);
    const command = decodeCommand(entry.data);
    if (command.operation === "sessionClose") this.#closed(command.target);
    const stamp = command.session;
    if (stamp === undefined) return;
    const session = this.#sessionOf(stamp.id);
    const first = session.executions.get(stamp.sequence);
    if (first === undefined) return this.#executed(entry, stamp, result);
    if (first.result === undefined) return;
    const mayExpire = this.#mayForget || session.isClosed || stamp.sequence + sequencesRemembered <= session.sequenceMax;
    // What was applied unseen may have been refused.
    const isRepeated = !mayExpire || (result !== undefined && !isRefused(result));
    if (isRepeated) this.#repetitions.set(entry.index, asRemembered(first.result));
  }

  #sessionOf(id: bigint): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) this.#sessions.set(id, (session = { executions: new Map(), sequenceMax: 0, isClosed: false }));
    return session;
  }

  #closed(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) session.isClosed = true;
  }

  #executed({ index }: Entry, { id, sequence }: SessionStamp, result: Uint8Array | undefined): void {
    if (isRefused(result)) return;
    const { executions } = this.#sessionOf(id);
    executions.set(sequence, { index, result });
    executions.delete(sequence - sequencesRemembered);
    this.#sessionOf(id).sequenceMax = Math.max(this.#sessionOf(id).sequenceMax, sequence);
  }

  /** There were so many sessions that the table may have been full, or so much time has passed that some were idle. */
  get #mayForget(): boolean {
    const { sessionsMax, pagesMax, idleMs } = this.#limits;
    if (this.#lastTime - this.#firstTime >= idleMs) return true;
    return this.#sessions.size > sessionsMax || this.#sessions.size * pagesPerSession > pagesMax;
  }

  #compare({ name }: ReplicaView, { index }: Entry, { wanted, found }: { readonly wanted: Uint8Array; readonly found: Uint8Array | undefined }): void {
    if (found !== undefined && equalBytes(wanted, found)) return;
    const first = decodeResult(wanted);
    const answer = found === undefined ? "nothing" : `${decodeResult(found).status} of index ${decodeResult(found).index}`;
    throw new Violation(this.name, `${name} answers the repetition at index ${index} with ${answer}, where the first result was ${first.status} of index ${first.index}`);
  }

  #recordsStay(replica: ReplicaView, entries: readonly Entry[], changes: boolean): void {
    const first = entries[0];
    if (first === undefined) return;
    const sum = sumOf(replica);
    const before = this.#records.get(replica.id);
    const follows = before?.boot === replica.boot && before.index + 1 === first.index;
    if (follows && !changes && before.sum !== sum) {
      throw new Violation(this.name, `${replica.name} changes records at index ${first.index}, where nothing but repetitions was applied`);
    }
    const index = first.index + entries.length - 1;
    if (before?.boot !== replica.boot) this.#records.set(replica.id, { boot: replica.boot, index, sum });
    else {
      before.index = index;
      before.sum = sum;
    }
  }
}

function isRefused(result: Uint8Array | undefined): boolean {
  return result !== undefined && ["sessionExpired", "sequenceAhead"].includes(decodeResult(result).status);
}

function sumOf({ digest }: ReplicaView): string {
  return digest.slice(-sumDigits);
}
