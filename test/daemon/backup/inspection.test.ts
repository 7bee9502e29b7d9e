// What is said of a backup: counts by kind of row, groups of keys, and nothing at all of a damaged one.

import { mkdirSync, symlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { Grouping, inspectFile, type GroupRequest } from "../../../src/daemon/backup/inspection.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import type { Command } from "../../../src/wire/command.ts";
import { codeOf, votersOf } from "../../host/support/members.ts";
import { append, put, stamp } from "../../machine/bytes-of.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { backupOf, clusterId, fileOf, machineOf, newPath } from "./backup-files.ts";

const quota: Command = { operation: "set", key: utf8("quota"), value: utf8("1") };
const commands = [put("app/a", "1"), put("app/b", "22"), put("sys/c/d", "333", { session: stamp(9, 1) }), append("log", "one"), append("log", "two"), append("other", "x"), quota];

test("header, keys, sessions and streams are counted, for none and zstd alike", async () => {
  const machine = machineOf(commands);
  for (const compression of ["none", "zstd"] as const) {
    const bytes = await backupOf(machine, { compression });
    const found = await inspectFile(await fileOf(bytes), undefined);
    expect(found).toMatchObject({ bytes: bytes.length, stateDigest: machine.digest(), keys: undefined });
    expect(found.header).toMatchObject({ kind: "backup", index: 7, term: 3, compression, membership: votersOf(1) });
    expect([found.records.rows, found.sessions.rows, found.settings.rows, found.streams.streams, found.streams.rows]).toEqual([3, 1, 1, 2, 3]);
    expect(found.sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});

test("a node's own snapshot is read as well", async () => {
  const machine = machineOf(commands);
  const disk = new MemoryDisk();
  await disk.makeDirectory("/s");
  const store = await SnapshotStore.open({ disk, directory: "/s", crc32, clusterId, region: globalRegion, logger: silentLogger });
  const image = machine.image();
  const { path } = await store.write({ index: image.index, term: image.term, membership: votersOf(1) }, image.chunks());
  const found = await inspectFile(await fileOf(disk.files().get(path)!), undefined);
  expect(found).toMatchObject({ header: { kind: "snapshot", clusterIncarnation: undefined, stateDigest: undefined }, sha256: undefined, stateDigest: machine.digest() });
  expect(found.records.rows).toBe(3);
});

function grouped(keys: readonly string[], request: Partial<GroupRequest> = {}): [string, number][] {
  const grouping = new Grouping({ prefix: "", depth: 1, limit: 100, ...request });
  for (const key of keys) grouping.add(utf8(key), { key: utf8(`x${key}`), value: utf8("12345") });
  return grouping.result().groups.map(({ prefix, keys: count }) => [Buffer.from(prefix).toString(), count]);
}

test("keys are grouped by the parts that they begin with", () => {
  const keys = ["a", "app/a", "app/b/1", "app/b/2", "appendix", "b/c/d"];
  expect(grouped(keys)).toEqual([["a", 1], ["app/", 3], ["appendix", 1], ["b/", 1]]);
  expect(grouped(keys, { depth: 2 })).toEqual([["a", 1], ["app/a", 1], ["app/b/", 2], ["appendix", 1], ["b/c/", 1]]);
  expect(grouped(keys, { prefix: "app/" })).toEqual([["app/a", 1], ["app/b/", 2]]);
  expect(grouped(keys, { prefix: "app", depth: 0 })).toEqual([["app", 4]]);
  expect(grouped(keys, { limit: 2 })).toEqual([["a", 1], ["app/", 3]]);
});

test("a group that is not listed is said to be there", async () => {
  const { keys } = await inspectFile(await fileOf(await backupOf(machineOf(commands))), { prefix: "", depth: 1, limit: 1 });
  expect(keys).toMatchObject({ more: true, groups: [{ keys: 2 }] });
  expect(keys!.groups[0]!.bytes).toBeGreaterThan(2 * "app/a".length);
});

test("a name that leads to no file, to a directory, or that is none, is refused with its code; a link is followed (T22)", async () => {
  const path = await fileOf(await backupOf(machineOf(commands)));
  const [link, directory] = [newPath(), newPath()];
  symlinkSync(path, link);
  mkdirSync(directory);
  expect((await inspectFile(link, undefined)).records.rows).toBe(3);
  expect(await codeOf(inspectFile(newPath(), undefined))).toBe("NOT_FOUND");
  expect(await codeOf(inspectFile(`${path}/x`, undefined))).toBe("NOT_FOUND");
  expect(await codeOf(inspectFile(directory, undefined))).toBe("INVALID_ARGUMENT");
  expect(await codeOf(inspectFile("a\0b", undefined))).toBe("INVALID_ARGUMENT");
});

test("every flipped bit and every cut of a small backup ends with damage, whatever it held (N13, T21)", async () => {
  const path = newPath();
  const bytes = await backupOf(machineOf([put("k", "v")]));
  const refused = async (changed: Uint8Array): Promise<string> => {
    await writeFile(path, changed);
    return codeOf(inspectFile(path, undefined));
  };
  for (let place = 0; place < bytes.length; place += 1) {
    const changed = bytes.slice();
    changed[place]! ^= 1 << (place % 8);
    expect(await refused(changed), `byte ${place}`).toBe("CORRUPT");
    expect(await refused(bytes.subarray(0, place)), `${place} bytes`).toBe("CORRUPT");
  }
  expect(await refused(bytes)).toBe("resolved");
});

test("a whole file around a state that cannot be is refused, naming the file (H35, S42)", async () => {
  const machine = machineOf(commands);
  const other = machineOf([put("k", "v")]);
  for (const changes of [{ index: 8 }, { term: 4 }, { stateDigest: other.digest() }]) {
    const path = await fileOf(await backupOf(machine, changes));
    await expect(inspectFile(path, undefined)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining(path) as string });
  }
});
