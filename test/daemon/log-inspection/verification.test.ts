import { expect, test } from "vitest";
import type { RaftctlError } from "../../../src/base/errors.ts";
import { parseClusterId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { verifyDirectory, type VerificationReport } from "../../../src/daemon/log-inspection/verification.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { layout } from "../../../src/storage/data-dir.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import type { MemoryDisk } from "../../storage/memory-disk.ts";
import { crc32, region } from "../../storage/wal/fixtures.ts";
import { dataDir, membership, openNodeWal, put, sample, walDir, writeSnapshot, written } from "./directories.ts";

const segment = `${walDir}/0000000000000001.wal`;
const snapshots = layout.snapshots(dataDir, region);

function verify(disk: Disk): Promise<VerificationReport> {
  return verifyDirectory({ disk, crc32, dataDir });
}

function flip(disk: MemoryDisk, path: string, offset: number, bit = 0): void {
  const bytes = disk.files().get(path)!.slice();
  bytes[offset]! ^= 1 << bit;
  disk.plant(path, bytes);
}

test("a sound directory is read to its last byte, log and snapshots", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 3, 2, 3_000_000);
  const report = await verify(disk);
  expect(report).toMatchObject({ dataDir, node: "n1", entries: 6, lastIndex: 6, tornTail: null, damages: [] });
  expect(report.files.map(({ what }) => what)).toEqual(["segment", "segment", "snapshot"]);
  expect(report.files[2]!.bytes).toBeGreaterThan(3_000_000);
});

test("sampled single-bit flips of a small log are found with file, offset and last good index, or lose nothing (U7, H42)", async () => {
  const disk = await written([...sample, ...Array.from({ length: 10 }, (_, place) => put(7 + place, `k${place}`, "v".repeat(40 * place)))], 4);
  const whole = disk.files().get(segment)!.slice();
  const traceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const counts = { damaged: 0, complete: 0 };
  for (let offset = 0; offset < whole.length; offset += 29) {
    flip(disk, segment, offset, offset % 8);
    const { damages, entries } = await verify(disk);
    if (damages.length > 0) expect(damages[0]).toMatchObject({ file: segment, offset: expect.any(Number), message: expect.stringContaining(segment) });
    else expect(entries).toBe(16);
    counts[damages.length > 0 ? "damaged" : "complete"] += 1;
    disk.plant(segment, whole.slice());
  }
  Error.stackTraceLimit = traceLimit;
  expect(counts.damaged).toBeGreaterThan(400);
});

test("damage in the log says behind which entry it stands", async () => {
  const disk = await written(sample, 4);
  const place = disk.files().get(segment)!.findIndex((byte, offset, all) => byte === 0x73 && Buffer.from(all.subarray(offset, offset + 6)).toString() === "secret");
  flip(disk, segment, place);
  const { damages } = await verify(disk);
  expect(damages).toEqual([{ file: segment, offset: expect.any(Number), lastIndex: 2, message: expect.stringContaining("behind index 2 of region 1") }]);
});

test("every damaged snapshot is named, and a damaged log beside it too", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 3, 2);
  await writeSnapshot(disk, 4, 2);
  const names = (await disk.readDirectory(snapshots)).map((name) => `${snapshots}/${name}`);
  for (const name of names) flip(disk, name, disk.files().get(name)!.length - 30);
  flip(disk, segment, 4096 + 20);
  const { damages } = await verify(disk);
  expect(damages.map(({ file }) => file)).toEqual([segment, ...names]);
});

test("a sound snapshot of another cluster is damage: a file was carried here (H35)", async () => {
  const disk = await written(sample, 4);
  const clusterId = parseClusterId("f".repeat(32));
  const store = await SnapshotStore.open({ disk, directory: snapshots, crc32, clusterId, region, logger: silentLogger });
  await store.write({ index: 3, term: 2, membership }, [new Uint8Array(10)]);
  const { damages } = await verify(disk);
  expect(damages).toMatchObject([{ file: expect.stringContaining(snapshots), message: expect.stringContaining(`it belongs to region 1 of cluster ${clusterId}`) }]);
});

test("every flipped bit of a small snapshot is found (H42)", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 3, 2, 20);
  const [name] = await disk.readDirectory(snapshots);
  const path = `${snapshots}/${name}`;
  const whole = disk.files().get(path)!.slice();
  for (let offset = 0; offset < whole.length; offset += 1) {
    flip(disk, path, offset, offset % 8);
    // Only the number of the format makes it somebody else's file and not a damaged one; the checksum covers that too.
    const verdict = await verify(disk).then(({ damages }) => damages.length, (error: unknown) => (error as RaftctlError).code);
    expect([1, "INCOMPATIBLE"], `byte ${offset}`).toContain(verdict);
    disk.plant(path, whole.slice());
  }
});

test("a log that begins behind its newest snapshot is damage: what lies between is lost", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 5, 2);
  const wal = await openNodeWal(disk);
  await wal.append([{ kind: "compaction", region, position: { index: 5, term: 2 } }]);
  await wal.close();
  expect((await verify(disk)).damages).toEqual([]);
  for (const name of await disk.readDirectory(snapshots)) await disk.unlink(`${snapshots}/${name}`);
  expect((await verify(disk)).damages).toMatchObject([{ message: expect.stringContaining("a snapshot is missing"), lastIndex: 6 }]);
});

test("a snapshot that is replaced by a newer one while it is looked at is no damage", async () => {
  const disk = await written(sample, 4);
  await writeSnapshot(disk, 4, 2);
  const wal = await openNodeWal(disk);
  await wal.append([{ kind: "compaction", region, position: { index: 4, term: 2 } }]);
  await wal.close();
  const [old] = await disk.readDirectory(snapshots);
  let isReplaced = false;
  const racing: Pick<Disk, "open" | "readDirectory" | "exists"> = {
    exists: (path) => disk.exists(path),
    readDirectory: (path) => disk.readDirectory(path),
    open: async (path, mode) => {
      if (path.endsWith(".snapshot") && !isReplaced) {
        isReplaced = true;
        await writeSnapshot(disk, 5, 2);
        await disk.unlink(`${snapshots}/${old}`);
      }
      return disk.open(path, mode);
    },
  };
  const report = await verify(racing as Disk);
  expect(report.damages).toEqual([]);
  expect(report.files.filter(({ what }) => what === "snapshot").map(({ file }) => file)).toEqual([expect.stringContaining("0000000000000005-")]);
});

test("a membership that cannot be read is damage; a command that cannot is not, it changes nothing", async () => {
  const malformed = { index: 7, term: 2, type: entryTypes.command, data: new Uint8Array([1, 1, 1]) };
  expect((await verify(await written([...sample, malformed], 4))).damages).toEqual([]);
  const foreign = { index: 7, term: 2, type: entryTypes.membership, data: new Uint8Array([1, 2, 3]) };
  expect((await verify(await written([...sample, foreign], 4))).damages).toMatchObject([{ message: expect.stringContaining("membership") }]);
});

test("a damaged identity is a finding, not the end of the command", async () => {
  const disk = await written(sample, 4);
  flip(disk, layout.identity(dataDir), 60);
  expect(await verify(disk)).toMatchObject({ node: null, damages: [{ message: expect.stringContaining(layout.identity(dataDir)) }] });
});
