// The machine's Store on disk: LMDB, one environment per region. It is saved now and then, in whole transactions and without fsync: the log is the
// durability, and the kernel keeps what a killed process has saved. What the kernel itself may have lost (it went down, or the power did) cannot
// be recognised from the file, so an environment that was open under another boot is not trusted: it is replaced by an empty one, and its owner
// rebuilds the content from a snapshot and the log.
//
//    <directory>/current.json      which environment counts (lmdb-mark.ts)
//    <directory>/state-<n>/        an environment; any other than the one that counts is left over from a crash and deleted

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assert } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { KeyRange, KeyValue, Store, StoreImage, StoreTransaction } from "../machine/store.ts";
import { lmdbDamage } from "./lmdb-check.ts";
import { dataFileName, LmdbEnvironment } from "./lmdb-environment.ts";
import { TouchedKeys } from "./touched-keys.ts";
import { environmentName, environmentNumber, isEnvironmentName, type LmdbMark, readMark, writeMark } from "./lmdb-mark.ts";

export interface LmdbStoreOptions {
  /** Of this region alone; created when absent. */
  readonly directory: string;
  /** Of the running operating system, as /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  readonly logger?: Logger;
}

/** Of the file that holds the content, bytes. */
export interface StoreSpace {
  readonly before: number;
  readonly after: number;
}

export interface CompactableStore extends Store {
  /**
   * Gives back the space of what was deleted, while transactions and images go on; needs room for a second copy of the content meanwhile.
   * @throws BUSY when it is under way already or something replaces the content, NO_SPACE, IO_ERROR; the store is then as it was
   */
  compact(): Promise<StoreSpace>;
}

export interface OpenedStore {
  readonly store: CompactableStore;
  /** false: the store is empty, because there was none, or none that can be relied on. */
  readonly trusted: boolean;
}

const replaceBatchRows = 1024;
const replaceBatchBytes = 1024 * 1024;
/** Copied again in one turn. */
const touchedBatchKeys = 512;
/** Whoever writes faster than can be copied ends the compaction. */
const touchedKeysMax = 1_000_000;

/** Only one process may have the directory open: the lock of the data directory sees to that. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<OpenedStore> {
  const { directory, bootId } = options;
  const logger = options.logger ?? silentLogger;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const mark = await readMark(directory);
  let environment = await openTrusted(options, mark, logger);
  const trusted = environment !== undefined;
  environment ??= await createEnvironment(directory, logger);
  // From here on a crash of the operating system makes the content doubtful.
  await writeMark(directory, { environment: nameOf(environment), bootId, clean: false });
  await removeOthers(directory, nameOf(environment));
  return { store: new LmdbStore(environment, options, logger), trusted };
}

async function openTrusted(options: LmdbStoreOptions, mark: LmdbMark | undefined, logger: Logger): Promise<LmdbEnvironment | undefined> {
  if (mark === undefined) return undefined;
  const path = join(options.directory, mark.environment);
  const doubt = await doubtAbout(path, mark, options.bootId);
  if (doubt !== undefined) {
    logger.warn({ path, reason: doubt }, "the state is not trusted and will be rebuilt from snapshot and log");
    return undefined;
  }
  try {
    return await LmdbEnvironment.open(path, logger);
  } catch (thrown) {
    logger.warn({ path, reason: toRaftctlError(thrown).message }, "the state cannot be opened and will be rebuilt from snapshot and log");
    return undefined;
  }
}

async function doubtAbout(path: string, mark: LmdbMark, bootId: string): Promise<string | undefined> {
  if (!mark.clean && mark.bootId !== bootId) return "the operating system went down while it was open";
  const damage = await lmdbDamage(join(path, dataFileName));
  return damage === undefined ? undefined : `${dataFileName}: ${damage}`;
}

/** Under a number that was never used in this directory, so that nothing left over is mistaken for it. Durable when it resolves. */
async function createEnvironment(directory: string, logger: Logger): Promise<LmdbEnvironment> {
  const numbers = (await readdir(directory)).filter(isEnvironmentName).map(environmentNumber);
  const environment = await LmdbEnvironment.open(join(directory, environmentName(Math.max(0, ...numbers) + 1)), logger);
  await environment.makeDurable();
  return environment;
}

async function removeOthers(directory: string, kept: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (isEnvironmentName(name) && name !== kept) await rm(join(directory, name), { recursive: true, force: true });
  }
}

function nameOf(environment: LmdbEnvironment): string {
  return environment.directory.slice(environment.directory.lastIndexOf("/") + 1);
}

class LmdbStore implements CompactableStore {
  readonly #options: LmdbStoreOptions;
  readonly #logger: Logger;
  #environment: LmdbEnvironment;
  #isReplacing = false;
  /** While a compaction is under way. */
  #touched: TouchedKeys | undefined;
  #compacting: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #failure: unknown;

  constructor(environment: LmdbEnvironment, options: LmdbStoreOptions, logger: Logger) {
    this.#environment = environment;
    this.#options = options;
    this.#logger = logger;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    const found = this.#environment.get(key);
    return found === undefined ? undefined : new Uint8Array(found);
  }

  range(range: KeyRange): Iterable<KeyValue> {
    this.#checkOpen();
    return this.#environment.range(range);
  }

  transaction<T>(write: (transaction: StoreTransaction) => T): T {
    this.#checkOpen();
    assert(!this.#isReplacing, "nothing is written while the content is being replaced");
    const touched = this.#touched;
    return this.#environment.transaction(touched === undefined ? write : (transaction) => write(touched.watching(transaction)));
  }

  save(): void {
    this.#checkOpen();
    this.#environment.save();
  }

  image(): StoreImage {
    this.#checkOpen();
    return this.#environment.image();
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    try {
      await this.#environment.flush();
    } catch (thrown) {
      // The page cache may have dropped what could not be written: this environment is never called clean again.
      this.#failure ??= thrown;
      throw thrown;
    }
  }

  async replace(pairs: AsyncIterable<KeyValue>): Promise<void> {
    this.#checkOpen();
    assert(!this.#isReplacing, "one replacement at a time");
    this.#isReplacing = true;
    try {
      await this.#compacting;
      const filled = await this.#fill(pairs);
      await writeMark(this.#options.directory, { environment: nameOf(filled), bootId: this.#options.bootId, clean: false });
      const old = this.#environment;
      this.#environment = filled;
      this.#retire(old);
    } finally {
      this.#isReplacing = false;
    }
  }

  async compact(): Promise<StoreSpace> {
    this.#checkOpen();
    if (this.#isReplacing || this.#touched !== undefined) throw new RaftctlError("BUSY", "the state is being replaced or compacted already");
    const image = this.#environment.image();
    const touched = new TouchedKeys();
    this.#touched = touched;
    const compacted = this.#copyCompactly(touched, image);
    this.#compacting = compacted.catch(() => undefined);
    return compacted;
  }

  /** @param image of the moment from which on `touched` knows what is written */
  async #copyCompactly(touched: TouchedKeys, image: StoreImage): Promise<StoreSpace> {
    const old = this.#environment;
    const checkGoesOn = (): void => {
      if (this.#isClosed || this.#isReplacing) throw new RaftctlError("BUSY", "the state was closed or replaced while it was compacted");
    };
    let copy: LmdbEnvironment | undefined;
    try {
      copy = await this.#fill(inTurns(image, checkGoesOn)).finally(() => image.close());
      while (touched.size > touchedBatchKeys) {
        if (touched.size > touchedKeysMax) throw new RaftctlError("BUSY", "the state is written faster than it can be copied");
        copyAgain(old, copy, touched);
        await nextTurn();
      }
      const space = { before: old.bytes, after: copy.bytes };
      checkGoesOn();
      // In one turn: from here on the copy is written, and lacks nothing.
      while (touched.size > 0) copyAgain(old, copy, touched);
      copy.save();
      this.#environment = copy;
      this.#touched = undefined;
      await writeMark(this.#options.directory, { environment: nameOf(copy), bootId: this.#options.bootId, clean: false });
      this.#retire(old);
      return space;
    } catch (thrown) {
      if (copy !== undefined && this.#environment !== copy) await copy.retire();
      throw thrown;
    } finally {
      this.#touched = undefined;
    }
  }

  async #fill(pairs: AsyncIterable<KeyValue>): Promise<LmdbEnvironment> {
    const environment = await createEnvironment(this.#options.directory, this.#logger);
    try {
      let batch = new PairBatch();
      for await (const pair of pairs) {
        batch.add(pair);
        if (!batch.isFull) continue;
        batch.writeTo(environment);
        batch = new PairBatch();
      }
      batch.writeTo(environment);
      await environment.makeDurable();
      return environment;
    } catch (thrown) {
      await environment.retire();
      throw thrown;
    }
  }

  /** Not waited for: images of it may be open for long. */
  #retire(environment: LmdbEnvironment): void {
    environment.retire().catch((thrown: unknown) => {
      this.#logger.warn({ path: environment.directory, reason: toRaftctlError(thrown).message }, "a replaced state could not be removed");
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    assert(!this.#isReplacing, "a store is not closed while its content is being replaced");
    this.#isClosed = true;
    await this.#compacting;
    const environment = this.#environment;
    await environment.flush();
    await environment.close();
    if (this.#failure !== undefined) return;
    await writeMark(this.#options.directory, { environment: nameOf(environment), bootId: this.#options.bootId, clean: true });
  }

  #checkOpen(): void {
    assert(!this.#isClosed, "a store is not used after it was closed");
  }
}

/** An image is read without a pause otherwise, and nobody else would get a turn. */
async function* inTurns(image: StoreImage, checkGoesOn: () => void): AsyncGenerator<KeyValue> {
  let bytes = 0;
  for (const pair of image.range({})) {
    yield pair;
    bytes += pair.key.length + pair.value.length;
    if (bytes < replaceBatchBytes / 4) continue;
    bytes = 0;
    await nextTurn();
    checkGoesOn();
  }
}

function copyAgain(from: LmdbEnvironment, to: LmdbEnvironment, touched: TouchedKeys): void {
  const keys = touched.take(touchedBatchKeys);
  to.transaction((transaction) => {
    for (const key of keys) {
      const value = from.get(key);
      if (value === undefined) transaction.delete(key);
      else transaction.put(key, value);
    }
  });
}

/** Pairs that go into one transaction. */
class PairBatch {
  readonly #pairs: KeyValue[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#pairs.length >= replaceBatchRows || this.#bytes >= replaceBatchBytes;
  }

  add(pair: KeyValue): void {
    this.#pairs.push(pair);
    this.#bytes += pair.key.length + pair.value.length;
  }

  writeTo(environment: LmdbEnvironment): void {
    environment.transaction((transaction) => {
      for (const { key, value } of this.#pairs) transaction.put(key, value);
    });
  }
}
