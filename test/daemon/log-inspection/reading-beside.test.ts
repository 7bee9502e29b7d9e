// A reader beside a node that writes: its reads are not one moment. What it sees of a segment may be of two moments, the earlier part of the earlier one, and
// files come and go between listing and opening.

import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { closeFiles, readLogBeside, type PlacedEntry, type ReadLog } from "../../../src/daemon/log-inspection/directory-reading.ts";
import { entryWindows } from "../../../src/daemon/log-inspection/record-window.ts";
import type { Disk, DiskFile } from "../../../src/storage/disk.ts";
import type { MemoryDisk } from "../../storage/memory-disk.ts";
import { crc32, entries, owner, region } from "../../storage/wal/fixtures.ts";
import { founded, openNodeWal, sample, walDir, written } from "./directories.ts";

function read(disk: Disk): Promise<ReadLog> {
  return readLogBeside({ disk, directory: walDir, crc32, owner });
}

/** What the log looked like on the disk after each append. */
async function moments(appends: number, segmentBytes: number): Promise<MemoryDisk[]> {
  const disk = await founded();
  const wal = await openNodeWal(disk, { segmentBytes });
  const found: MemoryDisk[] = [];
  for (let append = 0; append < appends; append += 1) {
    await wal.append([{ kind: "entries", region, entries: entries(append * 3 + 1, append * 3 + 3, 1, 100 + (append % 5) * 200) }]);
    found.push(disk.copy());
  }
  await wal.close();
  return found;
}

/** A disk that moves on while it is read: each file is the earlier moment up to some byte and the later moment from there on. */
class MovingDisk implements Pick<Disk, "open" | "readDirectory" | "exists"> {
  readonly #moments: readonly MemoryDisk[];
  readonly #prng: Prng;
  #now = 0;

  constructor(all: readonly MemoryDisk[], prng: Prng) {
    this.#moments = all;
    this.#prng = prng;
  }

  get #current(): MemoryDisk {
    return this.#moments[this.#now]!;
  }

  exists(path: string): Promise<boolean> {
    return this.#current.exists(path);
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#current.readDirectory(path);
  }

  async open(path: string): Promise<DiskFile> {
    const file = await this.#current.open(path, "read");
    const reading: Pick<DiskFile, "path" | "size" | "read" | "close"> = {
      path, size: () => file.size(), close: () => file.close(),
      read: async (offset, length) => {
        const earlier = await file.read(offset, length);
        this.#now = Math.min(this.#moments.length - 1, this.#now + this.#prng.integer(0, 3));
        if (!(await this.#current.exists(path))) return earlier;
        const later = await (await this.#current.open(path, "read")).read(offset, length);
        // Between the two moments there is something to see only where they differ.
        const differs = later.findIndex((byte, place) => byte !== earlier[place]);
        later.set(earlier.subarray(0, Math.max(0, differs) + this.#prng.integer(0, 4096)));
        return later;
      },
    };
    return reading as DiskFile;
  }
}

test("a log that is being written is never taken for a damaged one, and what was there when reading began is there (N2)", async () => {
  const all = await moments(60, 32 * 1024);
  const prng = new Prng(11);
  for (let run = 0; run < 300; run += 1) {
    const begin = prng.integer(0, all.length - 2);
    const found = await read(new MovingDisk(all.slice(begin), prng) as unknown as Disk);
    expect(found.damage?.message, `run ${run} from moment ${begin}`).toBeUndefined();
    const indexes = found.regions.get(region)!.entries.map(({ index }) => index);
    expect(indexes.length).toBeGreaterThanOrEqual((begin + 1) * 3);
    expect(indexes).toEqual(indexes.map((_, place) => place + 1));
    await closeFiles(found.files);
  }
});

test("damage that stays is found, however often it is read", async () => {
  const all = await moments(20, 8 * 1024);
  for (const disk of all) {
    const path = `${walDir}/0000000000000001.wal`;
    const bytes = disk.files().get(path)!.slice();
    bytes[4096 + 60]! ^= 4;
    disk.plant(path, bytes);
  }
  const found = await read(new MovingDisk(all, new Prng(3)) as unknown as Disk);
  expect(found.damage).toMatchObject({ code: "CORRUPT", details: { offset: 4096 } });
});

test("a segment that is purged after it was opened is still read, one that is purged before makes the reader begin again", async () => {
  const disk = await founded();
  const wal = await openNodeWal(disk, { segmentBytes: 8 * 1024 });
  for (let first = 1; first <= 60; first += 3) await wal.append([{ kind: "entries", region, entries: entries(first, first + 2, 1, 400) }]);
  const before = await read(disk);
  const names = await disk.readDirectory(walDir);
  let purging: Promise<void> | undefined;
  // The directory is listed; then everything that a snapshot at 40 holds goes away.
  const racing: Pick<Disk, "open" | "readDirectory" | "exists"> = {
    exists: (path) => disk.exists(path),
    readDirectory: (path) => disk.readDirectory(path),
    open: async (path, mode) => {
      purging ??= wal.purge(new Map([[region, 40]]));
      await purging;
      return disk.open(path, mode);
    },
  };
  const after = await read(racing as Disk);
  expect((await disk.readDirectory(walDir)).length).toBeLessThan(names.length);
  expect(after.damage).toBeUndefined();
  expect(after.regions.get(region)!.mark.index).toBe(40);
  expect(after.regions.get(region)!.entries.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, place) => 41 + place));
  const held: number[] = [];
  for await (const window of entryWindows(before.regions.get(region)!.entries as never, before.files, crc32)) held.push(...window.map(({ index }) => index));
  expect(held).toHaveLength(60);
  await wal.close();
});

test("of the entries only their places are kept in memory, not what they hold", async () => {
  const found = await read(await written(sample, 4));
  for (const entry of found.regions.get(region)!.entries) expect([entry.data.length, entry.isRecorded]).toEqual([0, undefined]);
});

test("a record that changes between the two reads of it is refused and not shown", async () => {
  const disk = await written(sample, 4);
  const found = await read(disk);
  const path = `${walDir}/0000000000000001.wal`;
  const places = found.regions.get(region)!.entries as never as { offset: number }[];
  const file = await disk.open(path, "write");
  await file.write(places[3]!.offset + 10, new Uint8Array([1, 2, 3]));
  const reading = (async () => {
    for await (const window of entryWindows(places as never, found.files, crc32)) expect(window).toHaveLength(0);
  })();
  await expect(reading).rejects.toMatchObject({ code: "CORRUPT", details: { file: path, offset: places[3]!.offset } });
});

test("a sound record of another entry that has come to stand there is not shown in its place", async () => {
  const disk = await written(sample, 4);
  const found = await read(disk);
  const places = found.regions.get(region)!.entries as never as readonly PlacedEntry[];
  const shown = async (changes: Partial<PlacedEntry>): Promise<number> => {
    let entriesShown = 0;
    for await (const window of entryWindows([{ ...places[3]!, ...changes }], found.files, crc32)) entriesShown += window.length;
    return entriesShown;
  };
  expect(await shown({})).toBe(1);
  await expect(shown({ index: 9 })).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("entry 4 of term 2 stands where entry 9 of term 2 was") as string });
  await expect(shown({ term: 1 })).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("entry 4 of term 2 stands where entry 4 of term 1 was") as string });
});
