// The Store that lives in memory, for the simulator and for tests. It keeps the port's promises to the letter (copies in, copies out, rollback,
// images) and nothing else. What outlives it is for who asks for a fork: its content when it was last saved.

import { assert } from "../base/assert.ts";
import { RaftctlError } from "../base/errors.ts";
import { type Tree, treeAscend, treeDelete, treeDescend, treeGet, treePut } from "./ordered-tree.ts";
import { imagesMax, type KeyRange, type KeyValue, type Store, type StoreImage, storeKeyBytesMax, type StoreTransaction } from "./store.ts";

export class MemoryStore implements Store {
  #root: Tree;
  #saved: Tree;
  #openImages = 0;
  #isInTransaction = false;
  #isClosed = false;

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    return copyOf(treeGet(this.#root, key));
  }

  range(range: KeyRange): Iterable<KeyValue> {
    this.#checkOpen();
    return pairsOf(this.#root, range);
  }

  transaction<T>(write: (transaction: StoreTransaction) => T): T {
    this.#checkOpen();
    assert(!this.#isInTransaction, "transactions are not nested");
    this.#isInTransaction = true;
    try {
      const transaction = new MemoryTransaction(this.#root);
      const result = write(transaction);
      this.#root = transaction.root;
      return result;
    } finally {
      this.#isInTransaction = false;
    }
  }

  save(): void {
    this.#checkOpen();
    this.#saved = this.#root;
  }

  image(): StoreImage {
    this.save();
    if (this.#openImages >= imagesMax) throw new RaftctlError("BUSY", `${imagesMax} images of this store are open already`);
    this.#openImages += 1;
    return new MemoryImage(this.#root, () => {
      this.#openImages -= 1;
    });
  }

  async replace(pairs: AsyncIterable<KeyValue>): Promise<void> {
    this.#checkOpen();
    let root: Tree;
    for await (const { key, value } of pairs) root = treePut(root, new Uint8Array(key), new Uint8Array(value));
    this.#root = root;
    this.#saved = root;
  }

  async flush(): Promise<void> {
    this.save();
  }

  /** A store with what this one has saved, that changes on its own from here on, at no cost. Also of one that was closed or is being replaced. */
  fork(): MemoryStore {
    const fork = new MemoryStore();
    fork.#root = this.#saved;
    fork.#saved = this.#saved;
    return fork;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.save();
    this.#isClosed = true;
  }

  #checkOpen(): void {
    assert(!this.#isClosed, "a store is not used after it was closed");
  }
}

class MemoryTransaction implements StoreTransaction {
  root: Tree;
  /** What the last get gave: spoilt at the next call, so that nobody comes to rely on it for longer than the port promises. */
  #lent: Uint8Array | undefined;

  constructor(root: Tree) {
    this.root = root;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#takeBack();
    this.#lent = copyOf(treeGet(this.root, key));
    return this.#lent;
  }

  range(range: KeyRange): Iterable<KeyValue> {
    this.#takeBack();
    return pairsOf(this.root, range);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#takeBack();
    assert(key.length > 0 && key.length <= storeKeyBytesMax, "a store key has 1 to 1978 bytes");
    this.root = treePut(this.root, new Uint8Array(key), new Uint8Array(value));
  }

  delete(key: Uint8Array): void {
    this.#takeBack();
    if (treeGet(this.root, key) !== undefined) this.root = treeDelete(this.root, key);
  }

  #takeBack(): void {
    this.#lent?.fill(0xdb);
    this.#lent = undefined;
  }
}

class MemoryImage implements StoreImage {
  #root: Tree;
  #release: (() => void) | undefined;

  constructor(root: Tree, release: () => void) {
    this.#root = root;
    this.#release = release;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    return copyOf(treeGet(this.#root, key));
  }

  range(range: KeyRange): Iterable<KeyValue> {
    this.#checkOpen();
    return this.#readOn(pairsOf(this.#root, range));
  }

  scan(): Iterable<KeyValue> {
    return this.range({});
  }

  *#readOn(pairs: Iterable<KeyValue>): Generator<KeyValue> {
    for (const pair of pairs) {
      yield pair;
      if (this.#release === undefined) throw new RaftctlError("STOPPED", "the image was closed while it was being read");
    }
  }

  close(): void {
    this.#release?.();
    this.#release = undefined;
    this.#root = undefined;
  }

  #checkOpen(): void {
    assert(this.#release !== undefined, "an image is not used after it was closed");
  }
}

function* pairsOf(root: Tree, range: KeyRange): Generator<KeyValue> {
  let left = range.limit ?? Infinity;
  if (left <= 0) return;
  const nodes = range.reverse === true ? treeDescend(root, range.start, range.end) : treeAscend(root, range.start, range.end);
  for (const { key, value } of nodes) {
    yield { key: new Uint8Array(key), value: new Uint8Array(value) };
    left -= 1;
    if (left === 0) return;
  }
}

/** Not `slice()`: of a Node Buffer that is a view. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}
