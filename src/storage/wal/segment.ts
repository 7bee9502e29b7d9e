// The segment: one preallocated, zero-filled file of the log. It gets its final name only when its header and all its zeros are durable, so a file
// with a segment's name and a wrong size or header is damage, never an accident of creation. Integers are little-endian.
//
//    0          8        12     16          32       40            48         56     64          72          4096
//    ┌──────────┬────────┬──────┬───────────┬────────┬─────────────┬──────────┬──────┬───────────┬───────────┬──────────┬────
//    │ "RAFTWAL"│ format │ crc  │ cluster id│ node id│ incarnation │ sequence │ size │ created   │ zeros     │ batches, │
//    │  and 0   │  u32   │ u32  │ 16 bytes  │  u64   │     u64     │   u64    │ u64  │ ms, u64   │           │ zeros    │
//    └──────────┴────────┴──────┴───────────┴────────┴─────────────┴──────────┴──────┴───────────┴───────────┴──────────┴────
//
// crc: bytes 16 to 4096, seeded with the format. The last sector is kept free for the mark that closes an idle log.

import { equalBytes, readSafeU64, readU32, utf8, writeSafeU64, writeU32 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { nodeIdFromBigint, type ClusterId, type NodeId } from "../../base/ids.ts";
import type { Disk, DiskFile } from "../disk.ts";
import { sectorBytes } from "./batch.ts";
import { hex } from "./record.ts";

export const segmentFormat = 1;
export const segmentHeaderBytes = 4096;
export const segmentBytesMin = segmentHeaderBytes + 4 * sectorBytes;
/** The segment that `init` leaves behind: a header and no room, so that an initialised log is never an empty directory. */
export const foundingSequence = 0;
const magic = utf8("RAFTWAL\0");

/** Whose log it is. */
export interface WalOwner {
  readonly clusterId: ClusterId;
  readonly nodeId: NodeId;
  readonly incarnation: number;
}

export interface SegmentHeader extends WalOwner {
  readonly sequence: number;
  readonly sizeBytes: number;
  /** For people, and so that the seed of two segments differs. */
  readonly createdAtMs: number;
}

export function segmentName(sequence: number): string {
  return `${sequence.toString().padStart(16, "0")}.wal`;
}

/** undefined when it is not the name of a segment. */
export function segmentSequence(name: string): number | undefined {
  return /^[0-9]{16}\.wal$/.test(name) ? Number(name.slice(0, 16)) : undefined;
}

export function isTemporary(name: string): boolean {
  return name.endsWith(".tmp");
}

/** The header page and the seed that the batches of this segment are checksummed with. */
export function encodeSegmentHeader(header: SegmentHeader, crc32: Crc32): { page: Uint8Array; seed: number } {
  const page = new Uint8Array(segmentHeaderBytes);
  page.set(magic, 0);
  writeU32(page, 8, segmentFormat);
  for (let byte = 0; byte < 16; byte += 1) page[16 + byte] = Number.parseInt(header.clusterId.slice(byte * 2, byte * 2 + 2), 16);
  new DataView(page.buffer).setBigUint64(32, BigInt(header.nodeId), true);
  writeSafeU64(page, 40, header.incarnation);
  writeSafeU64(page, 48, header.sequence);
  writeSafeU64(page, 56, header.sizeBytes);
  writeSafeU64(page, 64, header.createdAtMs);
  const seed = crc32(page.subarray(16), segmentFormat);
  writeU32(page, 12, seed);
  return { page, seed };
}

/** @throws RaftctlError INCOMPATIBLE for a newer format, CORRUPT for anything else that is wrong. */
export function decodeSegmentHeader(path: string, bytes: Uint8Array, crc32: Crc32): { header: SegmentHeader; seed: number } {
  if (bytes.length < segmentHeaderBytes) throw damagedSegment(path, bytes.length, `the file ends inside its header, after ${bytes.length} bytes`);
  const page = bytes.subarray(0, segmentHeaderBytes);
  if (!equalBytes(page.subarray(0, 8), magic)) throw damagedSegment(path, 0, "it does not begin like a segment of a log");
  const format = readU32(page, 8);
  const stored = readU32(page, 12);
  const seed = crc32(page.subarray(16), format);
  if (stored !== seed) throw damagedSegment(path, 12, `its header checksum is ${hex(stored)} but its bytes have ${hex(seed)}`);
  if (format !== segmentFormat) {
    throw new RaftctlError("INCOMPATIBLE", `${path} has log format ${format}, this version reads format ${segmentFormat}`);
  }
  return { header: headerFields(page), seed };
}

/** What a segment's header must say in this place. @throws RaftctlError CORRUPT */
export function checkSegmentHeader(path: string, header: SegmentHeader, expected: WalOwner & { sequence: number; sizeBytes: number }): void {
  if (header.clusterId !== expected.clusterId || header.nodeId !== expected.nodeId || header.incarnation !== expected.incarnation) {
    const owner = `node ${header.nodeId} incarnation ${header.incarnation} of cluster ${header.clusterId}`;
    throw damagedSegment(path, 16, `it belongs to ${owner}, not to node ${expected.nodeId} incarnation ${expected.incarnation} of cluster ${expected.clusterId}`);
  }
  if (header.sequence !== expected.sequence) throw damagedSegment(path, 48, `it is segment ${header.sequence} under another name`);
  if (header.sizeBytes !== expected.sizeBytes) {
    throw damagedSegment(path, Math.min(header.sizeBytes, expected.sizeBytes), `its size is ${expected.sizeBytes} bytes, its header says ${header.sizeBytes}`);
  }
}

/**
 * Creates a segment aside, durable before it gets its name: temporary name, zeros, header, fsync, rename, fsync of the directory.
 * The caller removes the temporary file when this fails.
 */
export async function createSegment(disk: Disk, directory: string, made: { page: Uint8Array; header: SegmentHeader }): Promise<void> {
  const path = `${directory}/${segmentName(made.header.sequence)}`;
  const temporary = `${path}.tmp`;
  if (await disk.exists(temporary)) await disk.unlink(temporary);
  const file = await disk.open(temporary, "create");
  try {
    await file.allocate(made.header.sizeBytes);
    await file.write(0, made.page);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(directory);
}

/** The log of a node that has just been initialised. @throws RaftctlError NO_SPACE, IO_ERROR */
export async function foundWal(disk: Disk, directory: string, owner: WalOwner, crc32: Crc32): Promise<void> {
  const { clusterId, nodeId, incarnation } = owner;
  const header = { clusterId, nodeId, incarnation, sequence: foundingSequence, sizeBytes: segmentHeaderBytes, createdAtMs: 0 };
  await createSegment(disk, directory, { page: encodeSegmentHeader(header, crc32).page, header });
}

/** All bytes of a file in one piece. */
export async function readWhole(file: DiskFile): Promise<Uint8Array> {
  return file.read(0, await file.size());
}

export function damagedSegment(path: string, offset: number, reason: string, lastIndex?: string): RaftctlError {
  const after = lastIndex === undefined ? "" : `, behind ${lastIndex}`;
  return new RaftctlError("CORRUPT", `${path} is damaged at byte ${offset}${after}: ${reason}`, {
    details: { file: path, offset, ...(lastIndex === undefined ? {} : { lastIndex }) },
    hint: "raftctl inspect-log verify --data-dir DIR",
  });
}

function headerFields(page: Uint8Array): SegmentHeader {
  let clusterId = "";
  for (const byte of page.subarray(16, 32)) clusterId += byte.toString(16).padStart(2, "0");
  const nodeId = new DataView(page.buffer, page.byteOffset).getBigUint64(32, true);
  return {
    clusterId: clusterId as ClusterId,
    nodeId: nodeIdFromBigint(nodeId),
    incarnation: readSafeU64(page, 40),
    sequence: readSafeU64(page, 48),
    sizeBytes: readSafeU64(page, 56),
    createdAtMs: readSafeU64(page, 64),
  };
}
