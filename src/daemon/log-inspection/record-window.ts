// Gets the entries of a log back from its segments, a window at a time: what lies together in a segment is read in one piece of bounded size. Every
// record is checked again, because the disk is asked again.

import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { Entry } from "../../raft/entry.ts";
import type { DiskFile } from "../../storage/disk.ts";
import { entryOf, readRecord } from "../../storage/wal/record.ts";
import type { PlacedEntry } from "./directory-reading.ts";

/** Of a segment, padding between batches included; a record that is larger is a window of its own. */
export const windowBytesMax = 1024 * 1024;

/** @throws CORRUPT */
export async function* entryWindows(places: readonly PlacedEntry[], files: ReadonlyMap<number, DiskFile>, crc32: Crc32): AsyncGenerator<readonly Entry[]> {
  for (let begin = 0; begin < places.length; ) {
    const end = windowEnd(places, begin);
    yield await readWindow(places.slice(begin, end), files, crc32);
    begin = end;
  }
}

function windowEnd(places: readonly PlacedEntry[], begin: number): number {
  const { segment, offset } = places[begin]!;
  // A later entry always stands behind an earlier one: what was overwritten is not among them.
  let end = begin + 1;
  while (end < places.length) {
    const next = places[end]!;
    if (next.segment !== segment || next.offset + next.length - offset > windowBytesMax) break;
    end += 1;
  }
  return end;
}

async function readWindow(places: readonly PlacedEntry[], files: ReadonlyMap<number, DiskFile>, crc32: Crc32): Promise<readonly Entry[]> {
  const first = places[0]!;
  const last = places.at(-1)!;
  const file = files.get(first.segment)!;
  const bytes = await file.read(first.offset, last.offset + last.length - first.offset);
  return places.map((place) => {
    const record = readRecord(bytes, place.offset - first.offset, crc32);
    const entry = typeof record === "string" ? record : entryOf(record);
    if (typeof entry !== "string" && entry.index === place.index && entry.term === place.term) return entry;
    const reason = typeof entry === "string" ? entry : `entry ${entry.index} of term ${entry.term} stands where entry ${place.index} of term ${place.term} was`;
    throw new RaftctlError("CORRUPT", `${file.path} is damaged at byte ${place.offset}: ${reason}`, { details: { file: file.path, offset: place.offset } });
  });
}
