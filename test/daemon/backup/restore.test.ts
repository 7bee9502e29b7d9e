// Restoring into a real directory: what is there already is not restored over.

import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { nodeIdFromBigint } from "../../../src/base/ids.ts";
import { rehearseRestore, restoreFile, type RestoreRequest } from "../../../src/daemon/backup/restore.ts";
import { readForming, writeForming, type FormingRecord } from "../../../src/daemon/formation/forming-file.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { layout } from "../../../src/storage/data-dir.ts";
import { backupOf, fileOf, machineOf, newPath } from "./backup-files.ts";

const settings = { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" };
const request: RestoreRequest = { name: "r", members: [], token: undefined, keepClusterId: false, bumpIndex: 0, settings };
const machine = machineOf([{ operation: "delete", key: new Uint8Array([1]), wantPrevious: false }]);

test("a founding vote is not restored over: it must not be forgotten, and the directory stays as it was (H8)", async () => {
  const [file, directory, disk] = [await fileOf(await backupOf(machine)), newPath(), new NodeDisk()];
  const vote: FormingRecord = { nodeId: nodeIdFromBigint(7n), name: "n7", settings, source: "static:10.0.0.1:7401", expect: 3, vote: nodeIdFromBigint(9n) };
  await writeForming(disk, directory, vote, crc32);
  const refused = { code: "ALREADY_INITIALIZED", message: `${directory} already holds node n7` };
  await expect(rehearseRestore(file, directory, request)).rejects.toMatchObject(refused);
  await expect(restoreFile(file, directory, request)).rejects.toMatchObject(refused);
  expect(await readForming(disk, directory, crc32)).toEqual(vote);
  expect([existsSync(layout.regions(directory)), existsSync(layout.identity(directory))]).toEqual([false, false]);
});

test("nothing is made when it is not approved, nor by a dry run", async () => {
  const [file, directory] = [await fileOf(await backupOf(machine)), newPath()];
  expect(await rehearseRestore(file, directory, request)).toMatchObject({ directory, plan: { identity: { name: "r" } } });
  await expect(restoreFile(file, directory, request, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(directory)).toBe(false);
  await restoreFile(file, directory, request);
  expect(existsSync(layout.identity(directory))).toBe(true);
});
