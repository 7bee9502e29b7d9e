// What of a damaged data directory can still be relied on: the log up to its first damage, the newest snapshot that is whole, the state as far as it has
// applied the log. Changes nothing; no daemon may have the directory.

import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion } from "../../base/ids.ts";
import { recoverLog } from "../../host/region-storage.ts";
import { positionKey } from "../../machine/keyspace.ts";
import { decodePosition } from "../../machine/position.ts";
import { readStateValue } from "../../platform/lmdb-view.ts";
import { entryTypes, type Entry, type HardState, type LogPosition } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import { emptyMembership, type Membership } from "../../raft/membership.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import { layout, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { readSnapshotHeader, verifySnapshotFile } from "../../storage/snapshot-file.ts";
import { LogScan, segmentsToRead, type RecoveredRegion } from "../../storage/wal/recovery.ts";
import { logStart, pristineHardState } from "../../storage/wal/replay.ts";
import { readWhole, segmentName } from "../../storage/wal/segment.ts";
import { lookAndClose } from "../log-inspection/snapshot-files.ts";
import { damageIn } from "../log-inspection/verification.ts";

export interface GoodParts {
  /** Of the snapshot and the entries behind it that can be read without a gap. */
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
  /** Index and term 0 when there is none that can be relied on. */
  readonly applied: LogPosition;
  /** The newest that is known. */
  readonly membership: Membership;
  readonly damages: readonly RaftctlError[];
  /** Files of snapshots. */
  readonly damagedSnapshots: readonly string[];
}

export interface RepairPlace {
  readonly disk: Disk;
  readonly crc32: Crc32;
  readonly directory: string;
}

const noSnapshot: SnapshotMeta = { index: 0, term: 0, membership: emptyMembership };

/** @throws INCOMPATIBLE, IO_ERROR; damage is an answer */
export async function readGoodParts(place: RepairPlace, identity: Identity): Promise<GoodParts> {
  const { crc32, directory } = place;
  const log = await readLog(place, identity);
  const snapshots = await readSnapshots(place, identity);
  const damages = [...log.damages, ...snapshots.damages];
  let held: Pick<GoodParts, "hardState" | "entries">;
  try {
    held = recoverLog(log.region, snapshots.newest);
  } catch (thrown) {
    damages.push(damageIn(thrown));
    held = { hardState: log.region.hardState, entries: [] };
  }
  const applied = decodePosition(await readStateValue(layout.state(directory, globalRegion), positionKey), crc32);
  const changes = held.entries.filter(({ type }) => type === entryTypes.membership);
  const membership = changes.length > 0 ? decodeMembership(changes.at(-1)!.data) : snapshots.membership;
  const end = snapshots.newest.index + held.entries.length;
  if (damages.length === 0 && applied.index > end) damages.push(missingEnd(applied.index, end));
  return { ...held, snapshot: snapshots.newest, applied, membership, damages, damagedSnapshots: snapshots.damaged };
}

async function readLog({ disk, crc32, directory }: RepairPlace, identity: Identity): Promise<{ region: RecoveredRegion; damages: RaftctlError[] }> {
  const scan = new LogScan(identity, crc32);
  const damages: RaftctlError[] = [];
  const wal = layout.wal(directory);
  try {
    for (const sequence of await segmentsToRead({ disk, directory: wal })) {
      const path = `${wal}/${segmentName(sequence)}`;
      const bytes = await lookAndClose(await disk.open(path, "read"), readWhole);
      try {
        scan.add(path, sequence, bytes);
      } finally {
        scan.release(bytes);
      }
    }
    scan.finish();
  } catch (thrown) {
    damages.push(damageIn(thrown));
  }
  const found = scan.regions.get(globalRegion);
  if (found === undefined) return { region: { hardState: pristineHardState, snapshot: logStart, entries: [] }, damages };
  // What does not continue the place where the log begins cannot be put anywhere.
  const continues = !found.detached && (found.entries[0]?.index ?? found.mark.index + 1) === found.mark.index + 1;
  return { region: { hardState: found.hardState, snapshot: found.mark, entries: continues ? found.entries : [] }, damages };
}

interface GoodSnapshots {
  readonly newest: SnapshotMeta;
  /** Of the newest one whose head can be read, whatever is behind it. */
  readonly membership: Membership;
  readonly damaged: string[];
  readonly damages: RaftctlError[];
}

async function readSnapshots({ disk, crc32, directory }: RepairPlace, { clusterId }: Identity): Promise<GoodSnapshots> {
  const folder = layout.snapshots(directory, globalRegion);
  const names = (await disk.exists(folder)) ? (await disk.readDirectory(folder)).filter((name) => name.endsWith(".snapshot")) : [];
  const damaged: string[] = [];
  const damages: RaftctlError[] = [];
  let membership: Membership | undefined;
  for (const name of names.toReversed()) {
    try {
      const newest = await lookAndClose(await disk.open(`${folder}/${name}`, "read"), (file) => verifySnapshotFile(file, { clusterId, region: globalRegion }, crc32));
      return { newest, membership: membership ?? newest.membership, damaged, damages };
    } catch (thrown) {
      damages.push(damageIn(thrown));
      damaged.push(name);
      membership ??= await lookAndClose(await disk.open(`${folder}/${name}`, "read"), (file) => readSnapshotHeader(file, crc32)).then(({ header }) => header.membership, () => undefined);
    }
  }
  return { newest: noSnapshot, membership: membership ?? emptyMembership, damaged, damages };
}

function missingEnd(applied: number, end: number): RaftctlError {
  return new RaftctlError("CORRUPT", `the state has applied index ${applied}, but the log ends at ${end}: a part of the log is missing`);
}
