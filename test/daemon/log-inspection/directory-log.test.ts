import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { DirectoryLog } from "../../../src/daemon/log-inspection/directory-log.ts";
import { windowBytesMax } from "../../../src/daemon/log-inspection/record-window.ts";
import { FaultyDisk } from "../../storage/faulty-disk.ts";
import { crc32, entries as numbered, region } from "../../storage/wal/fixtures.ts";
import { all, dataDir, founded, identity, noop, openLog, openNodeWal, put, sample, walDir, within, writeSnapshot, written } from "./directories.ts";

test("the log of a stopped node is read with its header and every entry taken apart (K5, N2)", async () => {
  const log = await openLog(await written(sample, 4));
  expect(log.header).toMatchObject({
    source: "directory", clusterId: identity.clusterId, node: "n1", nodeId: identity.nodeId, region: "global", dataDir,
    firstIndex: 1, lastIndex: 6, commitIndex: 4, lastApplied: null, hardState: { term: 2, vote: identity.nodeId }, snapshots: [], tornTail: null, damage: null,
  });
  expect(log.header.segments.map(({ file, state, lastIndex }) => [file, state, lastIndex])).toEqual([["0000000000000000.wal", "full", null], ["0000000000000001.wal", "active", 6]]);
  const found = await all(log);
  expect(found.map(({ index, term, type, committed }) => [index, term, type, committed])).toEqual([
    [1, 1, "config", true], [2, 2, "noop", true], [3, 2, "command", true], [4, 2, "command", true], [5, 2, "command", null], [6, 2, "command", null],
  ]);
  expect(found[0]!.config).toEqual({ voters: ["n1"], votersOutgoing: [], learners: [] });
  expect(found[2]).toMatchObject({ session: { id: "99", sequence: 3 }, command: { operation: "put", key: utf8("app/mode"), condition: { kind: "version", version: 7 } }, crc: crc32(sample[2]!.data), bytes: sample[2]!.data.length });
  expect(found[4]!.command).toMatchObject({ operation: "deleteRange", key: utf8("a"), end: utf8("b") });
  await log.close();
});

test("values stay in the log unless they are asked for; the payload comes only for a decoder", async () => {
  const log = await openLog(await written(sample, 4));
  for (const { command, payload } of await all(log)) expect([command?.value?.content ?? null, payload]).toEqual([null, null]);
  const value = (await all(log, "values"))[2]!.command!.value;
  expect(value).toEqual({ bytes: 6, crc: crc32(utf8("secret")), content: utf8("secret") });
  const [, , third] = await all(log, "payload");
  expect([third!.payload, third!.command!.value!.content]).toEqual([sample[2]!.data, null]);
});

test("a part of the range is read without the rest, across segments, in windows of bounded size", async () => {
  const disk = await founded();
  const wal = await openNodeWal(disk, { segmentBytes: 64 * 1024 });
  for (let first = 1; first <= 400; first += 20) await wal.append([{ kind: "entries", region, entries: numbered(first, first + 19, 1, 600) }]);
  await wal.close();
  expect(wal.stats.segments).toBeGreaterThan(4);
  const log = await openLog(disk);
  expect((await within(log, 95, 305)).map(({ index }) => index)).toEqual(Array.from({ length: 211 }, (_, place) => 95 + place));
  expect((await all(log)).map(({ crc }) => crc)).toEqual(numbered(1, 400, 1, 600).map(({ data }) => crc32(data)));
  for await (const page of log.entries({ first: 1, last: 400 }, "sizes")) expect(page.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(windowBytesMax);
});

test("reading changes no byte, not even a torn tail, and says that it is torn", async () => {
  const disk = await written(sample, 4);
  const segment = `${walDir}/0000000000000001.wal`;
  const bytes = disk.files().get(segment)!.slice();
  // Of a batch whose write was torn: sectors behind its missing header.
  bytes.fill(9, bytes.length - 2048, bytes.length - 1536);
  disk.plant(segment, bytes);
  const before = new Map([...disk.files()].map(([path, content]) => [path, crc32(content)]));
  const log = await openLog(disk);
  expect(log.header).toMatchObject({ lastIndex: 6, damage: null, tornTail: { file: segment } });
  expect(await all(log)).toHaveLength(6);
  expect(new Map([...disk.files()].map(([path, content]) => [path, crc32(content)]))).toEqual(before);
});

test("of a damaged log everything before the damage is there, and where it ends (U7)", async () => {
  const disk = await written(sample, 4);
  const segment = `${walDir}/0000000000000001.wal`;
  const bytes = disk.files().get(segment)!.slice();
  const place = bytes.findIndex((_, offset) => Buffer.from(bytes.subarray(offset, offset + 6)).toString() === "secret");
  bytes[place]! ^= 1;
  disk.plant(segment, bytes);
  const log = await openLog(disk);
  expect(log.header).toMatchObject({ lastIndex: 2, damage: { file: segment, message: expect.stringContaining("index 2 of region 1") } });
  expect(log.header.damage!.offset).toBeLessThanOrEqual(place);
  expect((await all(log)).map(({ index }) => index)).toEqual([1, 2]);
});

test("a damaged log is listed up to the damage also when a snapshot holds more, and when its beginning is only known behind the damage", async () => {
  const disk = await founded();
  const wal = await openNodeWal(disk, { segmentBytes: 8 * 1024 });
  for (let first = 1; first <= 60; first += 3) await wal.append([{ kind: "entries", region, entries: numbered(first, first + 2, 1, 400) }]);
  await writeSnapshot(disk, 40, 1);
  await wal.purge(new Map([[region, 40]]));
  await wal.close();
  const whole = await openLog(disk);
  expect(whole.header).toMatchObject({ start: { index: 40, term: 1 }, firstIndex: 41, lastIndex: 60, damage: null });
  const [oldest] = (await disk.readDirectory(walDir)).map((name) => `${walDir}/${name}`);
  const bytes = disk.files().get(oldest!)!.slice();
  bytes[bytes.findLastIndex((byte) => byte !== 0)]! ^= 1;
  disk.plant(oldest!, bytes);
  const log = await openLog(disk);
  expect(log.header).toMatchObject({ damage: { file: oldest }, start: { term: null }, commitIndex: log.header.lastIndex });
  const indexes = (await all(log)).map(({ index }) => index);
  expect(indexes.length).toBeGreaterThan(0);
  expect([indexes[0], indexes.at(-1)]).toEqual([log.header.firstIndex, log.header.lastIndex]);
  expect(log.header.lastIndex).toBeLessThan(60);
});

test("a record that is larger than a window is read as one", async () => {
  const disk = await founded();
  const wal = await openNodeWal(disk, { batchBytesMax: 4 * 1024 * 1024 });
  const large = numbered(1, 3, 1, windowBytesMax + 1);
  await wal.append([{ kind: "entries", region, entries: large }]);
  await wal.close();
  const log = await openLog(disk);
  expect((await all(log)).map(({ crc }) => crc)).toEqual(large.map(({ data }) => crc32(data)));
});

test("nothing is known to be committed beyond the end of the log, whatever the hard state says", async () => {
  const log = await openLog(await written(sample, 99));
  expect(log.header.commitIndex).toBe(6);
});

test("what a snapshot holds too is still listed, and is committed whatever the hard state says; segments behind it may be purged", async () => {
  const disk = await written(sample, 1);
  await writeSnapshot(disk, 4, 2);
  const log = await openLog(disk);
  expect(log.header).toMatchObject({ firstIndex: 1, lastIndex: 6, commitIndex: 4, snapshots: [{ index: 4, term: 2, digest: expect.stringMatching(/^[0-9a-f]{8}$/) }] });
  expect(log.header.segments.map(({ purgeable }) => purgeable)).toEqual([true, false]);
});

test("a damaged snapshot is said, and keeps nobody from looking at the log", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 3, 2);
  const path = [...disk.files().keys()].find((name) => name.endsWith(".snapshot"))!;
  const bytes = disk.files().get(path)!.slice();
  bytes[44]! ^= 1;
  disk.plant(path, bytes);
  const log = await openLog(disk);
  expect(log.header).toMatchObject({ snapshots: [], damage: { file: path, offset: 12 }, firstIndex: 1, lastIndex: 6 });
  expect(await all(log)).toHaveLength(6);
});

test("a log that ends before the newest snapshot, or disagrees with it, gives way to it as a start would do it (Figure 13)", async () => {
  for (const [index, term] of [[9, 2], [4, 3]] as const) {
    const disk = await written(sample, 1);
    await writeSnapshot(disk, index, term);
    const log = await openLog(disk);
    expect(log.header).toMatchObject({ start: { index, term }, firstIndex: index + 1, lastIndex: index, commitIndex: index, hardState: { term: Math.max(2, term) } });
    expect(await all(log)).toEqual([]);
  }
});

test("entries of a term that a new leader has replaced are not listed", async () => {
  const log = await openLog(await written([...sample, put(7, "a", "1"), put(8, "b", "1"), noop(7, 3)], 4));
  expect((await all(log)).map(({ index, term }) => `${index}@${term}`).slice(-2)).toEqual(["6@2", "7@3"]);
});

test("a region, a directory and a file that are not there are refused in one line", async () => {
  const disk = await founded();
  await expect(DirectoryLog.open({ disk, crc32, dataDir }, "eu")).rejects.toMatchObject({ code: "UNKNOWN_GROUP", exit: 4 });
  await expect(DirectoryLog.open({ disk, crc32, dataDir: "/nowhere" }, "global")).rejects.toMatchObject({ code: "NOT_INITIALIZED", exit: 4 });
  await disk.makeDirectory("/empty");
  await expect(DirectoryLog.open({ disk, crc32, dataDir: "/empty" }, "global")).rejects.toMatchObject({ code: "NOT_INITIALIZED", message: "/empty holds no node" });
  const fresh = await openLog(disk);
  expect(fresh.header).toMatchObject({ firstIndex: 1, lastIndex: 0, commitIndex: 0 });
  expect(await all(fresh)).toEqual([]);
});

test("a directory without its log is damage, and a disk that fails is not", async () => {
  const disk = await written(sample, 4);
  const failing = new FaultyDisk(disk, { fault: ({ operation, path }) => (operation === "read" && path.endsWith("1.wal") ? "EIO" : undefined) });
  await expect(openLog(failing)).rejects.toMatchObject({ code: "IO_ERROR" });
  const empty = await founded();
  await empty.unlink(`${walDir}/0000000000000000.wal`);
  expect((await openLog(empty)).header).toMatchObject({ lastIndex: 0, damage: { message: expect.stringContaining("holds no segment") } });
});
