// One open LMDB environment in its own directory. It is written without fsync (the log is the truth), one batch at a time, and read through transactions
// that see one moment. It goes on living until the last image of it is closed.
//
// The batches share one transaction of lmdb, which stays open until it is saved: it copies a page once, however many batches write to it, and reads outside
// of images see what it has written. A save that LMDB refuses is made again, batch by batch (redo-list.ts). What cannot be undone alone ends the environment: a
// batch that throws behind others that are not saved, or a save that fails for good, takes those with it, and everything that is asked afterwards is refused for
// the same reason.
//
// lmdb hands out Node Buffers and, on its fastest path, a view of one global buffer. Nothing of that leaves this file: what leaves is plain bytes.

import { chmod, mkdir, open as openFile, rm, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { open, type RootDatabase, type RootDatabaseOptionsWithPath, type Transaction } from "lmdb";
import { assert } from "../base/assert.ts";
import { RaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { KeyRange, KeyValue, StoreImage, StoreTransaction } from "../machine/store.ts";
import { lmdbPageBytes } from "./lmdb-check.ts";
import { syncDirectory } from "./lmdb-mark.ts";
import { OpenTransaction } from "./open-transaction.ts";
import { RedoList } from "./redo-list.ts";
import { SaveBound } from "./save-bound.ts";

export const dataFileName = "data.mdb";
/** Address space reserved at first; lmdb maps more by itself when the content outgrows it. */
const mapBytes = 2 ** 30;
/** As the port says (machine/store.ts); the contract test compares. */
const imagesMax = 144;
const keyBytesMax = 1978;
/** By which the file is longer than its last page when it is opened and closed. It has holes there: no space is taken. */
const sparePages = 4096;

/**
 * Of the list of free pages, pages that lmdb keeps in memory from one transaction to the next: none. Where it keeps them it writes only what has changed of the
 * list, and of some ten thousand transactions one does not find its own row again, and may be refused for that (MDB_BAD_TXN).
 */
const freePagesKept = 0;

/** Images, the shared read transaction and a spare. */
const readersMax = imagesMax + 8;

type Database = RootDatabase<Uint8Array, Uint8Array>;
/** What lmdb-js has and its types leave out. */
interface OpenOptions extends RootDatabaseOptionsWithPath {
  readonly maxFreeSpaceToRetain: number;
}
interface FastReads {
  getBinaryFast(key: Uint8Array, options?: { transaction: Transaction }): (Buffer & { readonly isGlobal?: boolean }) | undefined;
  getBinary(key: Uint8Array, options?: { transaction: Transaction }): Buffer | undefined;
  readonly lastSize: number;
  readonly env: { writeTxn: object | null };
  getStats(): { readonly lastPageNumber: number };
}

export class LmdbEnvironment implements StoreTransaction {
  readonly directory: string;
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #reads: FastReads;
  readonly #images = new Set<LmdbImage>();
  #isInTransaction = false;
  #unsaved: OpenTransaction | undefined;
  /** Puts and deletes that are not saved, and their bytes. */
  #unsavedWrites = 0;
  #unsavedBytes = 0;
  readonly #redo = new RedoList();
  readonly #saveBound = new SaveBound();
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;

  private constructor(directory: string, database: Database, logger: Logger) {
    this.directory = directory;
    this.#logger = logger;
    this.#database = database;
    this.#reads = database as unknown as FastReads;
  }

  /** Of a directory that lmdbDamage has found sound, or of a new one. Opening and mapping is synchronous inside lmdb. */
  static async open(directory: string, logger: Logger): Promise<LmdbEnvironment> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const options: OpenOptions = {
      path: directory, encoding: "binary", keyEncoding: "binary", noSync: true, overlappingSync: false,
      mapSize: mapBytes, pageSize: lmdbPageBytes, maxReaders: readersMax, maxDbs: 1, maxFreeSpaceToRetain: freePagesKept,
    };
    const database = open<Uint8Array, Uint8Array>(options);
    await chmod(join(directory, dataFileName), 0o600);
    await chmod(join(directory, "lock.mdb"), 0o600);
    const environment = new LmdbEnvironment(directory, database, logger);
    await makeLong(environment.#path, environment.bytes);
    return environment;
  }

  /** Plain bytes; a view of lmdb's own buffer that is valid until the next read. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkSound();
    const found = this.#reads.getBinaryFast(key);
    if (found === undefined) return undefined;
    if (found.isGlobal === true) return new Uint8Array(found.buffer, found.byteOffset, this.#reads.lastSize);
    return plain(this.#reads.getBinary(key));
  }

  range(range: KeyRange): Generator<KeyValue> {
    this.#checkSound();
    return pairsOf(this.#database, range, undefined);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    assert(key.length > 0 && key.length <= keyBytesMax, "a store key has 1 to 1978 bytes");
    void this.#database.put(key, value);
    this.#redo.put(key, value);
    this.#unsavedWrites += 1;
    this.#unsavedBytes += value.length;
  }

  delete(key: Uint8Array): void {
    void this.#database.remove(key);
    this.#redo.delete(key);
    this.#unsavedWrites += 1;
  }

  /** Seen at once by `get` and `range`; see `save`. */
  transaction<T>(write: (transaction: StoreTransaction) => T): T {
    this.#checkSound();
    assert(!this.#isInTransaction, "transactions are not nested");
    const isFirst = this.#unsaved === undefined;
    this.#unsaved ??= OpenTransaction.begin(this.#database);
    this.#isInTransaction = true;
    let result: T;
    try {
      result = write(this);
    } catch (thrown) {
      if (!isFirst) this.#failure = thrown as Error;
      this.#discard();
      throw thrown;
    } finally {
      this.#isInTransaction = false;
    }
    this.#redo.endBatch();
    if (this.#saveBound.isReached(this.#unsavedWrites, this.#unsavedBytes)) this.save();
    return result;
  }

  /** What was written before outlives the process. */
  save(): void {
    this.#checkSound();
    assert(!this.#isInTransaction, "what is being written is not saved");
    const unsaved = this.#unsaved;
    if (unsaved === undefined) return;
    const begun = performance.now();
    this.#unsaved = undefined;
    try {
      unsaved.commit();
    } catch (thrown) {
      this.#saveAgain(thrown);
    }
    this.#saveBound.learn(this.#unsavedWrites, performance.now() - begun);
    this.#forget();
  }

  /** LMDB has rolled back. In transactions of single batches, because the same one would lead it to the same place. */
  #saveAgain(refusal: unknown): void {
    this.#logger.warn({ path: this.directory, reason: String(refusal) }, "LMDB refused to save a part of the state; it is written again");
    try {
      for (const batch of this.#redo.batches()) {
        const transaction = OpenTransaction.begin(this.#database);
        this.#unsaved = transaction;
        for (const { key, value } of batch) void (value === undefined ? this.#database.remove(key) : this.#database.put(key, value));
        this.#unsaved = undefined;
        transaction.commit();
      }
    } catch (thrown) {
      this.#discard();
      this.#failure = writeFailure(this.directory, thrown);
      throw this.#failure;
    }
  }

  #discard(): void {
    const unsaved = this.#unsaved;
    this.#forget();
    unsaved?.abort();
  }

  #forget(): void {
    this.#unsaved = undefined;
    this.#unsavedWrites = 0;
    this.#unsavedBytes = 0;
    this.#redo.clear();
  }

  #checkSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  get #lastPage(): number {
    return this.#reads.getStats().lastPageNumber;
  }

  get #path(): string {
    return join(this.directory, dataFileName);
  }

  image(): StoreImage {
    this.save();
    if (this.#images.size >= imagesMax) throw new RaftctlError("BUSY", `${imagesMax} images of this state are open already`);
    const image = new LmdbImage(this.#database, this.#database.useReadTransaction(), () => {
      this.#images.delete(image);
    });
    this.#images.add(image);
    return image;
  }

  /** fdatasync of the data file: everything written before the call is on disk. A rejection means that it may never be. */
  async flush(): Promise<void> {
    this.save();
    try {
      await syncFile(this.#path);
    } catch (thrown) {
      throw writeFailure(this.directory, thrown);
    }
  }

  /** Of the data file up to its last page, used or not. */
  get bytes(): number {
    return (this.#lastPage + 1) * lmdbPageBytes;
  }

  /** Flushed, and the directory entries of a new environment too. */
  async makeDurable(): Promise<void> {
    await this.flush();
    await syncDirectory(this.directory);
    await syncDirectory(dirname(this.directory));
  }

  /** What is not saved is lost. Closes the open images first: a mapping must not vanish under a cursor. */
  async close(): Promise<void> {
    this.#discard();
    for (const image of [...this.#images]) image.close();
    this.#closed ??= this.#end();
    await this.#closed;
  }

  async #end(): Promise<void> {
    const { bytes } = this;
    await this.#database.close();
    await makeLong(this.#path, bytes);
  }

  /** Closed and deleted as soon as the last image is closed. */
  async retire(): Promise<void> {
    this.#discard();
    await Promise.all([...this.#images].map((image) => image.closed));
    await this.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

class LmdbImage implements StoreImage {
  readonly #database: Database;
  readonly #transaction: Transaction;
  readonly #onClose: () => void;
  readonly #cursors = new Set<Generator<KeyValue>>();
  readonly #whenClosed = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(database: Database, transaction: Transaction, onClose: () => void) {
    this.#database = database;
    this.#transaction = transaction;
    this.#onClose = onClose;
  }

  get closed(): Promise<void> {
    return this.#whenClosed.promise;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    return plain(this.#outsideOfWrites((reads, options) => reads.getBinary(key, options)));
  }

  range(range: KeyRange): Generator<KeyValue> {
    return this.#guarded(pairsOf(this.#database, range, this.#transaction));
  }

  scan(): Generator<KeyValue> {
    return this.#guarded(this.#views());
  }

  /** The value is a view of lmdb's own buffer: what is copied by whoever reads it need not be copied here. */
  *#views(): Generator<KeyValue> {
    for (const key of this.#database.getKeys({ transaction: this.#transaction })) {
      const value = this.#outsideOfWrites((reads, options) => {
        const found = reads.getBinaryFast(key, options);
        assert(found !== undefined, "a key of an image has its value there");
        return found.isGlobal === true ? new Uint8Array(found.buffer, found.byteOffset, reads.lastSize) : plain(found)!;
      });
      yield { key: plain(key as Buffer)!, value };
    }
  }

  /** lmdb reads single keys from the transaction that is being written, whichever it is told, as long as there is one. */
  #outsideOfWrites<T>(read: (reads: FastReads, options: { readonly transaction: Transaction }) => T): T {
    const reads = this.#database as unknown as FastReads;
    const { env } = reads;
    const writing = env.writeTxn;
    env.writeTxn = null;
    try {
      return read(reads, { transaction: this.#transaction });
    } finally {
      env.writeTxn = writing;
    }
  }

  *#guarded(cursor: Generator<KeyValue>): Generator<KeyValue> {
    this.#checkOpen();
    this.#cursors.add(cursor);
    try {
      yield* cursor;
    } finally {
      this.#cursors.delete(cursor);
    }
    // What ends early must not look complete: a snapshot that is being written when its store is closed would lack the rest.
    if (this.#isClosed) throw new RaftctlError("STOPPED", "the image was closed while it was being read");
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A cursor that outlives its transaction crashes the process.
    for (const cursor of this.#cursors) cursor.return(undefined);
    this.#transaction.done();
    this.#whenClosed.resolve();
    this.#onClose();
  }

  #checkOpen(): void {
    assert(!this.#isClosed, "an image is not used after it was closed");
  }
}

function* pairsOf(database: Database, range: KeyRange, transaction: Transaction | undefined): Generator<KeyValue> {
  if (range.limit !== undefined && range.limit <= 0) return;
  const options = { ...boundsOf(range), ...(range.limit === undefined ? {} : { limit: range.limit }), ...(transaction && { transaction }) };
  for (const { key, value } of database.getRange(options)) yield { key: plain(key as Buffer)!, value: plain(value as Buffer)! };
}

const smallestKey = Uint8Array.of(0);

/** lmdb begins a reverse range at its upper bound, included, and ends it before the lower one; ours includes the lower bound and not the upper. */
function boundsOf({ start, end, reverse }: KeyRange): object {
  if (reverse !== true) return { ...(start && start.length > 0 && { start }), ...(end && { end }) };
  const last = start === undefined || start.length === 0 ? smallestKey : start;
  return { reverse: true, end: last, inclusiveEnd: true, ...(end && { start: end, exclusiveStart: true }) };
}

/** The same memory without Buffer's own methods, of which `slice` would not copy. */
function plain(bytes: Buffer | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * LMDB does not write a page that it has taken and given back within one transaction, also when it is the last one: then its file is shorter than it says,
 * and cannot be told from one that was cut short (lmdb-check.ts). So ours is longer, as long as it has not grown by more than that since it was opened.
 * Nothing is written meanwhile.
 */
async function makeLong(path: string, usedBytes: number): Promise<void> {
  const bytes = usedBytes + sparePages * lmdbPageBytes;
  if ((await stat(path)).size < bytes) await truncate(path, bytes);
}

async function syncFile(path: string): Promise<void> {
  const file = await openFile(path, "r+");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function writeFailure(directory: string, thrown: unknown): RaftctlError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const isFull = /no space|ENOSPC|quota/i.test(reason);
  // Of a write that was cut short LMDB reports EIO.
  const meaning = /input\/output error/i.test(reason) ? " (LMDB says so of a full disk too)" : "";
  return new RaftctlError(isFull ? "NO_SPACE" : "IO_ERROR", `cannot write the state in ${directory}: ${reason}${meaning}`, { cause: thrown });
}
