// A directory that is restored from a file: after a crash at any step it is no node yet and can be restored again, or it is the whole one.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Prng } from "../../../src/base/prng.ts";
import { restoreDirectory } from "../../../src/daemon/backup/restore-directory.ts";
import { planRestore, type RestorePlan } from "../../../src/daemon/backup/restore-plan.ts";
import { RegionStorage } from "../../../src/host/region-storage.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import { countBoot, createIdentity, layout, readIdentity } from "../../../src/storage/data-dir.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { codeOf } from "../../host/support/members.ts";
import { entryOf, put, resultOf, stamp } from "../../machine/bytes-of.ts";
import { FaultyDisk } from "../../storage/faulty-disk.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { TurnClock } from "../../storage/turn-clock.ts";
import { backupOf, imageFile, machineOf } from "./backup-files.ts";

const directory = "/data";
const machine = machineOf([put("a", "1"), put("b", "2", { session: stamp(7, 1) }), put("a", "3")]);
const contentDigits = 16;

async function made(bumpIndex = 0): Promise<{ plan: RestorePlan; restore: (disk: MemoryDisk | FaultyDisk) => Promise<void> }> {
  const file = await imageFile(await backupOf(machine));
  const request = { name: "n1", members: [], token: "t", keepClusterId: false, bumpIndex, settings: { listenPeer: "127.0.0.1:1", listenClient: "127.0.0.1:2" } };
  const plan = planRestore({ header: file.header, imageDigest: "x" }, request);
  return { plan, restore: (disk) => restoreDirectory({ disk, crc32 }, directory, plan, file) };
}

/** As the daemon opens it. */
async function opened(disk: MemoryDisk): Promise<{ machine: Machine; storage: RegionStorage }> {
  const identity = (await readIdentity(disk, directory, crc32))!;
  await countBoot(disk, directory, crc32);
  const { clusterId, nodeId, incarnation } = identity;
  const clock = new TurnClock();
  const common = { disk, crc32, clusterId, logger: silentLogger };
  const wal = await Wal.open({ ...common, directory: layout.wal(directory), clock, nodeId, incarnation, segmentBytes: 64 * 1024, batchBytesMax: 16 * 1024, idleMarkMs: 20, freeBytesMin: 0, onFatal: (error) => expect.unreachable(error.message) });
  const snapshots = await SnapshotStore.open({ ...common, directory: layout.snapshots(directory, globalRegion), region: globalRegion });
  const restored = new Machine({ store: new MemoryStore(), crc32 });
  const storage = await RegionStorage.open({ region: globalRegion, wal, machine: restored, snapshots, logger: silentLogger });
  await wal.close();
  return { machine: restored, storage };
}

test("what was restored is opened as a node with the state, the position and the new members", async () => {
  const { plan, restore } = await made();
  const disk = new MemoryDisk();
  await restore(disk);
  expect(await readIdentity(disk, directory, crc32)).toEqual(plan.identity);
  const { machine: restored, storage } = await opened(disk);
  expect(restored.digest()).toBe(machine.digest());
  expect(storage.initialState()).toMatchObject({ lastApplied: 3, entries: [], snapshot: { index: 3, term: 3, membership: plan.membership }, hardState: { currentTerm: 3, commitIndex: 3 } });
  expect([...disk.files().keys()].filter((path) => !path.includes("/regions/") && !path.includes("/wal/"))).toEqual(["/data/boots", "/data/identity"]);
});

test("a client that repeats a write after a restore is told its first result, and nothing is done twice (H36, S112)", async () => {
  const { restore } = await made(10);
  const disk = new MemoryDisk();
  await restore(disk);
  const { machine: restored } = await opened(disk);
  const repeated = restored.apply(entryOf(14, put("b", "again", { session: stamp(7, 1) }), 4));
  expect(resultOf(repeated)).toMatchObject({ index: 2 });
  expect(Buffer.from(restored.get(Buffer.from("b"))!.value).toString()).toBe("2");
});

test("with indexes that go up, only the position is another one", async () => {
  const { restore } = await made(1_000);
  const disk = new MemoryDisk();
  await restore(disk);
  const { machine: restored, storage } = await opened(disk);
  expect([restored.lastApplied, storage.initialState().snapshot.index, restored.recordCount, restored.sessionCount]).toEqual([1_003, 1_003, 2, 1]);
  expect(restored.digest().slice(contentDigits)).toBe(machine.digest().slice(contentDigits));
  expect(Buffer.from(restored.get(Buffer.from("a"))!.value).toString()).toBe("3");
});

test("a loss of power or a kill at any step leaves no node, or the whole one; the same restore then succeeds (H34, H44)", async () => {
  const { plan, restore } = await made();
  const disk = new MemoryDisk();
  const prng = new Prng(1);
  const found: MemoryDisk[] = [];
  disk.onChange = async () => {
    found.push(disk.copy(), disk.crashed(prng), disk.crashed(prng), disk.crashed(prng));
  };
  await restore(disk);
  expect(found.length).toBeGreaterThan(40);
  const seen = { none: 0, whole: 0 };
  for (const [number, after] of found.entries()) {
    const identity = await readIdentity(after, directory, crc32);
    seen[identity === undefined ? "none" : "whole"] += 1;
    if (identity === undefined) await restore(after);
    expect((await opened(after)).machine.digest(), `state ${number}`).toBe(machine.digest());
    expect((await readIdentity(after, directory, crc32))!.nodeId).toBe(plan.identity.nodeId);
  }
  expect([seen.none, seen.whole].every((count) => count > 3), JSON.stringify(seen)).toBe(true);
});

test("what an interrupted restore of another, later backup has left is gone, and does not become the state", async () => {
  const { restore } = await made(500);
  const disk = new MemoryDisk();
  let interrupted: MemoryDisk | undefined;
  disk.onChange = async () => {
    const names = [...disk.files().keys()];
    if (names.some((name) => name.endsWith(".snapshot")) && !names.some((name) => name.includes("/wal/"))) interrupted ??= disk.copy();
  };
  await restore(disk);
  expect(await readIdentity(interrupted!, directory, crc32)).toBeUndefined();
  await (await made()).restore(interrupted!);
  expect((await opened(interrupted!)).machine.lastApplied).toBe(3);
});

test("a directory that holds a node, or data of one, is refused and not touched", async () => {
  const { plan, restore } = await made();
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, { ...plan.identity, foundedBy: "init" }, crc32);
  const before = new Map(disk.files());
  expect(await codeOf(restore(disk))).toBe("ALREADY_INITIALIZED");
  expect(disk.files()).toEqual(before);
  const remains = new MemoryDisk();
  await remains.makeDirectory(`${directory}/regions/1/snapshots`);
  expect(await codeOf(restore(remains))).toBe("ALREADY_INITIALIZED");
  expect(remains.files().size).toBe(0);
});

test("whichever call of the disk fails, it is told, and afterwards there is no node, or the whole one (H43)", async () => {
  const { restore } = await made();
  const counting = new FaultyDisk(new MemoryDisk(), {});
  await restore(counting);
  for (const kind of ["EIO", "ENOSPC"] as const) {
    for (const { number, operation } of counting.calls.filter((call) => !["exists", "close", "size", "freeBytes"].includes(call.operation))) {
      const memory = new MemoryDisk();
      const outcome = await codeOf(restore(new FaultyDisk(memory, { fault: (call) => (call.number === number ? kind : undefined) })));
      expect(["IO_ERROR", "NO_SPACE"], `${operation} ${number}`).toContain(outcome);
      if ((await readIdentity(memory, directory, crc32)) === undefined) await restore(memory);
      expect((await opened(memory)).machine.digest(), `${operation} ${number}`).toBe(machine.digest());
    }
  }
});

test("a full disk ends it with NO_SPACE and leaves no node; with space it succeeds", async () => {
  const { restore } = await made();
  const disk = new MemoryDisk();
  disk.freeSpace = 200;
  expect(await codeOf(restore(disk))).toBe("NO_SPACE");
  expect(await readIdentity(disk, directory, crc32)).toBeUndefined();
  disk.freeSpace = Number.MAX_SAFE_INTEGER;
  await restore(disk);
  expect((await opened(disk)).machine.digest()).toBe(machine.digest());
});
