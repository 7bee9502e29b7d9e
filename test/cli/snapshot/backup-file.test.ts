// The file that a backup is written to: whole or not there, its owner's alone, and never in the place of another one.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBackupTarget, refuseExisting } from "../../../src/cli/snapshot/backup-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "raftctl-target-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const noName = (): string => expect.unreachable("the file has a name");

test("a file appears when it is finished, with mode 0600, and nothing else stays", async () => {
  const path = join(directory, "b");
  const target = await openBackupTarget(path, noName);
  await target.write(new TextEncoder().encode("one "));
  const [temporary, ...others] = readdirSync(directory);
  expect(others).toEqual([]);
  expect(temporary).toMatch(/^b\.[0-9a-f]{8}\.tmp$/);
  expect(statSync(join(directory, temporary!)).mode & 0o777).toBe(0o600);
  await target.write(new TextEncoder().encode("two"));
  await target.finish();
  expect(readdirSync(directory)).toEqual(["b"]);
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777, target.file]).toEqual(["one two", 0o600, path]);
});

test("one that is abandoned leaves nothing, and does not wait for the end of the process", async () => {
  const before = process.listenerCount("exit");
  const target = await openBackupTarget(join(directory, "b"), noName);
  await target.write(new Uint8Array(10));
  await target.abandon();
  expect(readdirSync(directory)).toEqual([]);
  expect(process.listenerCount("exit")).toBe(before);
});

test("when the process ends meanwhile, the unfinished file is removed", async () => {
  const listeners = process.listeners("exit");
  const target = await openBackupTarget(join(directory, "b"), noName);
  const added = process.listeners("exit").find((listener) => !listeners.includes(listener))!;
  (added as () => void)();
  expect(readdirSync(directory)).toEqual([]);
  await target.abandon();
});

test("in a directory the file has the name that it is given", async () => {
  const target = await openBackupTarget(directory, () => "global-42.raftbak");
  await target.finish();
  expect(readdirSync(directory)).toEqual(["global-42.raftbak"]);
});

test("what is there is not replaced, not even when it appears while the backup is written", async () => {
  const path = join(directory, "b");
  const target = await openBackupTarget(path, noName);
  writeFileSync(path, "somebody else's");
  await expect(target.finish()).rejects.toMatchObject({ code: "CONFLICT" });
  await target.abandon();
  await expect(openBackupTarget(path, noName)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(refuseExisting(path)).rejects.toMatchObject({ code: "CONFLICT" });
  expect([readFileSync(path, "utf8"), readdirSync(directory)]).toEqual(["somebody else's", ["b"]]);
  symlinkSync(join(directory, "nowhere"), join(directory, "link"));
  const linked = await openBackupTarget(join(directory, "link"), noName);
  await expect(linked.finish()).rejects.toMatchObject({ code: "CONFLICT" });
  await linked.abandon();
});

test("a directory that is not there is named before anything is asked of a node", async () => {
  await expect(refuseExisting(join(directory, "no", "b"))).rejects.toMatchObject({ code: "NOT_FOUND", message: `there is no directory ${join(directory, "no")}` });
  await expect(openBackupTarget(join(directory, "no", "b"), noName)).rejects.toMatchObject({ code: "NOT_FOUND" });
  mkdirSync(join(directory, "d"));
  await refuseExisting(join(directory, "d"));
  await refuseExisting(join(directory, "d", "b"));
});
