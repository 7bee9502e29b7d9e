// The log of a directory whose daemon is stopped, put together with its newest snapshot exactly as a start would do it: what a start would refuse as
// damage is refused here. Changes nothing: a torn tail is left out, not cut. Every byte of log and snapshot is read.

import type { Crc32 } from "../../base/crc.ts";
import { globalRegion, type RegionId } from "../../base/ids.ts";
import { recoverLog } from "../../host/region-storage.ts";
import type { Entry, HardState } from "../../raft/entry.ts";
import { emptyMembership } from "../../raft/membership.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import { layout, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { verifySnapshotFile } from "../../storage/snapshot-file.ts";
import { readWal, recoveredRegions, type RecoveredRegion, type WalImage } from "../../storage/wal/recovery.ts";

export interface DirectoryLog {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
  /** The log gave way to a snapshot that it does not reach or does not agree with; a start writes that down. */
  readonly marked: boolean;
}

export interface ReadLog {
  readonly log: DirectoryLog;
  readonly image: WalImage;
  readonly regions: readonly RegionId[];
}

const pristine: RecoveredRegion = { hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, snapshot: { index: 0, term: 0 }, entries: [] };

/** @throws CORRUPT, INCOMPATIBLE, IO_ERROR */
export async function readDirectoryLog(disk: Disk, directory: string, identity: Identity, crc32: Crc32): Promise<ReadLog> {
  const image = await readWal({ disk, directory: layout.wal(directory), crc32, owner: identity });
  const regions = recoveredRegions(image);
  const snapshot = (await newestSnapshot(disk, directory, identity, crc32)) ?? { index: 0, term: 0, membership: emptyMembership };
  return { image, regions: [...regions.keys()], log: { ...recoverLog(regions.get(globalRegion) ?? pristine, snapshot), snapshot } };
}

/** Verified from its first to its last byte. */
async function newestSnapshot(disk: Disk, directory: string, { clusterId }: Identity, crc32: Crc32): Promise<SnapshotMeta | undefined> {
  const folder = layout.snapshots(directory, globalRegion);
  if (!(await disk.exists(folder))) return undefined;
  const newest = (await disk.readDirectory(folder)).findLast((name) => name.endsWith(".snapshot"));
  if (newest === undefined) return undefined;
  const file = await disk.open(`${folder}/${newest}`, "read");
  try {
    return await verifySnapshotFile(file, { clusterId, region: globalRegion }, crc32);
  } finally {
    await file.close();
  }
}
