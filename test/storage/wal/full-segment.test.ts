import { expect, test } from "vitest";
import { MemoryDisk } from "../memory-disk.ts";
import { settled, TurnClock } from "../turn-clock.ts";
import { entries, foundedDisk, openWal, region } from "./fixtures.ts";

test("entries for which there is neither room nor a next segment are refused as a whole, and what was acknowledged stays readable (H45)", async () => {
  const disk = await foundedDisk(new MemoryDisk());
  const clock = new TurnClock();
  const wal = await openWal(disk, { clock });
  await wal.append([{ kind: "entries", region, entries: entries(1, 3) }]);
  await settled();
  disk.freeSpace = 0;
  // More than half of a segment, so that no spare was made before it.
  await expect(wal.append([{ kind: "entries", region, entries: entries(4, 9, 1, 4000) }])).rejects.toMatchObject({ code: "NO_SPACE" });
  const again = await openWal(disk.copy());
  expect(again.recovered.get(region)?.entries.map(({ index }) => index)).toEqual([1, 2, 3]);
  disk.freeSpace = 1 << 20;
  await clock.advance(3000);
  wal.beginAgain(region);
  await wal.append([{ kind: "entries", region, entries: entries(4, 9, 1, 4000) }]);
  expect((await openWal(disk.copy())).recovered.get(region)?.entries).toHaveLength(9);
});
