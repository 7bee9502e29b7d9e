// The keys that are written or deleted in an environment while it is copied: whoever copies them again has missed nothing.

import type { KeyRange, KeyValue, StoreTransaction } from "../machine/store.ts";

export class TouchedKeys {
  readonly #keys = new Map<string, Uint8Array>();

  get size(): number {
    return this.#keys.size;
  }

  /** As this transaction, and remembers what it touches; also of one that is undone. */
  watching(transaction: StoreTransaction): StoreTransaction {
    return {
      get: (key) => transaction.get(key),
      range: (range: KeyRange): Iterable<KeyValue> => transaction.range(range),
      put: (key, value) => {
        this.#touch(key);
        transaction.put(key, value);
      },
      delete: (key) => {
        this.#touch(key);
        transaction.delete(key);
      },
    };
  }

  /** At most so many, the oldest first; they are forgotten here. */
  take(count: number): readonly Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (const [name, key] of this.#keys) {
      if (taken.length === count) break;
      taken.push(key);
      this.#keys.delete(name);
    }
    return taken;
  }

  #touch(key: Uint8Array): void {
    const name = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
    if (!this.#keys.has(name)) this.#keys.set(name, key.slice());
  }
}
