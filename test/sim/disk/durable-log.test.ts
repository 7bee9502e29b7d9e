import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { parseRegionId } from "../../../src/base/ids.ts";
import type { WalWrite } from "../../../src/storage/wal/wal.ts";
import { segmentName } from "../../../src/storage/wal/segment.ts";
import { directory, entries, region } from "../../storage/wal/fixtures.ts";
import { attached, contentOf, created, HandMadeLog, reattached, type DiskWithLife } from "./support/disks.ts";
import { describe, LogLife } from "./support/log-life.ts";
import { TestLife } from "./support/test-time.ts";

const snapshots = `/data/regions/${region}/snapshots`;

test("the durable log is what recovery finds after losing power, at any moment of random lives of the log", async () => {
  let [comparisons, torn, purged] = [0, 0, 0];
  for (let seed = 1; seed <= 25; seed += 1) {
    const life = new LogLife(seed * 1000);
    await life.found();
    for (let boot = 0; boot < 8; boot += 1) {
      await life.boot(12);
      // Straight after the crash, before anybody has read anything.
      await life.compare().catch((error: unknown) => expect.fail(`seed ${seed} boot ${boot}: ${String(error)}`));
    }
    comparisons += life.comparisons;
    torn += life.torn;
    purged += life.purged;
  }
  expect(comparisons).toBeGreaterThan(1000);
  expect(torn).toBeGreaterThan(5);
  expect(purged).toBeGreaterThan(20);
});

async function logOf(seed = 1): Promise<{ world: DiskWithLife; log: HandMadeLog }> {
  const world = await attached(seed);
  const log = await HandMadeLog.founded(world.disk);
  await log.segment(1);
  await world.disk.syncDirectory(directory);
  return { world, log };
}

test("a batch that was written without a sync is not in the durable log, and is when the file was synced", async () => {
  const { world, log } = await logOf();
  await log.append({ kind: "entries", region, entries: entries(1, 2) });
  const { offset, bytes } = log.batch({ kind: "entries", region, entries: entries(2, 4, 2) }, { kind: "hardState", region, hardState: { currentTerm: 2, votedFor: "9", commitIndex: 1 } });
  await log.file!.write(offset, bytes);
  expect(describe(world.medium.durableLog)).toBe("0/- behind 0@0 up to 2, 1:1 2:1");
  await log.file!.sync();
  expect(describe(world.medium.durableLog)).toBe("2/9 behind 0@0 up to 4, 1:1 2:2 3:2 4:2");
});

test("a batch that only later ones prove is not in the durable log, nor are those", async () => {
  const { world, log } = await logOf();
  const first = log.batch({ kind: "entries", region, entries: entries(1, 1) });
  const second = log.batch({ kind: "entries", region, entries: entries(2, 2) });
  await log.file!.write(first.offset, first.bytes);
  await log.file!.writeDurable(second.offset, second.bytes);
  expect(world.medium.durableLog.lastIndex).toBe(0);
  await log.file!.sync();
  expect(world.medium.durableLog.lastIndex).toBe(2);
});

test("a sync that fails makes nothing durable for the log, and neither does one after it", async () => {
  const { world, log } = await logOf();
  const { offset, bytes } = log.batch({ kind: "entries", region, entries: entries(1, 1) });
  world.medium.conditions.failNext = "EIO";
  await log.file!.writeDurable(offset, bytes).catch(() => undefined);
  await log.file!.sync();
  expect(world.medium.durableLog.lastIndex).toBe(0);
});

test("a durable batch counts from the moment before its answer, and one that waits does not", async () => {
  const { world, log } = await logOf();
  const { offset, bytes } = log.batch({ kind: "entries", region, entries: entries(1, 1) });
  world.medium.conditions.durableMs = () => 5;
  const seen: string[] = [];
  const pass = world.life.passed.bind(world.life);
  world.life.passed = (point) => { seen.push(`${point} ${world.medium.durableLog.lastIndex}`); pass(point); };
  const written = log.file!.writeDurable(offset, bytes);
  await world.time.pass(4);
  expect(world.medium.durableLog.lastIndex).toBe(0);
  await world.time.pass(1);
  await written;
  expect(seen).toEqual(["disk.writeDurable.wal 0", "disk.writeDurable.wal.done 1"]);
});

test("what only the cache of a killed process held counts when the disk has written it back, and otherwise when it is synced", async () => {
  for (const afterKill of ["written back", "cached"] as const) {
    const world = await attached(1, { afterKill });
    const log = await HandMadeLog.founded(world.disk);
    await log.segment(1);
    await world.disk.syncDirectory(directory);
    const { offset, bytes } = log.batch({ kind: "entries", region, entries: entries(1, 1) });
    await log.file!.write(offset, bytes);
    const next = reattached(world, "kill");
    expect(world.medium.durableLog.lastIndex).toBe(afterKill === "cached" ? 0 : 1);
    await (await next.disk.open(`${directory}/${segmentName(1)}`, "write")).sync();
    expect(world.medium.durableLog.lastIndex).toBe(1);
  }
});

test("a segment whose name is not durable holds nothing (H44)", async () => {
  const world = await attached();
  const log = await HandMadeLog.founded(world.disk);
  await log.segment(1);
  await log.append({ kind: "entries", region, entries: entries(1, 3) });
  expect(world.medium.durableLog.lastIndex).toBe(0);
  await world.disk.syncDirectory(directory);
  expect(world.medium.durableLog.lastIndex).toBe(3);
});

test("a batch in the next segment counts only when the whole segment before it is durable", async () => {
  const { world, log } = await logOf();
  await log.append({ kind: "entries", region, entries: entries(1, 1) });
  const missing = log.batch({ kind: "entries", region, entries: entries(2, 2) });
  const before = log.file!;
  await before.write(missing.offset, missing.bytes);
  await log.segment(2);
  await world.disk.syncDirectory(directory);
  await log.append({ kind: "entries", region, entries: entries(3, 3) });
  expect(world.medium.durableLog.lastIndex).toBe(1);
  await before.sync();
  expect(world.medium.durableLog.lastIndex).toBe(3);
});

test("a segment that holds nothing but the hard state, or nothing but entries, takes just that with it", async () => {
  const hardState: WalWrite = { kind: "hardState", region, hardState: { currentTerm: 4, votedFor: "3", commitIndex: 0 } };
  const held: WalWrite = { kind: "entries", region, entries: entries(1, 2) };
  const seen: string[] = [];
  for (const [first, second] of [[hardState, held], [held, hardState]] as const) {
    const { world, log } = await logOf();
    await log.append(first);
    await log.segment(2);
    await world.disk.syncDirectory(directory);
    await log.append(second);
    await world.disk.unlink(`${directory}/${segmentName(1)}`);
    seen.push(describe(world.medium.durableLog));
  }
  expect(seen).toEqual(["0/- behind 0@0 up to 2, 1:1 2:1", "4/3 behind 0@0 up to 0, "]);
});

test("entries whose segment was removed are gone at once, with what else stood only there", async () => {
  const { world, log } = await logOf();
  await log.append({ kind: "hardState", region, hardState: { currentTerm: 4, votedFor: undefined, commitIndex: 0 } }, { kind: "entries", region, entries: entries(1, 3, 4) });
  await log.segment(2);
  await world.disk.syncDirectory(directory);
  await log.append({ kind: "entries", region, entries: entries(4, 5, 4) });
  const { durableLog } = world.medium;
  expect([durableLog.hardState.currentTerm, durableLog.lastIndex]).toEqual([4, 5]);
  await world.disk.unlink(`${directory}/${segmentName(1)}`);
  expect([durableLog.hardState.currentTerm, durableLog.lastIndex, durableLog.termAt(3), durableLog.termAt(4)]).toEqual([0, 5, undefined, 4]);
});

test("a removal that a loss of power undoes brings the entries back", async () => {
  const seen = new Set<number | undefined>();
  for (let seed = 0; seed < 20; seed += 1) {
    const { world, log } = await logOf(seed);
    await log.append({ kind: "entries", region, entries: entries(1, 3) });
    await world.disk.unlink(`${directory}/${segmentName(1)}`);
    reattached(world, "powerLoss");
    seen.add(world.medium.durableLog.termAt(3));
  }
  expect(seen).toEqual(new Set([undefined, 1]));
});

test("records of other regions and a removed region leave nothing", async () => {
  const { world, log } = await logOf();
  const { durableLog } = world.medium;
  await log.append({ kind: "entries", region: parseRegionId(2), entries: entries(1, 9) });
  expect(durableLog.lastIndex).toBe(0);
  await log.append({ kind: "entries", region, entries: entries(1, 2) });
  await log.append({ kind: "regionRemoved", region: parseRegionId(2) });
  expect(durableLog.lastIndex).toBe(2);
  await log.append({ kind: "regionRemoved", region });
  expect(describe(durableLog)).toBe("0/- behind 0@0 up to 0, ");
});

test("a mark restarts the log behind it, a compaction keeps what follows; neither claims a snapshot", async () => {
  const { world, log } = await logOf();
  const { durableLog } = world.medium;
  await log.append({ kind: "entries", region, entries: entries(1, 5) });
  await log.append({ kind: "compaction", region, position: { index: 3, term: 1 } });
  expect(describe(durableLog)).toBe("0/- behind 3@1 up to 5, 4:1 5:1");
  await log.append({ kind: "snapshotMark", region, position: { index: 4, term: 2 } });
  expect(describe(durableLog)).toBe("0/- behind 4@2 up to 4, ");
  expect(durableLog.snapshotIndex).toBe(0);
});

test("a snapshot counts when its content and its name are durable, the newest of them, until it is removed; damage that comes later does not unmake it", async () => {
  const { disk, medium } = await attached();
  const { durableLog } = medium;
  await disk.makeDirectory(snapshots);
  const path = (index: number): string => `${snapshots}/${String(index).padStart(16, "0")}-${"1".padStart(16, "0")}.snapshot`;
  const file = await disk.open(`${path(7)}.writing.tmp`, "create");
  await file.write(0, utf8("content"));
  await file.sync();
  await disk.rename(`${path(7)}.writing.tmp`, path(7));
  expect(durableLog.snapshotIndex).toBe(0);
  await disk.syncDirectory(snapshots);
  expect(durableLog.snapshotIndex).toBe(7);
  const unsynced = await disk.open(path(9), "create");
  await unsynced.write(0, utf8("content"));
  await disk.syncDirectory(snapshots);
  expect(durableLog.snapshotIndex).toBe(7);
  await unsynced.sync();
  expect(durableLog.snapshotIndex).toBe(9);
  await disk.unlink(path(9));
  expect(durableLog.snapshotIndex).toBe(7);
  await disk.syncDirectory(snapshots);
  expect(medium.flipBit("snapshots")).toContain(path(7));
  expect(durableLog.snapshotIndex).toBe(7);
});

test("a snapshot of another region, and one that a crash has torn, do not count", async () => {
  const other = `/data/regions/2/snapshots`;
  const name = `${"5".padStart(16, "0")}-${"1".padStart(16, "0")}.snapshot`;
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const world = await attached(seed);
    await world.disk.makeDirectory(other);
    await created(world.disk, `${other}/${name}`, utf8("content"));
    await world.disk.makeDirectory(snapshots);
    const file = await world.disk.open(`${snapshots}/${name}`, "create");
    await world.disk.syncDirectory(snapshots);
    const content = new Uint8Array(1024).fill(1);
    await file.write(0, content);
    const after = reattached(world, "powerLoss");
    const survived = (await contentOf(after.disk, `${snapshots}/${name}`)).join() === content.join();
    seen.add(`${survived} ${world.medium.durableLog.snapshotIndex}`);
  }
  expect(seen).toEqual(new Set(["true 5", "false 0"]));
});

test("the durable log follows damage, a disk that is rolled back and one that is wiped", async () => {
  const { world, log } = await logOf();
  const { medium } = world;
  await log.append({ kind: "entries", region, entries: entries(1, 1) });
  const image = medium.image();
  await log.append({ kind: "entries", region, entries: entries(2, 2) });
  expect(medium.durableLog.lastIndex).toBe(2);
  world.life.alive = false;
  medium.restoreImage(image);
  expect(medium.durableLog.lastIndex).toBe(1);
  const next = new TestLife(world.time);
  const file = await medium.attach(next).open(`${directory}/${segmentName(1)}`, "write");
  const damaged = await file.read(4096, 1);
  await file.writeDurable(4096, damaged.map((byte) => byte ^ 1));
  next.alive = false;
  medium.crash("kill");
  expect(medium.durableLog.lastIndex).toBe(0);
  medium.restoreImage(image);
  expect(medium.durableLog.lastIndex).toBe(1);
  medium.wipe();
  expect(medium.durableLog.lastIndex).toBe(0);
});

test("a snapshot that is being replaced by another one of the same name counts all the while: either of them is whole", async () => {
  const { disk, medium } = await attached();
  await disk.makeDirectory(snapshots);
  const path = `${snapshots}/${"7".padStart(16, "0")}-${"1".padStart(16, "0")}.snapshot`;
  for (const copy of ["first", "second"]) {
    const file = await disk.open(`${path}.tmp`, "create");
    await file.write(0, utf8("content"));
    await file.sync();
    await disk.rename(`${path}.tmp`, path);
    if (copy === "second") expect(medium.durableLog.snapshotIndex).toBe(7);
    await disk.syncDirectory(snapshots);
    expect(medium.durableLog.snapshotIndex).toBe(7);
  }
});
