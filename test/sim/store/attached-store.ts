// The store as one boot of a process sees it. A transaction passes a point first, where the process may die; after its death nothing is written any more.

import { RaftctlError } from "../../../src/base/errors.ts";
import type { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { KeyRange, KeyValue, Store, StoreImage, StoreTransaction } from "../../../src/machine/store.ts";
import type { Life } from "../kernel/life.ts";

/** The process is dead: what it still does has no effect, and whoever catches this may ignore it. */
export class LifeOver extends Error {
  constructor(name: string, boot: number) {
    super(`boot ${boot} of ${name} is over`);
    this.name = "LifeOver";
  }
}

export class AttachedStore implements Store {
  readonly #store: MemoryStore;
  readonly #life: Life;
  readonly #freeBytes: () => number;
  #closedInOrder = false;

  constructor(store: MemoryStore, life: Life, freeBytes: () => number) {
    this.#store = store;
    this.#life = life;
    this.#freeBytes = freeBytes;
  }

  /** Everything is on disk and marked so. */
  get closedInOrder(): boolean {
    return this.#closedInOrder;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(key);
  }

  range(range: KeyRange): Iterable<KeyValue> {
    return this.#store.range(range);
  }

  transaction<T>(write: (transaction: StoreTransaction) => T): T {
    this.#pass("store.transaction");
    return this.#store.transaction(write);
  }

  save(): void {
    this.#pass("store.save");
    this.#store.save();
  }

  image(): StoreImage {
    return this.#store.image();
  }

  async replace(pairs: AsyncIterable<KeyValue>): Promise<void> {
    this.#pass("store.replace");
    await this.#store.replace(this.#whileAlive(pairs));
    this.#pass("store.replace.done");
  }

  async flush(): Promise<void> {
    this.#pass("store.flush");
    await this.#store.flush();
  }

  async close(): Promise<void> {
    this.#pass("store.close");
    await this.#store.close();
    this.#closedInOrder = true;
  }

  #pass(point: string): void {
    if (this.#life.alive) this.#life.passed(point);
    if (!this.#life.alive) throw new LifeOver(this.#life.name, this.#life.boot);
  }

  /** Ends with an error when the process does, so that nothing is replaced after its death. */
  async *#whileAlive(pairs: AsyncIterable<KeyValue>): AsyncGenerator<KeyValue, void> {
    for await (const pair of pairs) {
      this.#pass("store.replace.pair");
      yield pair;
    }
    this.#pass("store.replace.swap");
    // What it has is written over in place, but a second one beside it needs space.
    if (this.#freeBytes() <= 0) throw new RaftctlError("NO_SPACE", "cannot write the state: no space left");
  }
}
