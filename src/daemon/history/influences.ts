// What besides the key itself decides what became of it: a transaction compares other keys, and what these hold must then be known as well.

import type { LogEntry } from "../../wire/log-inspection.ts";

export class Influences {
  readonly #keys = new Set<string>();
  #keysAdded = 0;

  constructor(key: Uint8Array) {
    this.#add(key);
  }

  /** Every committed entry that is at hand, in any order; values need not be there. */
  note({ command }: LogEntry): void {
    this.#keysAdded += 1;
    if (command?.txn === undefined) return;
    this.#keysAdded += Math.max(command.txn.then.length, command.txn.else.length);
    for (const { key } of command.txn.compare) this.#add(key);
  }

  has(key: Uint8Array): boolean {
    return this.#keys.has(nameOf(key));
  }

  /** How many keys the entries have made, at most. */
  get keysAdded(): number {
    return this.#keysAdded;
  }

  #add(key: Uint8Array): void {
    this.#keys.add(nameOf(key));
  }
}

/** One character for each byte. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
