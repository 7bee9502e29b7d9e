// Batches are chained: one that is whole, in its place and of this log, but not the one that stood there when the next was written, is damage.

import { expect, test } from "vitest";
import { MemoryDisk } from "../memory-disk.ts";
import { directory, entries, foundedDisk, openWal, region } from "./fixtures.ts";

/** A log that goes on from `disk` with these entries, each of them a batch of its own. */
async function continued(disk: MemoryDisk, term: number, last: number): Promise<MemoryDisk> {
  const copy = disk.copy();
  const wal = await openWal(copy);
  for (let index = 2; index <= last; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, term) }]);
  return copy;
}

test("a batch that was overwritten, and whose replacement the disk has lost, is refused and not believed (H42)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk);
  await wal.append([{ kind: "entries", region, entries: entries(1, 1) }]);
  const lost = await continued(disk, 1, 2);
  const found = await continued(disk, 2, 3);
  const [path, bytes] = [...found.files()].find(([name]) => name.startsWith(directory) && name.endsWith("01.wal"))!;
  const stale = lost.files().get(path)!;
  const differing = bytes.findIndex((byte, place) => byte !== stale[place]);
  const start = differing - (differing % 512);
  const mixed = bytes.slice();
  mixed.set(stale.subarray(start, start + 512), start);
  found.plant(path, mixed);
  await expect(openWal(found)).rejects.toMatchObject({ code: "CORRUPT" });
});
