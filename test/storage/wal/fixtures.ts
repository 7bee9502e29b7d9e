// A log in memory for tests: options with small numbers, entries with recognisable content, and a printed form of what was recovered.

import { crc32 as zlibCrc32 } from "node:zlib";
import type { Crc32 } from "../../../src/base/crc.ts";
import type { ClusterId, NodeId, RegionId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { entryTypes, type Entry, type EntryType } from "../../../src/raft/entry.ts";
import { makeDurableDirectory } from "../../../src/storage/durable-file.ts";
import { foundWal } from "../../../src/storage/wal/segment.ts";
import { Wal, type WalOptions } from "../../../src/storage/wal/wal.ts";
import { TurnClock } from "../turn-clock.ts";

export const crc32: Crc32 = (bytes, seed = 0) => zlibCrc32(bytes, seed);
export const owner = { clusterId: "00112233445566778899aabbccddeeff" as ClusterId, nodeId: "12345678901234567890" as NodeId, incarnation: 1 };
export const directory = "/data/wal";
export const region = 1 as RegionId;

export function entry(index: number, term = 1, bytes = 40, type: EntryType = entryTypes.command): Entry {
  const data = new Uint8Array(type === entryTypes.noop ? 0 : bytes);
  for (let place = 0; place < data.length; place += 1) data[place] = (index * 31 + place * 7 + term) % 251 + 1;
  return { index, term, type, data };
}

export function entries(first: number, last: number, term = 1, bytes = 40): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, place) => entry(first + place, term, bytes));
}

export async function foundedDisk<D extends Disk>(disk: D): Promise<D> {
  await makeDurableDirectory(disk, directory);
  await foundWal(disk, directory, owner, crc32);
  return disk;
}

export function walOptions(disk: Disk, changes: Partial<WalOptions> = {}): WalOptions {
  return {
    disk, directory, crc32, clock: new TurnClock(), logger: silentLogger, ...owner,
    segmentBytes: 16 * 1024, batchBytesMax: 64 * 1024, idleMarkMs: 100, freeBytesMin: 0,
    onFatal: (error) => { throw error; },
    ...changes,
  };
}

export function openWal(disk: Disk, changes: Partial<WalOptions> = {}): Promise<Wal> {
  return Wal.open(walOptions(disk, changes));
}

/** A short text that is equal exactly when the recovered content is. */
export function describeRegions(regions: Wal["recovered"]): string {
  const lines = [...regions].toSorted(([left], [right]) => left - right).map(([id, { hardState, snapshot, entries: held }]) => {
    const checksum = held.reduce((crc, { index, term, type, data }) => crc32(data, crc32(new Uint8Array([type, term, index, index >> 8]), crc)), 0);
    return `${id}: ${hardState.currentTerm}/${hardState.votedFor ?? "-"}/${hardState.commitIndex} behind ${snapshot.index}@${snapshot.term}, ${held[0]?.index ?? "-"}..${held.at(-1)?.index ?? "-"} ${checksum}`;
  });
  return lines.join("\n");
}
