import { expect, test } from "vitest";
import { FaultyDisk } from "../storage/faulty-disk.ts";
import { puts, send } from "./storage-conformance.ts";
import { Cluster } from "./support/cluster.ts";
import { codeOf } from "./support/members.ts";
import { emptyDisk, openRegion } from "./support/region-bench.ts";

test("a transfer that a full disk has cut short begins anew once there is space, for the same snapshot too (H41, H45)", async () => {
  const { storage: source } = await openRegion(await emptyDisk());
  await source.persist({ sequence: 1, hardState: { currentTerm: 1, votedFor: undefined, commitIndex: 0 }, entries: puts(1, 10) });
  source.apply(puts(1, 10));
  await source.createSnapshot();
  let full = true;
  const disk = new FaultyDisk(await emptyDisk(), { fault: ({ operation, path }) => (full && operation === "write" && path.includes("receiving") ? "ENOSPC" : undefined) });
  const { storage: target } = await openRegion(disk);
  const { index, term, membership, bytes } = source.currentSnapshot!;
  const meta = { index, term, membership };
  const first = await source.readSnapshot(source.currentSnapshot!, 0, 10);
  expect(await codeOf(target.receiveSnapshot(meta, 0, first))).toBe("NO_SPACE");
  full = false;
  expect(await target.receiveSnapshot(meta, 10, await source.readSnapshot(source.currentSnapshot!, 10, bytes))).toBe(0);
  await send(source, target);
  await target.finishReceiving(meta);
  expect(target.currentSnapshot).toMatchObject({ index: 10 });
});

test("nodes that are restarted before they have applied enough for a snapshot take one all the same, and forget their log (S114)", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 20_000, logBytesMax: 40_000, trailingEntries: 0, trailingBytes: 0 } });
  for (let round = 0; round < 4; round += 1) {
    for (let number = 0; number < 5; number += 1) await cluster.write("x".repeat(1_200));
    await cluster.converge();
    for (const node of cluster.nodes) cluster.crash(node);
    for (const node of cluster.nodes) await cluster.boot(node);
    await cluster.elect();
  }
  expect(cluster.nodes.map(({ raft }) => raft.core.snapshotIndex > 0)).toEqual(cluster.nodes.map(() => true));
  cluster.stop();
});
