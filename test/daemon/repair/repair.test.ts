// A damaged directory of a cluster of one starts again, with everything that was applied or with the log up to its damage; nothing is deleted, and a member of
// a larger cluster is left as it is.

import { cp, mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Prng } from "../../../src/base/prng.ts";
import { repairDocument, repairText } from "../../../src/cli/inspect-log/repair.ts";
import { initDataDirectory, openLogDirectory, repairDirectory, rehearseRepair, verifyDataDirectory } from "../../../src/daemon/offline.ts";
import { verifyDirectory } from "../../../src/daemon/log-inspection/verification.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import { repairWith } from "../../../src/daemon/repair/verbs.ts";
import { readIdentity } from "../../../src/storage/data-dir.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { LoneNode } from "../../fixtures/lone-node.ts";
import { FaultyDisk } from "../../storage/faulty-disk.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { startCluster } from "../support/cluster.ts";

const keys = 120;
let home: string;
/** Of a node of one, stopped in order, with a log of several segments and no snapshot. */
let sound: string;
let copies = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "raftctl-repair-"));
  sound = join(home, "sound");
  await initDataDirectory(sound, { name: "n1", settings: { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" } });
  await using node = await LoneNode.start(sound);
  for (let number = 0; number < keys; number += 1) await node.client.kv.put(`key-${number}`, `${number} `.repeat(500));
}, 60_000);

afterAll(() => rm(home, { recursive: true, force: true }));

async function copyOf(directory: string): Promise<string> {
  copies += 1;
  const copy = join(home, `copy-${copies}`);
  await cp(directory, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  return copy;
}

async function flip(file: string, offset: number): Promise<void> {
  const handle = await open(file, "r+");
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset);
  await handle.write(Buffer.of(buffer[0]! ^ 1), 0, 1, offset);
  await handle.close();
}

/** A copy with a bit changed in the middle of its log. */
async function damagedLog(directory = sound): Promise<string> {
  const copy = await copyOf(directory);
  const segments = (await readdir(join(copy, "wal"))).toSorted();
  await flip(join(copy, "wal", segments[Math.floor(segments.length / 2)]!), 20_000);
  return copy;
}

async function contents(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(directory, { recursive: true })).toSorted()) {
    const path = join(directory, name);
    if ((await stat(path)).isFile() && !name.startsWith("lock")) found.set(name, (await readFile(path)).toString("base64"));
  }
  return found;
}

const asFound = { truncateAt: undefined };
const agreed = (): Promise<void> => Promise.resolve();

async function keysOf(directory: string): Promise<number[]> {
  await using node = await LoneNode.start(directory);
  const { records } = await node.client.kv.range({});
  await node.client.kv.put("afterwards", "1");
  return records.map(({ key }) => Number(Buffer.from(key).toString().slice("key-".length))).toSorted((left, right) => left - right);
}

const all = Array.from({ length: keys }, (_, number) => number);

test("with its state at hand everything that was applied is kept; the damaged log is moved aside, and who was told otherwise is fenced out (H42)", { timeout: 60_000 }, async () => {
  const directory = await damagedLog();
  await expect(LoneNode.start(directory)).rejects.toMatchObject({ code: "CORRUPT" });
  const before = await contents(directory);
  const planned = await rehearseRepair(directory, asFound);
  expect([planned.plan?.keeps, planned.aside, await contents(directory)]).toEqual(["state", undefined, before]);
  const repaired = await repairDirectory(directory, asFound, agreed);
  expect(repaired.plan?.last).toEqual(planned.plan?.last);
  expect((await verifyDataDirectory(directory)).damages).toEqual([]);
  expect(await keysOf(directory)).toEqual(all);
  const aside = await contents(repaired.aside!);
  for (const [name, content] of before) if (name.startsWith("wal/")) expect(aside.get(name)).toBe(content);
  expect((await readIdentity(new NodeDisk(), directory, crc32))?.clusterIncarnation).toBe(2);
  expect((await rehearseRepair(directory, asFound)).plan).toBeUndefined();
});

test("without a state the log is kept up to its first damage, and not an entry more or less", { timeout: 60_000 }, async () => {
  const directory = await damagedLog();
  await rm(join(directory, "regions/1/state"), { recursive: true });
  const { damages } = await verifyDataDirectory(directory);
  const { plan } = await repairDirectory(directory, asFound, agreed);
  expect([plan?.keeps, plan?.last.index]).toEqual(["log", damages[0]?.lastIndex]);
  const kept = await keysOf(directory);
  expect(kept).toEqual(all.slice(0, kept.length));
  // The first entries are the membership and the no-op of each term.
  expect(plan!.last.index - kept.length).toBeLessThan(6);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(keys - 10);
});

test("a damaged snapshot is made anew from the state", { timeout: 60_000 }, async () => {
  const compacted = await copyOf(sound);
  {
    await using node = await LoneNode.start(compacted);
    await node.client.admin.call("snapshotTake", { trailing: 0, dryRun: false });
  }
  const folder = join(compacted, "regions/1/snapshots");
  const [name] = await readdir(folder);
  await flip(join(folder, name!), 3_000);
  await expect(LoneNode.start(compacted)).rejects.toMatchObject({ code: "CORRUPT" });
  const { plan, aside } = await repairDirectory(compacted, asFound, agreed);
  expect([plan?.keeps, (await readdir(aside!)).includes(name!)]).toEqual(["state", true]);
  expect(await keysOf(compacted)).toEqual(all);
});

test("where neither log, snapshot nor state can be relied on there is nothing to repair (exit 13)", { timeout: 60_000 }, async () => {
  const directory = await damagedLog();
  await rm(join(directory, "regions/1/state"), { recursive: true });
  for (const segment of await readdir(join(directory, "wal"))) await flip(join(directory, "wal", segment), 20);
  const before = await contents(directory);
  await expect(repairDirectory(directory, asFound, agreed)).rejects.toMatchObject({ code: "CORRUPT", exit: 13, hint: "raftctl snapshot restore, from a backup" });
  expect(await contents(directory)).toEqual(before);
});

test("what is sound is left alone, and so is everything without agreement", { timeout: 60_000 }, async () => {
  const before = await contents(sound);
  expect(await repairDirectory(sound, asFound, agreed)).toMatchObject({ plan: undefined, wasBegun: false, applied: false, aside: undefined });
  expect(await contents(sound)).toEqual(before);
  const directory = await damagedLog();
  const damaged = await contents(directory);
  await expect(repairDirectory(directory, asFound, () => Promise.reject(new RaftctlError("UNSAFE", "not confirmed")))).rejects.toMatchObject({ code: "UNSAFE" });
  expect(await contents(directory)).toEqual(damaged);
});

test("a member of a larger cluster is not repaired: what it forgets it may have acknowledged (exit 9)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const client = fixture.client(fixture.leader());
  for (let number = 0; number < 30; number += 1) await client.kv.put(`key-${number}`, "x".repeat(2_000));
  const dataDirs = await Promise.all(fixture.cluster.nodes.map(async (node) => (await fixture.client(node).admin.call("daemonStatus", {})).dataDir));
  await expect(rehearseRepair(dataDirs[0]!, asFound)).rejects.toMatchObject({ code: "LOCKED", exit: 6 });
  for (const node of fixture.cluster.nodes) await node.stop({ transfer: false, drainMs: 0 });
  for (const dataDir of dataDirs) {
    const directory = await copyOf(dataDir);
    const [, first] = (await readdir(join(directory, "wal"))).toSorted();
    await flip(join(directory, "wal", first!), 40_000);
    const before = await contents(directory);
    await expect(repairDirectory(directory, asFound, agreed)).rejects.toMatchObject({ code: "UNSAFE", exit: 9, message: expect.stringContaining("may have acknowledged what would be lost") });
    expect(await contents(directory)).toEqual(before);
  }
});

test("a log is cut behind any index that it holds, as if what was written behind it had never been; what was applied of it goes aside", { timeout: 60_000 }, async () => {
  const compacted = await copyOf(sound);
  {
    await using node = await LoneNode.start(compacted);
    await node.client.admin.call("snapshotTake", { trailing: 20, dryRun: false });
    for (let number = keys; number < keys + 5; number += 1) await node.client.kv.put(`key-${number}`, "later");
  }
  const { lastIndex } = await verifyDataDirectory(compacted);
  const snapshot = Number((await readdir(join(compacted, "regions/1/snapshots")))[0]!.match(/\d+/)![0]);
  for (const { directory: from, cuts } of [{ directory: sound, cuts: [40, 41] }, { directory: compacted, cuts: [snapshot, snapshot + 2] }]) {
    for (const at of cuts) {
      const directory = await copyOf(from);
      const { plan, aside } = await repairDirectory(directory, { truncateAt: at }, agreed);
      expect([plan?.keeps, plan?.last.index, plan?.statesAside, (await readdir(aside!)).toSorted()]).toEqual(["log", at, true, ["state", "wal"]]);
      expect(await verifyDataDirectory(directory)).toMatchObject({ damages: [], lastIndex: at });
      const kept = await keysOf(directory);
      expect(kept).toEqual(Array.from({ length: keys + 5 }, (_, number) => number).slice(0, kept.length));
    }
  }
  for (const at of [snapshot - 1, lastIndex! + 1]) {
    await expect(repairDirectory(compacted, { truncateAt: at }, agreed)).rejects.toMatchObject({ code: "NOT_FOUND", exit: 4, message: `the log in ${compacted} cannot end at ${at}: it can end at ${snapshot} to ${lastIndex}` });
  }
  expect(await repairDirectory(compacted, { truncateAt: lastIndex! }, agreed)).toMatchObject({ plan: undefined, applied: false });
});

test("a cut of 40 entries keeps exactly the keys of those 40", { timeout: 60_000 }, async () => {
  const directory = await copyOf(sound);
  const kept: number[] = [];
  const source = await openLogDirectory(directory, "global");
  for await (const window of source.entries({ first: 1, last: 40 }, "values")) {
    for (const { command } of window) if (command?.operation === "put") kept.push(Number(Buffer.from(command.key).toString().slice("key-".length)));
  }
  await source.close();
  await repairDirectory(directory, { truncateAt: 40 }, agreed);
  expect(await keysOf(directory)).toEqual(kept);
});

test("a log is not cut back to where others belonged to the cluster: they would be asked for, and are gone (exit 9)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(2);
  const client = fixture.client(fixture.leader());
  const before = (await client.kv.put("key", "1")).index;
  const { dataDir } = await client.admin.call("daemonStatus", {});
  const { members } = await client.admin.call("memberList", {});
  const others = members.filter(({ leader }) => !leader).map(({ name }) => name);
  await client.admin.call("memberChange", { promote: [], demote: [], update: [], transferTo: null, remove: others, force: true, dryRun: false });
  await fixture.leader().stop({ transfer: false, drainMs: 0 });
  await expect(rehearseRepair(dataDir, { truncateAt: before })).rejects.toMatchObject({ code: "UNSAFE", exit: 9, message: expect.stringContaining(`as it was at index ${before} is not repaired`) });
});

test("a repair that is interrupted between the two renames is told by a dry run as what is left to do, and nothing is changed by it", { timeout: 60_000 }, async () => {
  const parts = { ...(await systemParts(silentLogger)), segmentBytes: 64 * 1024 };
  const directory = await damagedLog();
  const disk = new FaultyDisk(new NodeDisk(), { fault: ({ operation, path }) => (operation === "rename" && path === join(directory, "wal.repaired") ? "EIO" : undefined) });
  await expect(repairWith({ ...parts, disk }, directory, asFound, agreed)).rejects.toMatchObject({ code: "IO_ERROR" });
  const before = await contents(directory);
  const rehearsed = await rehearseRepair(directory, asFound);
  expect(rehearsed).toMatchObject({ wasBegun: true, applied: false, plan: undefined });
  expect(repairText(repairDocument(rehearsed))).toBe(`would finish the repair of ${directory} that was begun`);
  expect(await contents(directory)).toEqual(before);
  expect(await repairDirectory(directory, asFound, () => Promise.reject(new Error("it was agreed to")))).toMatchObject({ wasBegun: true, applied: true, plan: undefined });
  expect(await keysOf(directory)).toEqual(all);
});

test.each([
  { what: "a repair", copy: damagedLog, request: asFound },
  { what: "a cut", copy: () => copyOf(sound), request: { truncateAt: 40 } },
])("$what that is interrupted at any call of the disk is finished by the next one", { timeout: 120_000 }, async ({ copy, request }) => {
  const parts = { ...(await systemParts(silentLogger)), segmentBytes: 64 * 1024 };
  const expected = (await rehearseRepair(await copy(), request)).plan!.last;
  let interrupted = 0;
  for (let number = 1; ; number += 1) {
    const directory = await copy();
    const disk = new FaultyDisk(new NodeDisk(), { fault: (call) => (call.number === number ? "EIO" : undefined) });
    const failed = await repairWith({ ...parts, disk }, directory, request, agreed).then(() => false, () => true);
    if (failed) interrupted += 1;
    const finished = await repairWith(parts, directory, request, agreed);
    expect((await verifyDataDirectory(directory)).damages, `interrupted at call ${number}`).toEqual([]);
    expect(finished.plan === undefined || finished.plan.last.index === expected.index, `interrupted at call ${number}`).toBe(true);
    expect((await rehearseRepair(directory, request)).plan).toBeUndefined();
    await rm(directory, { recursive: true });
    if (disk.calls.length < number) break;
  }
  expect(interrupted).toBeGreaterThan(20);
});

/** The files of a directory, as a disk in memory that has written all of it down. */
async function inMemory(directory: string, leftOut: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/data");
  for (const entry of (await readdir(directory, { recursive: true, withFileTypes: true })).toSorted((left, right) => left.parentPath.length - right.parentPath.length)) {
    const path = join(entry.parentPath, entry.name).replace(directory, "/data");
    if (path.startsWith(leftOut)) continue;
    if (entry.isDirectory()) await disk.makeDirectory(path);
    if (!entry.isFile()) continue;
    const file = await disk.open(path, "create");
    await file.writeDurable(0, await readFile(join(entry.parentPath, entry.name)));
    await file.close();
    await disk.syncDirectory(dirname(path));
  }
  for (const path of ["/data/regions/1", "/data/regions", "/data", "/"]) await disk.syncDirectory(path);
  return disk;
}

test.each([
  { what: "a repair", copy: damagedLog, request: asFound },
  { what: "a cut", copy: () => copyOf(sound), request: { truncateAt: 40 } },
])("a kill or a loss of power at any moment of $what: the next one finishes it, and every damaged byte is still there (H34, H42, H44)", { timeout: 120_000 }, async ({ copy, request }) => {
  const disk = await inMemory(await copy(), "/data/regions/1/state");
  const before = disk.files();
  const parts = { ...(await systemParts(silentLogger)), segmentBytes: 64 * 1024 };
  const repair = (on: MemoryDisk): ReturnType<typeof repairWith> => repairWith({ ...parts, disk: on }, "/data", request, agreed);
  const expected = (await repair(disk.copy())).plan!.last.index;
  const prng = new Prng(1);
  let moments = 0;
  disk.onChange = async () => {
    for (const after of [disk.copy(), ...Array.from({ length: 4 }, () => disk.crashed(prng))]) {
      moments += 1;
      await repair(after);
      expect(await verifyDirectory({ disk: after, crc32, dataDir: "/data" }), `moment ${moments}`).toMatchObject({ damages: [], lastIndex: expected });
      expect((await readIdentity(after, "/data", crc32))!.clusterIncarnation).toBeGreaterThanOrEqual(2);
      const kept = [...after.files()].map(([path, content]) => [path.replace(/^\/data\/damaged-\d+/, "/data"), content] as const);
      for (const [path, content] of before) if (path.startsWith("/data/wal/")) expect(kept.some((one) => one[0] === path && Buffer.compare(one[1], content) === 0), `moment ${moments}: ${path}`).toBe(true);
    }
  };
  await repair(disk);
  expect(moments).toBeGreaterThan(80);
});
