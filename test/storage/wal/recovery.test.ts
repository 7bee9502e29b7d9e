import { expect, test } from "vitest";
import { parseRegionId, type ClusterId, type NodeId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import { segmentName } from "../../../src/storage/wal/segment.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { directory, entries, foundedDisk, openWal, region, walOptions } from "./fixtures.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";

function path(sequence: number): string {
  return `${directory}/${segmentName(sequence)}`;
}

/** 60 entries over several segments, not closed. */
async function writtenDisk(): Promise<MemoryDisk> {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 12 * 1024 });
  for (let index = 1; index <= 60; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 700) }]);
  return disk.copy();
}

function damaged(disk: MemoryDisk, sequence: number, change: (bytes: Uint8Array) => void): MemoryDisk {
  const copy = disk.copy();
  const bytes = copy.files().get(path(sequence))!.slice();
  change(bytes);
  copy.plant(path(sequence), bytes);
  return copy;
}

test("a torn tail is cut, reported with file and offset, and everything acknowledged is there (H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  const whole = disk.copy();
  await wal.append([{ kind: "entries", region, entries: entries(4, 4, 1, 1300) }]);
  const torn = damaged(disk, 1, (bytes) => bytes.fill(0, 4096 + 1024, 4096 + 1536));
  const logged: unknown[] = [];
  const logger = { ...walOptions(torn).logger, warn: (fields: unknown) => void logged.push(fields) };
  const opened = await openWal(torn, { logger });
  expect(opened.tornTail).toMatchObject({ file: path(1), offset: 4096 + 512 });
  expect(logged).toHaveLength(1);
  expect(opened.recovered.get(region)).toMatchObject({ tornTail: opened.tornTail });
  expect(opened.recovered.get(region)!.entries).toHaveLength(3);
  expect(torn.files().get(path(1))).toEqual(whole.files().get(path(1)));
});

test("a last batch that is complete on the disk and does not match its checksum has rotted: refused, not cut (H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  await wal.append([{ kind: "entries", region, entries: entries(4, 4, 1, 1300) }]);
  const rotten = damaged(disk, 1, (bytes) => { bytes[4096 + 1200]! ^= 4; });
  await expect(openWal(rotten)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("damage is refused with file, offset and index, and stays byte for byte as it is, however often the daemon restarts (H42, HAZARDS 8.5)", async () => {
  const disk = await writtenDisk();
  const rotten = damaged(disk, 2, (bytes) => { bytes[4096 + 700]! ^= 1; });
  const before = new Map([...rotten.files()].map(([name, bytes]) => [name, bytes.slice()]));
  for (let restart = 0; restart < 5; restart += 1) {
    await expect(openWal(rotten)).rejects.toMatchObject({
      code: "CORRUPT", exit: 13,
      message: `${path(2)} is damaged at byte 4096, behind index 7 of region 1: a later batch stands at byte 5120`,
      details: { file: path(2), offset: 4096, lastIndex: "index 7 of region 1" },
    });
  }
  expect(rotten.files()).toEqual(before);
});

test("a missing segment is refused, whichever it is (H42)", async () => {
  const disk = await writtenDisk();
  const sequences = (await disk.readDirectory(directory)).length - 1;
  for (let sequence = 0; sequence < sequences; sequence += 1) {
    const copy = disk.copy();
    await copy.unlink(path(sequence));
    await expect(openWal(copy)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("a missing first segment is refused also after a purge, and left-overs of a purge are removed (H42, H44)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 12 * 1024 });
  for (let index = 1; index <= 60; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 700) }]);
  const before = disk.copy();
  await wal.purge(new Map([[region, 30]]));
  const first = Number((await disk.readDirectory(directory))[0]!.slice(0, 16));
  expect(first).toBeGreaterThan(2);
  const headless = disk.copy();
  await headless.unlink(path(first));
  await expect(openWal(headless)).rejects.toMatchObject({ code: "CORRUPT", message: `${path(first)} is damaged at byte 0: the segment is missing` });
  for (const left of [[1], [2, 3], [1, first - 1]]) {
    const copy = disk.copy();
    for (const sequence of left) copy.plant(path(sequence), before.files().get(path(sequence))!);
    const opened = await openWal(copy);
    expect(opened.recovered.get(region)!.entries.at(-1)!.index).toBe(60);
    expect((await copy.readDirectory(directory))[0]).toBe(segmentName(first));
  }
});

test("a segment whose batches were all wiped is refused, also the first one after a purge (H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 12 * 1024 });
  for (let index = 1; index <= 60; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 700) }]);
  await wal.purge(new Map([[region, 30]]));
  const names = await disk.readDirectory(directory);
  for (const name of names.slice(0, -2)) {
    const wiped = damaged(disk, Number(name.slice(0, 16)), (bytes) => bytes.fill(0, 4096));
    await expect(openWal(wiped)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("two segments that have changed places, and a segment of another node, cluster or incarnation, are refused (H42)", async () => {
  const disk = await writtenDisk();
  const swapped = disk.copy();
  swapped.plant(path(2), disk.files().get(path(3))!);
  swapped.plant(path(3), disk.files().get(path(2))!);
  await expect(openWal(swapped)).rejects.toMatchObject({ code: "CORRUPT" });
  for (const stranger of [{ nodeId: "99" as NodeId }, { clusterId: "ff".repeat(16) as ClusterId }, { incarnation: 2 }]) {
    await expect(openWal(disk.copy(), stranger)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("it belongs to node") as string });
  }
});

test("an initialised directory without a log is a lost disk, not a fresh start (H8)", async () => {
  const disk = new MemoryDisk();
  await expect(openWal(disk)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("is missing") as string });
  await disk.makeDirectory(directory);
  await expect(openWal(disk)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("holds no segment") as string });
});

test("a newer format is refused as INCOMPATIBLE, not as damage", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const { crc32 } = walOptions(disk);
  const newer = damaged(disk, 0, (bytes) => {
    const view = new DataView(bytes.buffer);
    view.setUint32(8, 2, true);
    view.setUint32(12, crc32(bytes.subarray(16), 2), true);
  });
  await expect(openWal(newer)).rejects.toMatchObject({ code: "INCOMPATIBLE", exit: 15 });
});

test("a crash while a torn tail is being cut is harmless (H42)", async () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const disk = await foundedDisk(new MemoryDisk());
    const wal = await openWal(disk);
    await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
    await wal.append([{ kind: "entries", region, entries: entries(4, 8, 1, 700) }]);
    const torn = damaged(disk, 1, (bytes) => bytes.fill(0, 4096 + 512, 4096 + 1024 + (seed % 5) * 512));
    let second: MemoryDisk | undefined;
    torn.onChange = async () => { second ??= torn.crashed(new Prng(seed)); };
    await openWal(torn);
    expect((await openWal(second!)).recovered.get(region)!.entries).toHaveLength(3);
  }
});

test("nothing is changed on the disk before the whole log was found good (H42)", async () => {
  const disk = damaged(await writtenDisk(), 3, (bytes) => { bytes[5000]! ^= 8; });
  disk.plant(`${path(9)}.tmp`, new Uint8Array(10));
  let changes = 0;
  disk.onChange = async () => void (changes += 1);
  await expect(Wal.open(walOptions(disk))).rejects.toMatchObject({ code: "CORRUPT" });
  expect(changes).toBe(0);
});

test("a last batch with sectors that are zero by nature is still told from a torn one (H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  await wal.append([{ kind: "entries", region, entries: [{ ...entries(4, 4)[0]!, data: new Uint8Array(3000) }, ...entries(5, 5)] }]);
  expect((await openWal(disk.copy())).recovered.get(region)!.entries).toHaveLength(5);
  await expect(openWal(damaged(disk, 1, (bytes) => { bytes[4096 + 512 + 60]! ^= 1; }))).rejects.toMatchObject({ code: "CORRUPT" });
  const torn = await openWal(damaged(disk, 1, (bytes) => bytes.fill(0, 4096 + 512 + 3072, 4096 + 512 + 3584)));
  expect(torn.recovered.get(region)!.entries).toHaveLength(3);
});

test("votes that are lost with the batches of a segment in the middle are missed, though no entry is (H1, H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 8192 });
  for (let term = 1; term <= 30; term += 1) await wal.append([{ kind: "hardState", region, hardState: { currentTerm: term, votedFor: "5", commitIndex: 0 } }]);
  expect(wal.stats.segments).toBeGreaterThan(4);
  for (const sequence of [1, 2, 3]) {
    await expect(openWal(damaged(disk, sequence, (bytes) => bytes.fill(0, 4096)))).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("votes that are lost with the batches of the oldest segment after a purge are missed, though no entry is (H1, H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 8192 });
  const other = parseRegionId(2);
  for (let index = 1; index <= 20; index += 1) {
    await wal.append([{ kind: "entries", region, entries: entries(index, index) }, { kind: "hardState", region: other, hardState: { currentTerm: index, votedFor: "5", commitIndex: 0 } }]);
  }
  await wal.purge(new Map([[region, 8]]));
  const oldest = Number((await disk.readDirectory(directory))[0]!.slice(0, 16));
  expect(oldest).toBeGreaterThan(1);
  await wal.append([{ kind: "snapshotMark", region, position: { index: 100, term: 1 } }]);
  expect((await openWal(disk.copy())).recovered.get(other)!.hardState.currentTerm).toBe(20);
  await expect(openWal(damaged(disk, oldest, (bytes) => bytes.fill(0, 4096)))).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("it begins with batch none instead of") as string });
});
