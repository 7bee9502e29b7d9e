// A node's own snapshots, as an operator takes, lists and prunes them.

import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { LocalSnapshots } from "../../../src/daemon/backup/local-snapshots.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import type { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { startCluster } from "../support/cluster.ts";

test("snapshots are taken and listed, the newest first; a dry run says what would be removed and removes nothing; the newest always stays (K4)", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const { kv, admin } = fixture.client(fixture.cluster.nodes[0]!);
  const take = async (key: string): Promise<number> => {
    await kv.put(key, "v");
    return (await admin.call("snapshotTake", { trailing: 0, dryRun: false })).index;
  };
  const list = async () => (await admin.call("snapshotList", {})).snapshots;
  const first = await take("a");
  const older = (await list())[0]!.path;
  const content = await readFile(older);
  const second = await take("b");
  expect((await list()).map(({ index }) => index)).toEqual([second]);
  // As one that was spared for somebody who read it.
  await writeFile(older, content);
  const before = await list();
  expect(before.map(({ index }) => index)).toEqual([second, first]);
  expect(before.map(({ current }) => current)).toEqual([true, false]);
  const rehearsed = await admin.call("snapshotPrune", { keep: 1, dryRun: true });
  expect([rehearsed.applied, rehearsed.removed.map(({ index }) => index), rehearsed.kept.map(({ index }) => index)]).toEqual([false, [first], [second]]);
  expect(await list()).toEqual(before);
  const pruned = await admin.call("snapshotPrune", { keep: 1, dryRun: false });
  expect(pruned).toEqual({ ...rehearsed, applied: true });
  expect([existsSync(before[0]!.path), existsSync(before[1]!.path)]).toEqual([true, false]);
  expect(await admin.call("snapshotPrune", { keep: 1, dryRun: false })).toMatchObject({ removed: [], kept: [{ index: second, current: true }] });
});

test("a snapshot that compaction removes before or while it is looked at is left out of the list", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const { kv, admin } = fixture.client(fixture.cluster.nodes[0]!);
  await kv.put("a", "v");
  await admin.call("snapshotTake", { trailing: 0, dryRun: false });
  const [taken] = (await admin.call("snapshotList", {})).snapshots;
  const disk = new NodeDisk();
  const listed = async (all: readonly string[], looked: () => Promise<void>): Promise<unknown> => {
    const snapshots = { list: async () => ({ all, prunable: [] }), latest: undefined } as unknown as SnapshotStore;
    const open: NodeDisk["open"] = async (...args) => {
      const file = await disk.open(...args);
      await looked();
      return file;
    };
    const removing = Object.assign(Object.create(disk) as NodeDisk, { open });
    return new LocalSnapshots({ node: "n1", raft: undefined as never, snapshots, disk: removing, crc32, clock: undefined as never, compactState: undefined as never }).list();
  };
  const { path } = taken!;
  expect(await listed([`${path}.gone`, path], async () => undefined)).toMatchObject([{ path }]);
  expect(await listed([path], () => rm(path))).toEqual([]);
  await expect(listed([import.meta.dirname], async () => undefined)).rejects.toThrow("EISDIR");
});
