// Random histories of a few keys, with a model beside them that says after each entry what there is and what the entry did. The model knows the rules of
// conditions, sessions and ranges, and nothing of the machine. The machine runs along only to make images.

import { compareBytes, equalBytes, utf8, utf8Text } from "../../../src/base/bytes.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { decodeImage } from "../../../src/machine/image.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { KeyValue } from "../../../src/machine/store.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { entryTypes, type Entry, type EntryType } from "../../../src/raft/entry.ts";
import { entryFacts } from "../../../src/daemon/log-inspection/entry-facts.ts";
import { encodeCommand, type Command, type Condition, type SessionStamp, type TxnCommand } from "../../../src/wire/command.ts";
import { decodeTxn, encodeTxn, type Comparison, type Txn, type TxnStep } from "../../../src/wire/txn.ts";
import type { HistoryEffect } from "../../../src/wire/key-history.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";

export interface ModelRecord {
  readonly value: Uint8Array;
  readonly version: number;
  readonly createIndex: number;
  readonly modIndex: number;
}

export interface Moment {
  readonly entry: LogEntry;
  readonly command: Command | undefined;
  /** Of what touched one of the keys. */
  readonly effects: ReadonlyMap<string, HistoryEffect>;
  readonly records: ReadonlyMap<string, ModelRecord>;
}

export const keys = ["a", "b", "c"];
/** Numbers of one session. */
export const remembered = 1024;
/** How far a number may be ahead of the log. */
export const leadMax = 1024;

export class Workload {
  /** By index; at 0 there is nothing. */
  readonly moments: Moment[] = [];
  readonly #random: Prng;
  readonly #records = new Map<string, ModelRecord>();
  /** By place in the ring: the sequence number that took it last. */
  readonly #sessions = new Map<bigint, Map<number, number>>();
  /** Requests that were settled before they came. */
  readonly #settled = new Set<string>();
  readonly #issued: Command[] = [];
  readonly #machine: Machine;
  #term = 1;

  constructor(random: Prng) {
    this.#random = random;
    this.#machine = new Machine({ store: new MemoryStore(), crc32 });
  }

  get length(): number {
    return this.moments.length;
  }

  /** After the entries so far. */
  async image(): Promise<KeyValue[]> {
    const image = this.#machine.image();
    const rows: KeyValue[] = [];
    const chunks = [...image.chunks()];
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunks;
    };
    for await (const row of decodeImage(stream(), crc32)) rows.push({ key: row.key.slice(), value: row.value.slice() });
    image.close();
    return rows;
  }

  step(): void {
    if (this.#chance(5)) this.#term += 1;
    const kind = this.#below(100);
    if (kind < 4) return this.#log(entryTypes.noop, new Uint8Array(0));
    if (kind < 6) return this.#log(entryTypes.membership, utf8("no membership, and nobody reads it here"));
    if (kind < 8) return this.#log(entryTypes.command, Uint8Array.of(1, 1, 0, 0, 9));
    const command = this.#issued.length > 0 && this.#chance(18) ? this.#pick(this.#issued) : this.#newCommand();
    if (command.session !== undefined) this.#issued.push(command);
    this.#log(entryTypes.command, encodeCommand(command), command);
  }

  #log(type: EntryType, data: Uint8Array, command?: Command): void {
    const entry: Entry = { index: this.length + 1, term: this.#term, type, data };
    this.#machine.apply(entry);
    const effects = command === undefined ? new Map<string, HistoryEffect>() : this.#execute(command, entry.index);
    const facts = entryFacts(entry, { commitIndex: entry.index, content: "payload", crc32 });
    this.moments.push({ entry: facts, command, effects, records: new Map(this.#records) });
  }

  #execute(command: Command, index: number): Map<string, HistoryEffect> {
    const touched = keys.filter((key) => reaches(command, utf8(key)));
    const all = (effect: HistoryEffect): Map<string, HistoryEffect> => new Map(touched.map((key) => [key, effect]));
    const seen = this.#verdict(command.session, index);
    if (seen !== "new") return all(seen);
    if (command.session !== undefined) this.#remember(command.session);
    if (command.operation === "settle") this.#settled.add(stampText(command.session));
    if (command.operation === "txn") return this.#transact(decodeTxn(command.body), touched, index);
    return new Map(touched.map((key) => [key, this.#effect(command, key, index)]));
  }

  /** A side that touches a key leaves no doubt; where only the other one would have, the comparisons say why it did not. */
  #transact({ compare, then, else: otherwise }: Txn, touched: readonly string[], index: number): Map<string, HistoryEffect> {
    const held = compare.every((comparison) => comparison.target === "version" && (this.#records.get(utf8Text(comparison.key)!)?.version ?? 0) === comparison.number);
    const effects = new Map<string, HistoryEffect>(touched.map((key) => [key, held ? "nothing" : "refused"]));
    for (const step of held ? then : otherwise) {
      if (step.operation === "range") continue;
      for (const key of touched.filter((name) => reaches(step, utf8(name)))) {
        const effect = this.#effect(step, key, index);
        if (effect !== "nothing") effects.set(key, effect);
      }
    }
    return effects;
  }

  #effect(command: Exclude<Command, TxnCommand>, key: string, index: number): HistoryEffect {
    const current = this.#records.get(key);
    if (command.operation === "settle") return "nothing";
    if (command.operation !== "deleteRange" && !holds(command.condition, current)) return "refused";
    if (command.operation === "put") {
      this.#records.set(key, { value: command.value, version: (current?.version ?? 0) + 1, createIndex: current?.createIndex ?? index, modIndex: index });
      return "written";
    }
    return this.#records.delete(key) ? "deleted" : "nothing";
  }

  #verdict(session: SessionStamp | undefined, index: number): "new" | "repeated" | "expired" | "refused" {
    if (session === undefined) return "new";
    if (session.sequence > index + leadMax) return "refused";
    const known = this.#sessions.get(session.id);
    if (known === undefined) return "new";
    if (known.get(session.sequence % remembered) === session.sequence) return this.#settled.has(stampText(session)) ? "refused" : "repeated";
    return session.sequence + remembered <= Math.max(...known.values()) ? "expired" : "new";
  }

  #remember({ id, sequence }: SessionStamp): void {
    const known = this.#sessions.get(id) ?? new Map<number, number>();
    this.#sessions.set(id, known.set(sequence % remembered, sequence));
  }

  #newCommand(): Command {
    const session = this.#chance(60) ? this.#stamp() : undefined;
    const [key, value] = [utf8(this.#pick([...keys, "other", "aa"])), utf8(this.#pick(["x", "y", "", "a longer value"]))];
    if (session !== undefined && this.#chance(4)) this.#issued.push({ operation: "put", key: utf8("a"), value: utf8("late"), wantPrevious: false, session });
    if (session !== undefined && this.#chance(8)) return { operation: "settle", session };
    const kind = this.#below(100);
    const wantPrevious = this.#chance(30);
    if (kind < 50) return { operation: "put", key, value, condition: this.#condition(), wantPrevious, session };
    if (kind < 72) return { operation: "delete", key, condition: this.#condition(), wantPrevious, session };
    if (kind < 84) return { operation: "deleteRange", start: utf8(this.#pick(["", "a", "b", "d"])), end: this.#pick([undefined, utf8("b"), utf8("c"), utf8("aa")]), session };
    if (kind < 98) return { operation: "txn", body: encodeTxn(this.#newTxn()), session };
    return kind < 99 ? { operation: "append", key: utf8("a"), value, session } : { operation: "set", key: utf8("a"), value, session };
  }

  #newTxn(): Txn {
    const [first, second] = [this.#pick(["a", "b", "other"]), "c"];
    const put = (key: string): TxnStep => ({ operation: "put", key: utf8(key), value: utf8(this.#pick(["x", "txn"])), wantPrevious: false });
    const compare: Comparison[] = [{ key: utf8(this.#pick(keys)), target: "version", relation: "equal", number: this.#below(3) }];
    const deletes: TxnStep[] = [{ operation: "delete", key: utf8(second), wantPrevious: false }, { operation: "deleteRange", start: utf8("a"), end: utf8("b") }];
    return {
      compare: this.#chance(80) ? compare : [],
      then: [put(first), ...(this.#chance(50) ? [put(second)] : [])],
      else: this.#chance(50) ? [{ operation: "range", start: utf8("a"), end: undefined, limit: 2, keysOnly: true }, this.#pick(deletes)] : [],
    };
  }

  #condition(): Condition | undefined {
    return this.#pick<Condition | undefined>([
      undefined, undefined, undefined, { kind: "absent" }, { kind: "version", version: this.#below(4) }, { kind: "value", value: utf8(this.#pick(["x", "y"])) },
    ]);
  }

  /** Mostly the next number of a session; now and then a leap, as far as one may or further, or one that lies too far back. */
  #stamp(): SessionStamp {
    const id = BigInt(1 + this.#below(5));
    const newest = Math.max(0, ...(this.#sessions.get(id)?.values() ?? []));
    if (this.#chance(5)) return { id, sequence: this.length + 1 + leadMax - 20 + this.#below(25) };
    if (newest > remembered + 5 && this.#chance(15)) return { id, sequence: newest - remembered - this.#below(5) };
    return { id, sequence: newest + 1 + (this.#chance(15) ? this.#below(3) : 0) };
  }

  #below(count: number): number {
    return this.#random.integer(0, count - 1);
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }
}

function stampText({ id, sequence }: SessionStamp): string {
  return `${id}:${sequence}`;
}

function reaches(command: Command, key: Uint8Array): boolean {
  if (command.operation === "txn") {
    const { then, else: otherwise } = decodeTxn(command.body);
    return [...then, ...otherwise].some((step) => step.operation !== "range" && reaches(step, key));
  }
  if (command.operation === "append" || command.operation === "set" || command.operation === "settle" || command.operation === "leaseGrant" || command.operation === "leaseRevoke" || command.operation === "sessionClose") return false;
  if (command.operation !== "deleteRange") return equalBytes(command.key, key);
  return compareBytes(command.start, key) <= 0 && (command.end === undefined || compareBytes(key, command.end) < 0);
}

function holds(condition: Condition | undefined, current: ModelRecord | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.kind === "absent") return current === undefined;
  if (condition.kind === "version") return (current?.version ?? 0) === condition.version;
  return current !== undefined && equalBytes(current.value, condition.value);
}
