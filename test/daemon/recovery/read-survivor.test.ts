import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion, parseRegionId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { applyPlan } from "../../../src/daemon/recovery/apply-plan.ts";
import { readSurvivor, tailEntriesMax } from "../../../src/daemon/recovery/read-survivor.ts";
import { planRecovery } from "../../../src/daemon/recovery/recovery-plan.ts";
import { isEmpty, type Survivor } from "../../../src/daemon/recovery/survivor.ts";
import { createIdentity, layout, readIdentity, type Identity } from "../../../src/storage/data-dir.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { clusterId } from "./histories.ts";
import { directory, five, memberDirectory, openLog, partsOf, put } from "./directories.ts";

const segment = `${layout.wal(directory)}/0000000000000001.wal`;
const survivorIn = async (disk: MemoryDisk): Promise<Survivor> => (await readSurvivor(disk, directory, crc32)).survivor;
const identityIn = async (disk: MemoryDisk): Promise<Identity> => (await readIdentity(disk, directory, crc32))!;

async function withSnapshot(disk: MemoryDisk, index: number, term: number): Promise<void> {
  const store = await SnapshotStore.open({ disk, directory: layout.snapshots(directory, globalRegion), crc32, clusterId, region: globalRegion, logger: silentLogger });
  await store.write({ index, term, membership: five }, [utf8("content")]);
}

test("a snapshot that the log agrees with is where the log begins; everything in it is committed", async () => {
  const disk = await memberDirectory();
  await withSnapshot(disk, 4, 2);
  expect(await survivorIn(disk)).toMatchObject({
    snapshot: { index: 4, term: 2 }, lastIndex: 5, terms: [{ firstIndex: 5, term: 2 }], hardState: { commitIndex: 4 }, memberships: [{ index: 4 }], tail: [{ index: 5, keys: ["d"] }],
  });
});

test("a snapshot that was received and not installed when the node died counts, and a plan is applied behind it (Figure 13)", async () => {
  const disk = await memberDirectory();
  await withSnapshot(disk, 9, 3);
  const survivor = await survivorIn(disk);
  expect(survivor).toMatchObject({ snapshot: { index: 9, term: 3 }, lastIndex: 9, terms: [], hardState: { currentTerm: 4, commitIndex: 9 }, tail: [] });
  const plan = planRecovery({ survivors: [survivor], dead: ["n2", "n3", "n4", "n5"], planId: "0123456789abcdef", madeAt: "now" });
  await applyPlan(partsOf(disk), directory, plan);
  expect(await survivorIn(disk)).toMatchObject({ snapshot: { index: 9, term: 3 }, lastIndex: 10, terms: [{ firstIndex: 10, term: 5 }], clusterIncarnation: 2 });
});

test("reading changes nothing, and a torn tail is left out and left where it is", async () => {
  const disk = await memberDirectory();
  const wal = await openLog(disk, await identityIn(disk));
  await wal.append([{ kind: "entries", region: globalRegion, entries: [put(6, 4, "e".repeat(900))] }]);
  const torn = disk.copy();
  await wal.close();
  const file = await torn.open(segment, "write");
  const bytes = await file.read(0, await file.size());
  const lastSector = Math.floor(bytes.findLastIndex((byte) => byte !== 0) / 512);
  await file.write(lastSector * 512, new Uint8Array(512));
  const before = new Map([...torn.files()].map(([path, content]) => [path, content.slice()]));
  expect(await survivorIn(torn)).toMatchObject({ lastIndex: 5 });
  expect(torn.files()).toEqual(before);
});

test("damage in the log, a damaged snapshot and a missing log are refused, and nothing is changed (13)", async () => {
  const rotten = await memberDirectory();
  const file = await rotten.open(segment, "write");
  await file.write(4096 + 100, Uint8Array.of(0xff, 0xff, 0xff));
  await expect(survivorIn(rotten)).rejects.toMatchObject({ code: "CORRUPT" });
  const snapshot = await memberDirectory();
  await withSnapshot(snapshot, 4, 2);
  const [name] = await snapshot.readDirectory(layout.snapshots(directory, globalRegion));
  const image = await snapshot.open(`${layout.snapshots(directory, globalRegion)}/${name}`, "write");
  await image.write(await image.size() - 40, Uint8Array.of(1, 2, 3));
  await expect(survivorIn(snapshot)).rejects.toMatchObject({ code: "CORRUPT" });
  const headless = await memberDirectory();
  await headless.unlink(segment);
  await headless.unlink(`${layout.wal(directory)}/0000000000000000.wal`);
  await expect(survivorIn(headless)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a directory without a node, and a log of another region, are refused", async () => {
  await expect(survivorIn(new MemoryDisk())).rejects.toMatchObject({ code: "NOT_INITIALIZED", exit: 4 });
  const disk = await memberDirectory();
  const wal = await openLog(disk, await identityIn(disk));
  await wal.append([{ kind: "entries", region: parseRegionId(2), entries: [put(1, 1, "k")] }]);
  await wal.close();
  await expect(survivorIn(disk)).rejects.toMatchObject({ code: "INCOMPATIBLE" });
});

test("a node that has never taken part is empty", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, await identityIn(await memberDirectory()), crc32);
  expect(isEmpty(await survivorIn(disk))).toBe(true);
  expect(isEmpty(await survivorIn(await memberDirectory()))).toBe(false);
});

test("what entries touch is told for every kind of command, and for one that this version does not know", async () => {
  const disk = await memberDirectory();
  const commands: readonly Command[] = [
    { operation: "delete", key: Uint8Array.of(0xff), wantPrevious: false },
    { operation: "deleteRange", start: utf8("a"), end: utf8("b") },
    { operation: "deleteRange", start: utf8("a"), end: undefined },
    { operation: "append", key: utf8("orders"), value: utf8("v") },
  ];
  const wal = await openLog(disk, await identityIn(disk));
  const entries = [...commands.map(encodeCommand), Uint8Array.of(99, 99)].map((data, position) => ({ ...put(6 + position, 4, "k"), data }));
  await wal.append([{ kind: "entries", region: globalRegion, entries }]);
  await wal.close();
  expect((await survivorIn(disk)).tail.slice(2).flatMap(({ keys }) => keys)).toEqual(["base64:/w==", "a..b", "a..", "stream orders", "(a command of a newer version)"]);
});

test("of a tail without an end only so many entries are listed; how long it is stands in the last index", async () => {
  const disk = await memberDirectory();
  const { clusterId: cluster, nodeId, incarnation } = await identityIn(disk);
  const wal = await Wal.open({
    ...partsOf(disk), segmentBytes: 4 * 1024 * 1024, clusterId: cluster, nodeId, incarnation, directory: layout.wal(directory), batchBytesMax: 1024 * 1024, idleMarkMs: 100, freeBytesMin: 0,
    onFatal: (error) => { throw error; },
  });
  const entries = Array.from({ length: tailEntriesMax + 10 }, (_, position) => put(6 + position, 4, "k"));
  for (let from = 0; from < entries.length; from += 2_000) await wal.append([{ kind: "entries", region: globalRegion, entries: entries.slice(from, from + 2_000) }]);
  await wal.close();
  const survivor = await survivorIn(disk);
  expect([survivor.lastIndex, survivor.tail.length]).toEqual([tailEntriesMax + 15, tailEntriesMax]);
});
