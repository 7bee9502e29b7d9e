// A simulated disk with a process attached, and the bytes of a small log for tests that write them by hand.

import { Prng } from "../../../../src/base/prng.ts";
import type { Disk, DiskFile } from "../../../../src/storage/disk.ts";
import type { WalWrite } from "../../../../src/storage/wal/wal.ts";
import { batchExtent, batchHeaderBytes, sealBatch } from "../../../../src/storage/wal/batch.ts";
import { encodeWrite } from "../../../../src/storage/wal/region-record.ts";
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from "../../../../src/storage/wal/segment.ts";
import { crc32, directory, foundedDisk, owner, region } from "../../../storage/wal/fixtures.ts";
import { SimDisk, type SimDiskOptions } from "../sim-disk.ts";
import { TestLife, TestTime } from "./test-time.ts";

export interface DiskWithLife {
  readonly medium: SimDisk;
  readonly time: TestTime;
  readonly life: TestLife;
  readonly disk: Disk;
}

export function simDisk(seed = 1, changes: Partial<SimDiskOptions> = {}): SimDisk {
  return new SimDisk({ prng: new Prng(seed), crc32, region, ...changes });
}

/** With an empty directory /d. */
export async function attached(seed = 1, changes: Partial<SimDiskOptions> = {}): Promise<DiskWithLife> {
  const medium = simDisk(seed, changes);
  const time = new TestTime("by hand");
  const life = new TestLife(time);
  const disk = medium.attach(life);
  await disk.makeDirectory("/d");
  return { medium, time, life, disk };
}

/** The next process, after this one has ended. */
export function reattached({ medium, time, life }: DiskWithLife, kind: "kill" | "powerLoss"): DiskWithLife {
  life.alive = false;
  medium.crash(kind);
  const next = new TestLife(time);
  return { medium, time, life: next, disk: medium.attach(next) };
}

export async function created(disk: Disk, path: string, content: Uint8Array): Promise<DiskFile> {
  const file = await disk.open(path, "create");
  await file.write(0, content);
  await file.sync();
  await disk.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  return file;
}

export async function contentOf(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  return file.read(0, await file.size());
}

/** Writes a log batch after batch, each with the bytes that the production log would write. */
export class HandMadeLog {
  readonly disk: Disk;
  #segment = 0;
  #seed = 0;
  #offset = 0;
  #sequence = 1;
  #previousCrc = 0;
  file: DiskFile | undefined;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  static async founded(disk: Disk): Promise<HandMadeLog> {
    return new HandMadeLog(await foundedDisk(disk));
  }

  /** A segment whose content is durable, and its name not. */
  async segment(sequence: number): Promise<DiskFile> {
    const sizeBytes = 16 * 1024;
    const { page, seed } = encodeSegmentHeader({ ...owner, sequence, sizeBytes, createdAtMs: 1 }, crc32);
    const file = await this.disk.open(`${directory}/${segmentName(sequence)}`, "create");
    await file.allocate(sizeBytes);
    await file.write(0, page);
    await file.sync();
    this.#segment = sequence;
    this.#seed = seed;
    this.#offset = segmentHeaderBytes;
    this.file = file;
    return file;
  }

  /** The next batch and where it goes. */
  batch(...writes: readonly WalWrite[]): { offset: number; bytes: Uint8Array } {
    const runs = writes.map((write) => encodeWrite(write, crc32));
    const payload = runs.reduce((sum, run) => sum + run.length, 0);
    const bytes = new Uint8Array(batchExtent(payload));
    let at = batchHeaderBytes;
    for (const run of runs) {
      bytes.set(run, at);
      at += run.length;
    }
    const offset = this.#offset;
    const place = { segment: this.#segment, seed: this.#seed, offset, sequence: this.#sequence, previousCrc: this.#previousCrc };
    this.#previousCrc = sealBatch(bytes, payload, place, crc32);
    this.#sequence += 1;
    this.#offset += bytes.length;
    return { offset, bytes };
  }

  async append(...writes: readonly WalWrite[]): Promise<void> {
    const { offset, bytes } = this.batch(...writes);
    await this.file!.writeDurable(offset, bytes);
  }
}
