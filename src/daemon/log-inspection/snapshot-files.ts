// The snapshot files of a region as they lie in a directory, oldest first: what their headers and trailers say. Reads neither their content nor verifies
// it; that is verification.ts.

import { readU32 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { Disk, DiskFile } from "../../storage/disk.ts";
import { readSnapshotHeader } from "../../storage/snapshot-file.ts";
import { hex } from "../../storage/wal/record.ts";
import type { LogSnapshot } from "../../wire/log-inspection.ts";

/** u32 0, the digest, two counts. */
const trailerBytes = 24;

const attemptsMax = 5;

/** Each of them, oldest first. One that is pruned meanwhile was replaced by a newer one: the directory is listed again. */
export async function lookAtSnapshots<T>(disk: Disk, folder: string, look: (file: DiskFile) => Promise<T>): Promise<T[]> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await lookOnce(disk, folder, look);
    if (!found.includes(undefined) || attempt === attemptsMax) return found.filter((one) => one !== undefined);
  }
}

/** @throws CORRUPT, INCOMPATIBLE, IO_ERROR */
export function readSnapshotFiles(disk: Disk, folder: string, crc32: Crc32): Promise<LogSnapshot[]> {
  return lookAtSnapshots(disk, folder, (file) => describe(file, crc32));
}

async function lookOnce<T>(disk: Disk, folder: string, look: (file: DiskFile) => Promise<T>): Promise<(T | undefined)[]> {
  const names = (await disk.exists(folder)) ? await disk.readDirectory(folder) : [];
  const found: (T | undefined)[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith(".snapshot"))) {
    const file = await openUnlessGone(disk, `${folder}/${name}`);
    found.push(file === undefined ? undefined : await lookAndClose(file, look));
  }
  return found;
}

export async function lookAndClose<T>(file: DiskFile, look: (file: DiskFile) => Promise<T>): Promise<T> {
  try {
    return await look(file);
  } finally {
    await file.close();
  }
}

async function openUnlessGone(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, "read");
  } catch (error) {
    if (toRaftctlError(error).code === "NOT_FOUND") return undefined;
    throw error;
  }
}

async function describe(file: DiskFile, crc32: Crc32): Promise<LogSnapshot> {
  const { header, length } = await readSnapshotHeader(file, crc32);
  const bytes = await file.size();
  const trailer = await file.read(Math.max(length, bytes - trailerBytes), trailerBytes);
  const hasTrailer = trailer.length === trailerBytes && readU32(trailer, 0) === 0;
  return { file: file.path, index: header.index, term: header.term, bytes, digest: hasTrailer ? hex(readU32(trailer, 4)) : null };
}
