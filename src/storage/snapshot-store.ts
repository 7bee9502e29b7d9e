// The snapshots of one region, one file each. A file gets its name only when it is complete, verified and durable, so the newest one is always
// usable; a damaged one is refused, not skipped, because the log before it may be gone. Does not know what the content means.

import { assert } from "../base/assert.ts";
import type { Crc32 } from "../base/crc.ts";
import type { ClusterId, RegionId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { makeDurableDirectory } from "./durable-file.ts";
import { chunkBytesMax, damagedSnapshot, membershipJson, readSnapshotChunks, verifySnapshotFile, SnapshotEncoder, type SnapshotInfo } from "./snapshot-file.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";

export type { SnapshotInfo } from "./snapshot-file.ts";

export interface SnapshotStoreOptions {
  readonly disk: Disk;
  /** Made when it is missing. */
  readonly directory: string;
  readonly crc32: Crc32;
  readonly clusterId: ClusterId;
  readonly region: RegionId;
  readonly logger: Logger;
}

const temporarySuffix = ".tmp";

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #readers = new Map<string, number>();
  #latest: SnapshotInfo | undefined;
  /** The file that a transfer has begun to read and has not read to its end. */
  #lent: string | undefined;
  /** The file that was received last and is not installed yet; a newer one may lie beside it that nobody wanted. */
  #arrived: string | undefined;
  #receiver: SnapshotReceiver | undefined;
  #writing = false;
  #pruning: Promise<void> = Promise.resolve();

  private constructor(options: SnapshotStoreOptions, latest: SnapshotInfo | undefined) {
    this.#options = options;
    this.#latest = latest;
  }

  /** Removes unfinished files and verifies the newest snapshot from its first to its last byte. @throws RaftctlError CORRUPT, INCOMPATIBLE */
  static async open(options: SnapshotStoreOptions): Promise<SnapshotStore> {
    const { disk, directory, logger } = options;
    await makeDurableDirectory(disk, directory);
    const names = await disk.readDirectory(directory);
    const newest = names.findLast(isSnapshotName);
    const latest = newest === undefined ? undefined : await verified(options, `${directory}/${newest}`);
    const unfinished = names.filter((name) => name.endsWith(temporarySuffix));
    for (const name of unfinished) await disk.unlink(`${directory}/${name}`);
    if (unfinished.length > 0) {
      mark("snapshot-unfinished-removed");
      logger.info({ unfinished }, "unfinished snapshots were removed");
    }
    // A process that was killed may have left a rename that is not durable yet, and from here on the log is forgotten below this snapshot.
    await disk.syncDirectory(directory);
    return new SnapshotStore(options, latest);
  }

  get latest(): SnapshotInfo | undefined {
    return this.#latest;
  }

  /**
   * Writes the content, a stream of bytes in pieces of any size, and returns when the file is durable under its name. One at a time.
   * @throws RaftctlError NO_SPACE, IO_ERROR; the unfinished file is removed
   */
  async write(meta: SnapshotMeta, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<SnapshotInfo> {
    assert(!this.#writing, "one snapshot of a region is written at a time");
    this.#writing = true;
    const temporary = `${this.#path(meta)}.writing${temporarySuffix}`;
    try {
      const written = await this.#writeFile(temporary, meta, chunks);
      return await this.#publish(temporary, { ...fieldsOf(meta), ...written, path: this.#path(meta) });
    } catch (error) {
      mark("snapshot-write-failed");
      await this.#discard(temporary);
      throw error;
    } finally {
      this.#writing = false;
    }
  }

  /** The content, verified chunk by chunk. The file is kept until the last reader is done. @throws RaftctlError CORRUPT */
  async *chunks(info: SnapshotInfo): AsyncGenerator<Uint8Array, void> {
    this.#readers.set(info.path, (this.#readers.get(info.path) ?? 0) + 1);
    try {
      const file = await this.#options.disk.open(info.path, "read");
      try {
        yield* readSnapshotChunks(file, this.#options.crc32);
      } finally {
        await file.close();
      }
    } finally {
      this.#readers.set(info.path, this.#readers.get(info.path)! - 1);
    }
  }

  /** Bytes of the file, for a transfer; fewer only at its end. Until a transfer has read the end, `prune` spares the file. @throws RaftctlError NOT_FOUND when it was pruned */
  async readRaw(info: SnapshotInfo, offset: number, length: number): Promise<Uint8Array> {
    this.#lent = info.path;
    const file = await this.#options.disk.open(info.path, "read");
    try {
      const bytes = await file.read(offset, length);
      if (offset + bytes.length >= info.bytes) this.#lent = undefined;
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** Takes in a file from a peer. Asked again for the same snapshot while one is unfinished, it goes on where that one stopped. */
  async receive(meta: SnapshotMeta): Promise<SnapshotReceiver> {
    const current = this.#receiver;
    if (current !== undefined && current.open && sameMeta(current.meta, meta)) return current;
    await current?.abort();
    const { disk } = this.#options;
    const temporary = `${this.#path(meta)}.receiving${temporarySuffix}`;
    await this.#discard(temporary);
    const file = await disk.open(temporary, "create");
    this.#receiver = new SnapshotReceiver(meta, file, {
      finish: (bytes) => this.#accept(temporary, meta, bytes),
      discard: () => this.#discard(temporary),
    });
    return this.#receiver;
  }

  /** What was received last is installed: `prune` need not spare it any longer. */
  installed(): void {
    this.#arrived = undefined;
  }

  /** Removes all but the newest `keep` snapshots, those that are being read, and the one that waits to be installed. */
  prune(keep: number): Promise<void> {
    // One after the other: a snapshot that was taken and one that was installed may want it at the same time.
    const pruned = this.#pruning.then(() => this.#prune(keep));
    this.#pruning = pruned.catch(ignored);
    return pruned;
  }

  /** Paths of all snapshots, the oldest first, and of those that `prune` would remove now. */
  async list(keep: number): Promise<{ readonly all: readonly string[]; readonly prunable: readonly string[] }> {
    const { disk, directory } = this.#options;
    const names = (await disk.readDirectory(directory)).filter(isSnapshotName);
    const all = names.map((name) => `${directory}/${name}`);
    const superfluous = all.slice(0, Math.max(0, names.length - keep));
    const prunable = superfluous.filter((path) => path !== this.#lent && path !== this.#arrived && (this.#readers.get(path) ?? 0) === 0);
    if (prunable.length < superfluous.length) mark("snapshot-spared-for-a-reader");
    return { all, prunable };
  }

  async #prune(keep: number): Promise<void> {
    const { disk, directory } = this.#options;
    const { prunable: removed } = await this.list(keep);
    for (const path of removed) await disk.unlink(path);
    if (removed.length > 0) await disk.syncDirectory(directory);
  }

  async #writeFile(path: string, meta: SnapshotMeta, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ bytes: number; digest: string }> {
    const { disk, crc32, clusterId, region } = this.#options;
    await this.#discard(path);
    const file = await disk.open(path, "create");
    try {
      const encoder = new SnapshotEncoder(crc32);
      let offset = await append(file, 0, encoder.header({ ...meta, clusterId, region }));
      for await (const content of chunks) {
        for (let start = 0; start < content.length; start += chunkBytesMax) {
          offset = await append(file, offset, encoder.chunk(content.subarray(start, start + chunkBytesMax)));
        }
      }
      const { bytes, digest } = encoder.trailer();
      offset = await append(file, offset, bytes);
      await file.sync();
      return { bytes: offset, digest };
    } finally {
      await file.close();
    }
  }

  /** A received file is verified as a whole before it gets its name; what it says of itself must be what its sender promised. */
  async #accept(temporary: string, meta: SnapshotMeta, bytes: number): Promise<SnapshotInfo> {
    const found = await verified(this.#options, temporary);
    if (!sameMeta(found, meta)) {
      throw damagedSnapshot(temporary, 40, `it stands for index ${found.index} term ${found.term}, the sender announced index ${meta.index} term ${meta.term} or another membership`);
    }
    this.#arrived = this.#path(meta);
    return this.#publish(temporary, { ...found, bytes, path: this.#arrived });
  }

  async #publish(temporary: string, info: SnapshotInfo): Promise<SnapshotInfo> {
    const { disk, directory } = this.#options;
    await disk.rename(temporary, info.path);
    await disk.syncDirectory(directory);
    if (this.#latest === undefined || info.index >= this.#latest.index) this.#latest = info;
    return info;
  }

  async #discard(path: string): Promise<void> {
    if (await this.#options.disk.exists(path)) await this.#options.disk.unlink(path);
  }

  #path({ index, term }: SnapshotMeta): string {
    return `${this.#options.directory}/${digits(index)}-${digits(term)}.snapshot`;
  }
}

async function append(file: DiskFile, offset: number, bytes: Uint8Array): Promise<number> {
  await file.write(offset, bytes);
  return offset + bytes.length;
}

/** Reads the whole file. @throws RaftctlError CORRUPT also when it belongs to another cluster or region */
async function verified({ disk, crc32, clusterId, region }: SnapshotStoreOptions, path: string): Promise<SnapshotInfo> {
  const file = await disk.open(path, "read");
  try {
    return await verifySnapshotFile(file, { clusterId, region }, crc32);
  } finally {
    await file.close();
  }
}

function ignored(): void {
  // Whoever asked for it was told.
}

function fieldsOf({ index, term, membership }: SnapshotMeta): SnapshotMeta {
  return { index, term, membership };
}

function sameMeta(left: SnapshotMeta, right: SnapshotMeta): boolean {
  return left.index === right.index && left.term === right.term && membershipJson(left.membership) === membershipJson(right.membership);
}

function isSnapshotName(name: string): boolean {
  return /^[0-9]{16}-[0-9]{16}\.snapshot$/.test(name);
}

function digits(value: number): string {
  return value.toString().padStart(16, "0");
}
