// Reads a log beside whoever writes it: takes no lock, changes nothing, judges as a start of the node would (LogScan), and keeps the files open, so that
// a purge takes nothing away from under the reader. Of the entries it keeps where they stand and not what they hold.
//
// A read is not one moment: what is written or purged meanwhile may look like damage. So damage counts when it is found twice in a row at the
// same place: one batch is on the disk at a time, and what was missing before a later one is there when it is read again.

import { emptyBytes } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { RegionId } from "../../base/ids.ts";
import type { Entry } from "../../raft/entry.ts";
import type { Disk, DiskFile } from "../../storage/disk.ts";
import { LogScan, segmentsToRead, type WalImage } from "../../storage/wal/recovery.ts";
import type { ReplayedRegion } from "../../storage/wal/replay.ts";
import { readWhole, segmentName, type WalOwner } from "../../storage/wal/segment.ts";
import { recordOf } from "../../storage/wal/record.ts";

/** An entry without its content, and where in which segment its record stands. */
export interface PlacedEntry extends Entry {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

export interface ReadLog {
  /** By sequence. */
  readonly files: ReadonlyMap<number, DiskFile>;
  /** Entries are PlacedEntry. Up to the damage. */
  readonly regions: ReadonlyMap<RegionId, ReplayedRegion>;
  /** undefined when there is damage. */
  readonly image: WalImage | undefined;
  readonly damage: RaftctlError | undefined;
}

export interface LogPlace {
  readonly disk: Disk;
  /** Of the segments. */
  readonly directory: string;
  readonly crc32: Crc32;
  readonly owner: WalOwner;
}

const attemptsMax = 8;

/** The caller closes the files. Damage is an answer. @throws INCOMPATIBLE, IO_ERROR */
export async function readLogBeside(place: LogPlace): Promise<ReadLog> {
  let suspected: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const read = await readOnce(place);
    const reason = read.damage?.message;
    if (reason === undefined || reason === suspected || attempt === attemptsMax) return read;
    suspected = reason;
    await closeFiles(read.files);
  }
}

export async function closeFiles(files: ReadonlyMap<number, DiskFile>): Promise<void> {
  for (const file of files.values()) await file.close();
}

async function readOnce({ disk, directory, crc32, owner }: LogPlace): Promise<ReadLog> {
  const files = new Map<number, DiskFile>();
  const scan = new LogScan(owner, crc32);
  try {
    for (const sequence of await segmentsToRead({ disk, directory })) {
      const path = `${directory}/${segmentName(sequence)}`;
      const file = await disk.open(path, "read");
      files.set(sequence, file);
      const bytes = await readWhole(file);
      try {
        scan.add(path, sequence, bytes);
      } finally {
        scan.release(bytes, (entry) => placed(entry, sequence, bytes));
      }
    }
    const image = scan.finish();
    return { files, regions: image.regions, image, damage: undefined };
  } catch (thrown) {
    const damage = asDamage(toRaftctlError(thrown));
    if (damage !== undefined) return { files, regions: scan.regions, image: undefined, damage };
    await closeFiles(files);
    throw thrown;
  }
}

function placed(entry: Entry, segment: number, bytes: Uint8Array): PlacedEntry {
  const { index, term, type } = entry;
  const { byteOffset, length } = recordOf(entry);
  return { index, term, type, data: emptyBytes, segment, offset: byteOffset - bytes.byteOffset, length };
}

/** A file that is gone was purged between listing and opening; that heals when it is listed again, or it is damage. */
function asDamage(error: RaftctlError): RaftctlError | undefined {
  if (error.code === "CORRUPT") return error;
  return error.code === "NOT_FOUND" ? new RaftctlError("CORRUPT", error.message, { cause: error }) : undefined;
}
