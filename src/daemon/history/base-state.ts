// The state at one index, out of a backup or a snapshot or from before the first entry, in memory, as far as the fate of one key depends on it: the key's
// record, those that transactions compare, the sessions and the leases. Other keys matter only where a range or a lease may hold more of them than it may; then
// they are kept too.

import { attachedKeyHeadBytes, prefixes, userKey } from "../../machine/keyspace.ts";
import { keysDeletedMax } from "../../machine/kv.ts";
import { keysPerLeaseMax } from "../../machine/leases.ts";
import { Machine } from "../../machine/machine.ts";
import { MemoryStore } from "../../machine/memory-store.ts";
import { decodePosition } from "../../machine/position.ts";
import { defaultSessionLimits, SessionTable } from "../../machine/sessions.ts";
import type { KeyValue } from "../../machine/store.ts";
import { crc32 } from "../../platform/crc32.ts";
import { decodeResult, type CommandResult } from "../../wire/command-result.ts";
import type { KeyAt } from "../../wire/key-history.ts";
import type { LogEntry } from "../../wire/log-inspection.ts";
import type { Influences } from "./influences.ts";

export interface Wanted {
  readonly key: Uint8Array;
  /** Of the entries that may be applied on top. */
  readonly influences: Influences;
}

const rowsPerTransaction = 1_000;
/** Of a range that is deleted, and of a lease. */
const keysMax = Math.min(keysDeletedMax, keysPerLeaseMax);

export class BaseState {
  /** A file, or a node's own word for it. */
  readonly name: string;
  /** Whoever applies something to it has it for himself. */
  readonly machine: Machine;
  readonly index: number;
  readonly term: number;
  readonly record: KeyAt | undefined;
  readonly #sessions: MemoryStore;
  #table: SessionTable | undefined;

  /** Before the first entry: nothing. */
  static beginning(key: Uint8Array): BaseState {
    return new BaseState("the beginning", key, new MemoryStore());
  }

  /** @param rows those of an image, in their order. @throws what reading them throws, CORRUPT */
  static async read(name: string, rows: AsyncIterable<KeyValue>, wanted: Wanted): Promise<BaseState> {
    const store = new MemoryStore();
    let keepsAll = true;
    let kept: KeyValue[] = [];
    for await (const row of rows) {
      if (row.key[0] === prefixes.position) keepsAll = decodePosition(row.value, crc32).records + wanted.influences.keysAdded > keysMax;
      if (!keepsAll && !matters(row.key, wanted.influences)) continue;
      kept.push(row);
      if (kept.length < rowsPerTransaction) continue;
      write(store, kept);
      kept = [];
    }
    write(store, kept);
    store.save();
    return new BaseState(name, wanted.key, store);
  }

  private constructor(name: string, key: Uint8Array, store: MemoryStore) {
    this.name = name;
    this.#sessions = store.fork();
    this.machine = new Machine({ store, crc32 });
    this.index = this.machine.lastApplied;
    this.term = this.machine.lastAppliedTerm;
    this.record = this.machine.get(key);
  }

  /** What the machine answered to the session's command up to here; undefined: it is not remembered. */
  outcomeOf({ id, sequence }: NonNullable<LogEntry["session"]>): CommandResult | undefined {
    const store = this.#sessions;
    if (this.#table === undefined) {
      this.#table = new SessionTable(crc32, defaultSessionLimits);
      this.#table.load(store);
    }
    const table = this.#table;
    const verdict = store.transaction((transaction) => table.verdict({ id: BigInt(id), sequence }, this.index, transaction));
    return verdict.kind === "repeated" ? decodeResult(verdict.result) : undefined;
  }
}

function write(store: MemoryStore, rows: readonly KeyValue[]): void {
  store.transaction((transaction) => {
    for (const { key, value } of rows) transaction.put(key, value);
  });
}

function matters(stored: Uint8Array, influences: Influences): boolean {
  switch (stored[0]) {
    case prefixes.record:
      return influences.has(userKey(stored));
    case prefixes.attachment:
      return influences.has(stored.subarray(attachedKeyHeadBytes));
    case prefixes.streamHead:
    case prefixes.streamRecord:
      return false;
    default:
      return true;
  }
}
