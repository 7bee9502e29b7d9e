// One log of 64 KiB with 200 records, damaged in every way, and the question that decides: is the damage refused, or is everything still there?

import { expect } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { LogScan } from "../../../src/storage/wal/recovery.ts";
import { segmentName } from "../../../src/storage/wal/segment.ts";
import { recordOf } from "../../../src/storage/wal/record.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { crc32, directory, entries, foundedDisk, openWal, owner, region } from "./fixtures.ts";

export const logBytes = 64 * 1024;
export const recordCount = 200;

export interface Subject {
  readonly founding: Uint8Array;
  readonly segment: Uint8Array;
  readonly checksums: readonly number[];
}

/** Batches of one to eight records, of a few bytes up to several sectors, one with sectors that are zero by nature; then a clean end. */
export async function subject(): Promise<Subject> {
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await openWal(disk, { segmentBytes: logBytes });
  const expected: Entry[] = [];
  for (let next = 1, batch = 0; next <= recordCount; batch += 1) {
    const last = Math.min(recordCount, next + (batch * 5) % 8);
    const held = entries(next, last, 1 + Math.floor(batch / 10), [8, 120, 560, 240, 40][batch % 5]);
    if (batch === 7) held[0] = { ...held[0]!, data: new Uint8Array(2000) };
    await wal.append([{ kind: "entries", region, entries: held }]);
    expected.push(...held);
    next = last + 1;
  }
  await wal.close();
  const files = disk.files();
  const segment = files.get(`${directory}/${segmentName(1)}`)!;
  expect(segment).toHaveLength(logBytes);
  expect(wal.stats.segments).toBe(2);
  const given = { founding: files.get(`${directory}/${segmentName(0)}`)!, segment, checksums: expected.map((entry) => crc32(recordOf(entry))) };
  expect(verdict(given, segment)).toBe("complete");
  return given;
}

/** "refused" or "complete"; anything else would be a silent loss or an invention, and is thrown. */
export function verdict({ founding, checksums }: Subject, segment: Uint8Array): "refused" | "complete" {
  const scan = new LogScan(owner, crc32);
  try {
    scan.add("/0", 0, founding);
    scan.add("/1", 1, segment);
    const held = scan.finish().regions.get(region)!.entries;
    if (held.length !== checksums.length) throw new Error(`silent loss: ${held.length} of ${checksums.length} records`);
    for (let place = 0; place < held.length; place += 1) {
      if (crc32(recordOf(held[place]!)) !== checksums[place]) throw new Error(`record ${place + 1} was changed silently`);
    }
    return "complete";
  } catch (error) {
    if (error instanceof RaftctlError && error.code === "CORRUPT") return "refused";
    throw error;
  }
}

/** Every single-bit flip in this part of the segment. */
export function flipBits(given: Subject, start: number, end: number): { refused: number; complete: number } {
  const counts = { refused: 0, complete: 0 };
  const segment = given.segment.slice();
  const traceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    for (let place = start; place < end; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        segment[place]! ^= 1 << bit;
        counts[verdict(given, segment)] += 1;
        segment[place]! ^= 1 << bit;
      }
    }
  } finally {
    Error.stackTraceLimit = traceLimit;
  }
  return counts;
}
