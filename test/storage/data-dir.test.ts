import { expect, test } from "vitest";
import { parseNodeId } from "../../src/base/ids.ts";
import { Prng } from "../../src/base/prng.ts";
import { countBoot, createIdentity, layout, raiseClusterIncarnation, readIdentity, type Identity } from "../../src/storage/data-dir.ts";
import { makeDurableDirectory } from "../../src/storage/durable-file.ts";
import { FaultyDisk } from "./faulty-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { crc32, entries, openWal, owner, region } from "./wal/fixtures.ts";

const directory = "/var/lib/node";
const identity: Identity = { formatVersion: 1, ...owner, clusterIncarnation: 1, name: "n1", foundedBy: "init", settings: { listenPeer: "127.0.0.1:7001", seeds: ["a", "b"], masterEligible: true } };

function openLog(disk: MemoryDisk): ReturnType<typeof openWal> {
  return openWal(disk, { directory: layout.wal(directory) });
}

test("an identity is read back as it was created, and the log that belongs to it can be opened", async () => {
  const disk = new MemoryDisk();
  expect(await readIdentity(disk, directory, crc32)).toBeUndefined();
  await createIdentity(disk, directory, identity, crc32);
  const crashed = disk.crashed(new Prng(1));
  expect(await readIdentity(crashed, directory, crc32)).toEqual(identity);
  expect((await openLog(crashed)).recovered.size).toBe(0);
});

test("an identity from before clusters could be recovered is of the first incarnation, and one that makes no sense is damage (N3)", async () => {
  const disk = new MemoryDisk();
  const { clusterIncarnation: _absent, ...older } = identity;
  await createIdentity(disk, directory, older as Identity, crc32);
  expect(await readIdentity(disk, directory, crc32)).toEqual(identity);
  for (const wrong of [0, 1.5, "2"]) {
    const damaged = new MemoryDisk();
    await createIdentity(damaged, directory, { ...identity, clusterIncarnation: wrong as number }, crc32);
    await expect(readIdentity(damaged, directory, crc32)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("a raised cluster incarnation survives a power cut at any moment, or the old one does; it never goes back (N3)", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  const found: MemoryDisk[] = [];
  const prng = new Prng(5);
  disk.onChange = async () => { for (let crash = 0; crash < 10; crash += 1) found.push(disk.crashed(prng)); };
  const raised = { ...identity, clusterIncarnation: 2 };
  await raiseClusterIncarnation(disk, directory, raised, crc32);
  for (const state of found) expect([1, 2]).toContain((await readIdentity(state, directory, crc32))?.clusterIncarnation);
  expect(await readIdentity(disk.crashed(prng), directory, crc32)).toEqual(raised);
  await expect(raiseClusterIncarnation(disk, directory, identity, crc32)).rejects.toThrow("never goes back");
  await expect(raiseClusterIncarnation(disk, directory, { ...raised, nodeId: parseNodeId("7") }, crc32)).rejects.toThrow("a node stays who it is");
});

test("a directory that holds Raft state is refused with the cluster id found, and left as it is (K4, init exit 6)", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  const refused = { code: "ALREADY_INITIALIZED", exit: 6, message: `${directory} belongs to cluster ${owner.clusterId} already`, details: { clusterId: owner.clusterId } };
  const before = disk.files();
  await expect(createIdentity(disk, directory, { ...identity, name: "n2" }, crc32)).rejects.toMatchObject(refused);
  expect(disk.files()).toEqual(before);
  const wal = await openLog(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 1) }]);
  await disk.unlink(layout.identity(directory));
  await expect(createIdentity(disk, directory, identity, crc32)).rejects.toMatchObject(refused);
  await expect(readIdentity(disk, directory, crc32)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("identity is missing") as string });
});

test("a crash in the middle of init leaves a directory that is pristine or complete, and init can be repeated (H44)", async () => {
  const disk = new MemoryDisk();
  const prng = new Prng(3);
  const found: MemoryDisk[] = [];
  disk.onChange = async () => { for (let crash = 0; crash < 20; crash += 1) found.push(disk.crashed(prng)); };
  await createIdentity(disk, directory, identity, crc32);
  expect(found.length).toBeGreaterThan(150);
  let complete = 0;
  for (const state of found) {
    const present = await readIdentity(state, directory, crc32);
    if (present === undefined) await createIdentity(state, directory, identity, crc32);
    else complete += 1;
    expect(await readIdentity(state, directory, crc32)).toEqual(identity);
    await openLog(state);
    expect(await countBoot(state, directory, crc32)).toBe(1);
  }
  expect(complete).toBeGreaterThan(3);
});

test("a failure at each call of init leaves a directory in which init can be repeated (H43)", async () => {
  for (let nth = 1; nth <= 60; nth += 1) {
    const memory = new MemoryDisk();
    const disk = new FaultyDisk(memory, { fault: (call) => (call.number === nth ? "EIO" : undefined) });
    const failed = await createIdentity(disk, directory, identity, crc32).then(() => false, () => true);
    const present = await readIdentity(memory, directory, crc32);
    if (failed && present === undefined) await createIdentity(memory, directory, identity, crc32);
    expect(await readIdentity(memory, directory, crc32)).toEqual(identity);
  }
});

test("each single-bit flip of the identity file is refused (T21)", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  const bytes = disk.files().get(layout.identity(directory))!;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = bytes.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    disk.plant(layout.identity(directory), copy);
    await expect(readIdentity(disk, directory, crc32)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("a newer data format is refused as INCOMPATIBLE", async () => {
  const disk = new MemoryDisk();
  const body = "{}\n";
  await makeDurableDirectory(disk, directory);
  const crc = crc32(new TextEncoder().encode(body), 2).toString(16).padStart(8, "0");
  disk.plant(layout.identity(directory), new TextEncoder().encode(`raftctl identity 2 ${crc}\n${body}`));
  await expect(readIdentity(disk, directory, crc32)).rejects.toMatchObject({ code: "INCOMPATIBLE" });
});

test("an initialised directory whose log was wiped is damage, not a fresh start (H8)", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  for (const name of await disk.readDirectory(layout.wal(directory))) await disk.unlink(`${layout.wal(directory)}/${name}`);
  await expect(openLog(disk)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("each start has a higher number than every start before, over crashes at any moment and with either slot lost (H9)", async () => {
  const prng = new Prng(5);
  let disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  let highest = 0;
  for (let boot = 0; boot < 200; boot += 1) {
    const crashed: MemoryDisk[] = [];
    disk.onChange = async () => void crashed.push(disk.crashed(prng));
    const count = await countBoot(disk, directory, crc32);
    expect(count).toBeGreaterThan(highest);
    const interrupted = await countBoot(crashed[0]!, directory, crc32);
    expect(interrupted).toBeGreaterThan(highest);
    highest = count;
    disk = disk.copy();
    if (!prng.chance(0.3)) continue;
    const bytes = disk.files().get(layout.boots(directory))!.slice();
    bytes[prng.integer(0, 1) * 4096 + prng.integer(0, 15)]! ^= 1 << prng.integer(0, 7);
    disk.plant(layout.boots(directory), bytes);
  }
});

test("a boot counter that is lost or damaged in both slots is refused (H9)", async () => {
  const disk = new MemoryDisk();
  await createIdentity(disk, directory, identity, crc32);
  disk.plant(layout.boots(directory), new Uint8Array(8192));
  await expect(countBoot(disk, directory, crc32)).rejects.toMatchObject({ code: "CORRUPT" });
  await disk.unlink(layout.boots(directory));
  await expect(countBoot(disk, directory, crc32)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a region has a directory of its own (S74)", () => {
  expect(layout.snapshots(directory, region)).toBe("/var/lib/node/regions/1/snapshots");
  expect(layout.state(directory, region)).toBe("/var/lib/node/regions/1/state");
});
