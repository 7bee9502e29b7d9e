import { expect, test } from "vitest";
import { parseRegionId } from "../../../src/base/ids.ts";
import { segmentName } from "../../../src/storage/wal/segment.ts";
import { FaultyDisk } from "../faulty-disk.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { settled, TurnClock } from "../turn-clock.ts";
import { directory, entries, foundedDisk, openWal, region } from "./fixtures.ts";

const other = parseRegionId(2);
const third = parseRegionId(3);

test("entries, term, vote and commit index are there after a restart (S73, S106)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  expect([...wal.recovered]).toEqual([]);
  await wal.append([{ kind: "entries", region, entries: entries(1, 5) }, { kind: "hardState", region, hardState: { currentTerm: 1, votedFor: "7", commitIndex: 3 } }]);
  await wal.close();
  const found = (await openWal(disk.copy())).recovered.get(region)!;
  expect(found.hardState).toEqual({ currentTerm: 1, votedFor: "7", commitIndex: 3 });
  expect(found.snapshot).toEqual({ index: 0, term: 0 });
  expect(found.entries.map(({ index, term, type, data }) => ({ index, term, type, data }))).toEqual(entries(1, 5));
});

test("an append at or below the last index truncates there first (S106)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 6) }]);
  await wal.append([{ kind: "entries", region, entries: entries(4, 5, 2) }]);
  const found = (await openWal(disk.copy())).recovered.get(region)!;
  expect(found.entries.map(({ index, term }) => `${index}@${term}`)).toEqual(["1@1", "2@1", "3@1", "4@2", "5@2"]);
});

test("a commit index that lies behind the log is not believed", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 6) }, { kind: "hardState", region, hardState: { currentTerm: 1, votedFor: undefined, commitIndex: 6 } }]);
  await wal.append([{ kind: "entries", region, entries: entries(3, 3, 2) }]);
  expect((await openWal(disk.copy())).recovered.get(region)!.hardState).toEqual({ currentTerm: 1, votedFor: undefined, commitIndex: 3 });
});

test("a snapshot mark restarts the log behind it, and what is appended with it in one call is atomic with it (S106)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 6) }]);
  await wal.append([{ kind: "snapshotMark", region, position: { index: 4, term: 1 } }, { kind: "entries", region, entries: entries(5, 5) }]);
  const kept = (await openWal(disk.copy())).recovered.get(region)!;
  expect([kept.snapshot, kept.entries.map(({ index }) => index)]).toEqual([{ index: 4, term: 1 }, [5]]);
  await wal.append([{ kind: "snapshotMark", region, position: { index: 40, term: 3 } }]);
  const far = (await openWal(disk.copy())).recovered.get(region)!;
  expect([far.snapshot, far.entries, far.hardState.commitIndex]).toEqual([{ index: 40, term: 3 }, [], 40]);
});

test("a compaction forgets what it covers and keeps what follows (S106)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 6) }]);
  await wal.append([{ kind: "compaction", region, position: { index: 4, term: 1 } }]);
  const found = (await openWal(disk.copy())).recovered.get(region)!;
  expect([found.snapshot, found.entries.map(({ index }) => index)]).toEqual([{ index: 4, term: 1 }, [5, 6]]);
});

test("regions share the log and nothing else: truncation, snapshot and removal of one leave the others alone (H50)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  for (const id of [region, other, third]) await wal.append([{ kind: "entries", region: id, entries: entries(1, 9, 1, id * 10) }, { kind: "hardState", region: id, hardState: { currentTerm: id, votedFor: undefined, commitIndex: id } }]);
  await wal.append([{ kind: "entries", region, entries: entries(2, 2, 5) }]);
  await wal.append([{ kind: "snapshotMark", region: third, position: { index: 7, term: 1 } }]);
  const found = (await openWal(disk.copy())).recovered;
  expect([...found].map(([id, held]) => [id, held.hardState.currentTerm, held.snapshot.index, held.entries.map(({ index }) => index)])).toEqual([
    [1, 1, 0, [1, 2]], [2, 2, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]], [3, 3, 7, []],
  ]);
  await wal.append([{ kind: "regionRemoved", region: other }]);
  expect([...(await openWal(disk.copy())).recovered.keys()]).toEqual([1, 3]);
});

test("all that one turn appends is one write and one sync", async () => {
  const disk = new FaultyDisk(await foundedDisk(new MemoryDisk()), {});
  const wal = await openWal(disk);
  const appends = [1, 2, 3, 4, 5].map((index) => wal.append([{ kind: "entries", region, entries: entries(index, index) }]));
  appends.push(wal.append([{ kind: "entries", region: other, entries: entries(1, 3) }]));
  await Promise.all(appends);
  expect(disk.calls.filter(({ operation }) => operation === "writeDurable")).toHaveLength(1);
});

test("a batch that is full is followed by the next one, and an append larger than a batch or a segment goes through as a whole", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  const disk = new FaultyDisk(memory, {});
  const wal = await openWal(disk, { batchBytesMax: 1000 });
  await Promise.all([1, 2, 3, 4].map((index) => wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 400) }])));
  expect(disk.calls.filter(({ operation }) => operation === "writeDurable")).toHaveLength(2);
  await wal.append([{ kind: "entries", region, entries: entries(5, 104, 1, 1000) }]);
  await wal.append([{ kind: "entries", region, entries: entries(105, 105) }]);
  expect((await openWal(memory.copy())).recovered.get(region)!.entries.map(({ index }) => index)).toEqual(entries(1, 105).map(({ index }) => index));
});

test("nothing to write is durable when everything before it is", async () => {
  const disk = new FaultyDisk(await foundedDisk(new MemoryDisk()), {});
  const wal = await openWal(disk);
  await wal.append([]);
  expect(disk.calls.filter(({ operation }) => operation === "writeDurable")).toHaveLength(0);
  const done: string[] = [];
  void wal.append([{ kind: "entries", region, entries: entries(1, 1) }]).then(() => done.push("entries"));
  await wal.append([]);
  expect(done).toEqual(["entries"]);
});

test("an idle log writes one mark behind its last batch, off the path of any append, and then rests (H42, S22)", async () => {
  const disk = new FaultyDisk(await foundedDisk(new MemoryDisk()), {});
  const clock = new TurnClock();
  const wal = await openWal(disk, { clock, idleMarkMs: 100 });
  const writes = (): number => disk.calls.filter(({ operation }) => operation === "writeDurable").length;
  await wal.append([{ kind: "entries", region, entries: entries(1, 1) }]);
  await clock.advance(60);
  await wal.append([{ kind: "entries", region, entries: entries(2, 2) }]);
  await clock.advance(99);
  expect(writes()).toBe(2);
  await clock.advance(1);
  expect(writes()).toBe(3);
  await clock.advance(100_000);
  expect([writes(), clock.armed]).toEqual([3, 0]);
  await wal.close();
  expect(writes()).toBe(3);
});

test("the next segment is made while there is room in this one, so that going over to it creates nothing", async () => {
  const disk = new FaultyDisk(await foundedDisk(new MemoryDisk()), {});
  const wal = await openWal(disk, { segmentBytes: 16 * 1024 });
  for (let index = 1; index <= 15; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 400) }]);
  await settled();
  expect(disk.calls.filter(({ operation }) => operation === "allocate")).toHaveLength(2);
  expect(wal.stats).toMatchObject({ segments: 2, readOnly: false });
  const before = disk.calls.length;
  for (let index = 16; index <= 24; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 400) }]);
  expect(wal.stats.segments).toBe(3);
  expect(disk.calls.slice(before).map(({ operation }) => operation).filter((operation) => operation !== "writeDurable" && operation !== "freeBytes")).toEqual(["close"]);
});

test("a purge removes whole segments below every floor and writes again what they held of terms, votes and beginnings (H50)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 8192 });
  await wal.append([{ kind: "hardState", region: other, hardState: { currentTerm: 4, votedFor: "3", commitIndex: 0 } }, { kind: "snapshotMark", region: third, position: { index: 70, term: 6 } }]);
  await wal.append([{ kind: "hardState", region, hardState: { currentTerm: 2, votedFor: "1", commitIndex: 0 } }]);
  for (let index = 1; index <= 60; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1 + Math.floor(index / 25)) }]);
  const before = wal.stats.segments;
  await wal.purge(new Map([[other, 5]]));
  expect(wal.stats.segments).toBe(before - 1);
  await wal.purge(new Map([[region, 50]]));
  expect(wal.stats.segments).toBeLessThan(before - 5);
  const names = await disk.readDirectory(directory);
  expect(names).not.toContain(segmentName(1));
  const found = (await openWal(disk.copy())).recovered;
  expect(found.get(region)).toMatchObject({ hardState: { currentTerm: 2, votedFor: "1" }, snapshot: { index: 50, term: 3 } });
  expect(found.get(region)!.entries.map(({ index }) => index)).toEqual(entries(51, 60).map(({ index }) => index));
  expect(found.get(other)!.hardState).toEqual({ currentTerm: 4, votedFor: "3", commitIndex: 0 });
  expect(found.get(third)!.snapshot).toEqual({ index: 70, term: 6 });
});

test("a region that has given no floor keeps its entries, and with them the segments of the others (H50)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: 8192 });
  await wal.append([{ kind: "entries", region: other, entries: entries(1, 1) }]);
  for (let index = 1; index <= 40; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index) }]);
  const before = wal.stats.segments;
  await wal.purge(new Map([[region, 40]]));
  expect(wal.stats.segments).toBe(before - 1);
  await wal.append([{ kind: "regionRemoved", region: other }]);
  await wal.purge(new Map());
  expect(wal.stats.segments).toBeLessThan(before - 3);
});

test("purges and appends of many generations leave a log that recovers (S106)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  let wal = await openWal(disk, { segmentBytes: 8192 });
  for (let round = 0; round < 10; round += 1) {
    const first = round * 30 + 1;
    for (let index = first; index < first + 30; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, round + 1) }]);
    await wal.purge(new Map([[region, first + 20]]));
    await wal.close();
    wal = await openWal(disk, { segmentBytes: 8192 });
    const found = wal.recovered.get(region)!;
    expect(found.entries.at(-1)).toMatchObject({ index: first + 29, term: round + 1 });
    expect(found.snapshot).toEqual({ index: first + 20, term: round + 1 });
  }
  expect(wal.stats.segments).toBeLessThan(8);
});

test("after close, appends are refused with STOPPED, and close waits for what was accepted", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  const accepted = wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  await Promise.all([wal.close(), accepted, wal.close()]);
  await expect(wal.append([{ kind: "entries", region, entries: entries(4, 4) }])).rejects.toMatchObject({ code: "STOPPED" });
  expect((await openWal(disk.copy())).recovered.get(region)!.entries).toHaveLength(3);
});

test("a gap in the log is our own bug and never written", async () => {
  const wal = await openWal(await foundedDisk(new MemoryDisk()));
  await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  expect(() => wal.append([{ kind: "entries", region, entries: entries(5, 5) }])).toThrow("entries leave no gap in the log");
});

test("the same bytes are written for an entry by whoever made it and by whoever received it", async () => {
  const made = await foundedDisk(new MemoryDisk());
  const received = await foundedDisk(new MemoryDisk());
  const held = entries(1, 20);
  const leader = await openWal(made);
  await leader.append([{ kind: "entries", region, entries: held }]);
  const follower = await openWal(received);
  await follower.append([{ kind: "entries", region, entries: held.map(({ index, term, type, data }) => ({ index, term, type, data, isRecorded: true })) }]);
  expect(received.files()).toEqual(made.files());
});
