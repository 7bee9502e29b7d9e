import { expect, test } from "vitest";
import type { NodeId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { crc32, owner, region } from "./wal/fixtures.ts";

const voter = "12345678901234567890" as NodeId;
const membership = { voters: [voter], votersOutgoing: [], learners: [], learnersNext: [], members: [] };
const directory = "/data/regions/1/snapshots";

test("prunes that overlap, of a snapshot taken and one installed, remove each file once (H41)", async () => {
  const disk = new MemoryDisk();
  const store = await SnapshotStore.open({ disk, directory, crc32, clusterId: owner.clusterId, region, logger: silentLogger });
  for (const index of [3, 5, 8, 9]) await store.write({ index, term: 1, membership }, []);
  await Promise.all([store.prune(1), store.prune(1), store.prune(2)]);
  expect(await disk.readDirectory(directory)).toEqual(["0000000000000009-0000000000000001.snapshot"]);
});
