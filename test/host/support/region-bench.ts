// The storage of the daemon over a disk in memory: log, snapshots and machine, opened again after a crash. The state machine's store may survive the
// crash or be lost: it is written without waiting for the disk, and can be rebuilt.

import { globalRegion } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { RegionStorage } from "../../../src/host/region-storage.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Store } from "../../../src/machine/store.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { TurnClock } from "../../storage/turn-clock.ts";
import { crc32, foundedDisk, owner, walOptions } from "../../storage/wal/fixtures.ts";

export interface OpenRegion {
  readonly storage: RegionStorage;
  readonly machine: Machine;
  readonly wal: Wal;
  readonly snapshots: SnapshotStore;
  readonly clock: TurnClock;
  readonly failures: Error[];
}

export const snapshotDirectory = "/data/regions/1/snapshots";

export function emptyDisk(): Promise<MemoryDisk> {
  return foundedDisk(new MemoryDisk());
}

export async function openRegion(disk: Disk, store: Store = new MemoryStore(), founding?: Membership): Promise<OpenRegion> {
  const clock = new TurnClock();
  const failures: Error[] = [];
  const wal = await Wal.open(walOptions(disk, { clock, onFatal: (error) => failures.push(error) }));
  const snapshots = await SnapshotStore.open({ disk, directory: snapshotDirectory, crc32, clusterId: owner.clusterId, region: globalRegion, logger: silentLogger });
  const machine = new Machine({ store, crc32 });
  const founded = founding === undefined ? {} : { founding };
  const storage = await RegionStorage.open({ region: globalRegion, wal, machine, snapshots, logger: silentLogger, ...founded });
  return { storage, machine, wal, snapshots, clock, failures };
}
