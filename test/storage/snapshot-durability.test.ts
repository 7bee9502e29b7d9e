// Snapshots that came from a peer: durable before anybody hears of them, and counted part by part.

import { expect, test } from "vitest";
import { concatBytes, writeSafeU64, writeU32 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Membership } from "../../src/raft/membership.ts";
import { SnapshotEncoder } from "../../src/storage/snapshot-file.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { crc32, owner, region } from "./wal/fixtures.ts";

const membership: Membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], members: [] };
const meta = { index: 7, term: 2, membership };
const open = (disk: MemoryDisk): Promise<SnapshotStore> =>
  SnapshotStore.open({ disk, directory: "/data/snapshots", crc32, clusterId: owner.clusterId, region, logger: silentLogger });

/** A file of one chunk, and the checksum that its trailer continues. */
function withoutTrailer(): { bytes: Uint8Array; crc: number } {
  const encoder = new SnapshotEncoder(crc32);
  const header = encoder.header({ ...meta, clusterId: owner.clusterId, region });
  const chunk = encoder.chunk(new Uint8Array(1000).fill(7));
  return { bytes: concatBytes([header, chunk]), crc: new DataView(chunk.buffer).getUint32(4, true) };
}

/** The sizes that it states are whatever is asked for, its checksum is right. */
function fileStating(contentBytes: number, chunks: number): Uint8Array {
  const { bytes, crc } = withoutTrailer();
  const totals = new Uint8Array(16);
  writeSafeU64(totals, 0, contentBytes);
  writeSafeU64(totals, 8, chunks);
  const head = new Uint8Array(8);
  writeU32(head, 4, crc32(totals, crc));
  return concatBytes([bytes, head, totals]);
}

async function receive(store: SnapshotStore, file: Uint8Array): Promise<unknown> {
  const receiver = await store.receive(meta);
  for (let offset = 0; offset < file.length; offset += 300) await receiver.write(offset, file.subarray(offset, offset + 300));
  return receiver.finish();
}

test("a received snapshot is durable when it is finished: power may go at once (H34, H44)", async () => {
  const prng = new Prng(9);
  for (let life = 0; life < 10; life += 1) {
    const disk = new MemoryDisk();
    const store = await open(disk);
    await receive(store, fileStating(1000, 1));
    const again = await open(disk.crashed(prng));
    expect(again.latest).toMatchObject({ index: 7, term: 2 });
  }
});

test("a file that states other totals than it holds is refused, though every checksum in it is right (H42)", async () => {
  for (const [contentBytes, chunks] of [[999, 1], [1000, 2]] as const) {
    const store = await open(new MemoryDisk());
    await expect(receive(store, fileStating(contentBytes, chunks))).rejects.toMatchObject({ code: "CORRUPT" });
    expect(store.latest).toBeUndefined();
  }
});
