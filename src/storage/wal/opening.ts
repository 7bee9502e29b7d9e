// Opening a log for writing: read it (recovery.ts), cut a torn tail, remove left-over files, open the segment in use and the spare. Everything that
// changes the disk comes after the whole log was read and found good. What was read may stand in the page cache only, left there by a process that was
// killed while it wrote: it is made durable before anybody builds on it, and before the files go that it says are superfluous.

import { mark } from "../../base/mark.ts";
import { cutTornTail, leftovers, readWal, type WalImage } from "./recovery.ts";
import type { OpenSegment } from "./segment-supply.ts";
import { isTemporary, segmentName } from "./segment.ts";
import type { WalOptions } from "./wal-options.ts";

export interface OpenedWal {
  readonly image: WalImage;
  readonly active: OpenSegment;
  readonly spare: OpenSegment | undefined;
}

/** @throws RaftctlError CORRUPT, INCOMPATIBLE, IO_ERROR */
export async function openSegments(options: WalOptions): Promise<OpenedWal> {
  const { disk, directory, crc32, logger, clusterId, nodeId, incarnation } = options;
  const image = await readWal({ disk, directory, crc32, owner: { clusterId, nodeId, incarnation } });
  if (image.tornTail !== undefined) {
    mark("torn-tail-cut");
    logger.warn({ ...image.tornTail }, "a write that a crash tore was cut from the end of the log; it was never acknowledged");
    await cutTornTail(disk, image.tornTail);
  }
  const { sequence, sizeBytes } = image.end;
  const next = image.segments.find((segment) => segment.sequence === sequence + 1);
  if (next !== undefined) mark("wal-spare-found-at-start");
  const active = await openSegment(options, image, { sequence, sizeBytes });
  await active.file.sync();
  await disk.syncDirectory(directory);
  await removeLeftovers(options, image.firstSegment);
  return { image, active, spare: next === undefined ? undefined : await openSegment(options, image, next) };
}

async function openSegment({ disk, directory }: WalOptions, image: WalImage, found: { sequence: number; sizeBytes: number }): Promise<OpenSegment> {
  const { sequence, sizeBytes } = found;
  const file = await disk.open(`${directory}/${segmentName(sequence)}`, "write");
  return { sequence, sizeBytes, seed: image.seeds.get(sequence)!, file };
}

async function removeLeftovers({ disk, directory, logger }: WalOptions, firstSegment: number): Promise<void> {
  const names = await leftovers(disk, directory, firstSegment);
  for (const name of names) await disk.unlink(`${directory}/${name}`);
  if (names.length === 0) return;
  if (names.some(isTemporary)) mark("wal-half-made-segment-removed");
  if (!names.every(isTemporary)) mark("wal-segment-left-by-a-purge-removed");
  await disk.syncDirectory(directory);
  logger.info({ names }, "files that a crash had left over were removed");
}
