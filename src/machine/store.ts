// An ordered map of bytes with atomic batches and consistent images: all that the state machine needs from a database. The real one is LMDB
// (platform/lmdb-store.ts), the other one lives in memory (memory-store.ts, below the line); one contract test runs over both.

export const storeKeyBytesMax = 1978;
export const imagesMax = 144;

export interface Store {
  /** The bytes are the caller's to keep. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Ascending by unsigned byte. Sees one moment; finished or abandoned before the turn ends. The bytes are the caller's to keep. */
  range(range: KeyRange): Iterable<KeyValue>;
  /**
   * Everything that `write` does happens, or nothing does when it throws; behind transactions that are not saved, a throw may take those with it, and then the
   * store refuses everything from there on with what was thrown. Reads inside see the writes, reads outside see them when it returns. Synchronous.
   */
  transaction<T>(write: (transaction: StoreTransaction) => T): T;
  /**
   * What was written before outlives this process, but not the operating system: see `flush`. A process that ends otherwise loses the latest transactions,
   * each of them whole. A store may save by itself at any time. When it throws (NO_SPACE, IO_ERROR), the store refuses everything from there on.
   */
  save(): void;
  /** The content at this moment, which is saved, readable while later transactions and replacements go on. Must be closed. At most `imagesMax` at a time (BUSY). */
  image(): StoreImage;
  /** All content is replaced by these pairs (ascending keys), atomically for a crash: afterwards either the old content or the new one. */
  replace(pairs: AsyncIterable<KeyValue>): Promise<void>;
  /** Resolves when every transaction before the call is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreTransaction {
  /** The bytes are valid until the next call: copy what is kept. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Nothing is written while it is being read. The bytes are the caller's to keep. */
  range(range: KeyRange): Iterable<KeyValue>;
  /** Copies both: the caller may use its memory again at once. Keys have 1 to `storeKeyBytesMax` bytes. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/** What can be read of a store, of a transaction and of an image alike. How long the bytes live, each of them says. */
export type StoreContent = Pick<StoreTransaction, "get" | "range">;

/** An image's bytes are the caller's to keep. Using it after `close` is a bug; an iteration that is under way then ends with STOPPED, never as if it were over. */
export interface StoreImage {
  get(key: Uint8Array): Uint8Array | undefined;
  range(range: KeyRange): Iterable<KeyValue>;
  /** All of it, in order; a value is valid within the turn, until anything else is asked of the store: for who copies it anyway. */
  scan(): Iterable<KeyValue>;
  close(): void;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Start included, end excluded; absent means open. */
export interface KeyRange {
  readonly start?: Uint8Array;
  readonly end?: Uint8Array;
  readonly limit?: number;
  readonly reverse?: boolean;
}
