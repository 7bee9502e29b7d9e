// A process that is killed leaves writes in the page cache. The next one finds them there, and must not build on what a loss of power still takes away.

import { expect, test } from "vitest";
import { silentLogger } from "../../../src/base/logger.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { crc32, entries, foundedDisk, owner, region, walOptions } from "../../storage/wal/fixtures.ts";
import { attached, reattached } from "./support/disks.ts";
import { TestClock } from "./support/test-time.ts";

const membership = { voters: ["1" as NodeId], votersOutgoing: [], learners: [], learnersNext: [], members: [] };

test("what a restart found in the log after a kill is still there after a loss of power, with what was appended to it (H17, H44, S73)", async () => {
  let found = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    let node = await attached(seed, { afterKill: "cached" });
    await foundedDisk(node.disk);
    const open = (): Promise<Wal> => Wal.open(walOptions(node.disk, { clock: new TestClock(node.life) }));
    let wal = await open();
    await wal.append([{ kind: "entries", region, entries: entries(1, 1) }]);
    node.medium.conditions.durableMs = () => 5;
    void wal.append([{ kind: "entries", region, entries: entries(2, 2) }]);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    node = reattached(node, "kill");
    node.medium.conditions.durableMs = () => 0;
    wal = await open();
    const recovered = wal.recovered.get(region)!.entries.length;
    if (recovered === 2) found += 1;
    if (seed % 2 === 0) await wal.append([{ kind: "entries", region, entries: entries(recovered + 1, recovered + 1) }]);
    node = reattached(node, "powerLoss");
    expect((await open()).recovered.get(region)!.entries).toHaveLength(seed % 2 === 0 ? recovered + 1 : recovered);
  }
  expect(found).toBeGreaterThan(5);
});

test("a restart removes what a purge had left only once the record that says so cannot be lost any more (H17, H44, S73)", async () => {
  let foundAfterKill = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    const recoveredWhenDyingAt = async (diesAt: number): Promise<{ calls: number; begin: number | undefined; last: number }> => {
      let node = await attached(seed, { afterKill: "cached" });
      await foundedDisk(node.disk);
      const open = (): Promise<Wal> => Wal.open(walOptions(node.disk, { clock: new TestClock(node.life) }));
      const wal = await open();
      for (let index = 1; index <= 12; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 4_000) }]);
      node.medium.conditions.durableMs = () => 5;
      // Killed while the log writes down where it begins from now on.
      void wal.purge(new Map([[region, 11]]));
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      node = reattached(node, "kill");
      node.medium.conditions.durableMs = () => 0;
      node.life.dieAt = diesAt;
      let begin: number | undefined;
      void open().then(({ recovered }) => (begin = recovered.get(region)!.snapshot.index));
      while (begin === undefined && node.life.alive) await new Promise(setImmediate);
      const calls = node.life.points.length;
      node = reattached(node, "powerLoss");
      return { calls, begin, last: (await open()).recovered.get(region)!.entries.at(-1)!.index };
    };
    const whole = await recoveredWhenDyingAt(1_000);
    if (whole.begin === 0) continue;
    foundAfterKill += 1;
    for (let diesAt = 1; diesAt <= whole.calls; diesAt += 1) expect((await recoveredWhenDyingAt(diesAt)).last, `seed ${seed}, the restart dies at its call ${diesAt}`).toBe(12);
  }
  expect(foundAfterKill).toBeGreaterThan(2);
});

test("a snapshot that a restart found under its name after a kill is still there after a loss of power (H44)", async () => {
  const directory = "/data/regions/1/snapshots";
  let found = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    let node = await attached(seed, { afterKill: "cached" });
    const open = (): Promise<SnapshotStore> => SnapshotStore.open({ disk: node.disk, directory, crc32, clusterId: owner.clusterId, region, logger: silentLogger });
    const store = await open();
    node.life.dieAt = "disk.syncDirectory.snapshots";
    void store.write({ index: 7, term: 1, membership }, [new Uint8Array(10)]);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    node = reattached(node, "kill");
    const recovered = (await open()).latest?.index;
    if (recovered === 7) found += 1;
    node = reattached(node, "powerLoss");
    expect((await open()).latest?.index).toBe(recovered);
  }
  expect(found).toBeGreaterThan(5);
});
