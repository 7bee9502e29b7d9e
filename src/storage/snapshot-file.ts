// The snapshot file: what a region's state machine held at one index, in chunks, with the position and the membership that it stands for.
// Every byte is under a checksum that is chained from the header on, so nothing can be changed, moved, left out or taken from another
// snapshot without being noticed. Integers are little-endian.
//
//    0          8        12      16         20          36       40      48     56
//    ┌──────────┬────────┬───────┬──────────┬───────────┬────────┬───────┬──────┬────────────┐
//    │"RAFTSNP" │ format │ crc   │membership│ cluster id│ region │ index │ term │ membership │   header
//    │ and 0    │  u32   │ u32   │length u32│ 16 bytes  │  u32   │  u64  │ u64  │ JSON       │
//    ├──────────┴─┬──────┴────┬──┴──────────┴───────────┴────────┴───────┴──────┴────────────┤
//    │ length u32 │ crc, u32  │ content, 1 byte to 1 MiB                                     │   chunk, repeated
//    ├────────────┼───────────┼──────────────────────┬───────────────┬───────────────────────┤
//    │ 0, u32     │ crc, u32  │ content bytes, u64   │ chunks, u64   │                       │   trailer, the end of the file
//    └────────────┴───────────┴──────────────────────┴───────────────┴───────────────────────┘
//
// header crc: bytes 16 to the end of the membership, seeded with the format. Each later crc covers what stands behind it in its part and is seeded
// with the crc of the part before, exclusive-or the length. The trailer's crc is the digest of the whole.

import { readSafeU64, readU32, utf8, utf8Text, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { ClusterId, RegionId } from "../base/ids.ts";
import type { Member, Membership } from "../raft/membership.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { DiskFile } from "./disk.ts";
import { hex } from "./wal/record.ts";

export const snapshotFormat = 1;
export const chunkBytesMax = 1024 * 1024;
const headerFixedBytes = 56;
const chunkHeaderBytes = 8;
const trailerBytes = chunkHeaderBytes + 16;
const membershipBytesMax = 1024 * 1024;
const magic = utf8("RAFTSNP\0");

export interface SnapshotHeader extends SnapshotMeta {
  readonly clusterId: ClusterId;
  readonly region: RegionId;
}

export interface SnapshotInfo {
  readonly index: number;
  readonly term: number;
  readonly membership: Membership;
  /** Of the file. */
  readonly bytes: number;
  readonly path: string;
  /** 8 hexadecimal digits; equal files have equal digests. */
  readonly digest: string;
}

/** Builds the parts of a file, one after the other. */
export class SnapshotEncoder {
  readonly #crc32: Crc32;
  #crc = 0;
  #contentBytes = 0;
  #chunks = 0;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  header(header: SnapshotHeader): Uint8Array {
    const membership = utf8(membershipJson(header.membership));
    const bytes = new Uint8Array(headerFixedBytes + membership.length);
    bytes.set(magic, 0);
    writeU32(bytes, 8, snapshotFormat);
    writeU32(bytes, 16, membership.length);
    for (let byte = 0; byte < 16; byte += 1) bytes[20 + byte] = Number.parseInt(header.clusterId.slice(byte * 2, byte * 2 + 2), 16);
    writeU32(bytes, 36, header.region);
    writeSafeU64(bytes, 40, header.index);
    writeSafeU64(bytes, 48, header.term);
    bytes.set(membership, headerFixedBytes);
    this.#crc = this.#crc32(bytes.subarray(16), snapshotFormat);
    writeU32(bytes, 12, this.#crc);
    return bytes;
  }

  /** @param content 1 byte to `chunkBytesMax` */
  chunk(content: Uint8Array): Uint8Array {
    this.#contentBytes += content.length;
    this.#chunks += 1;
    return this.#part(content, content.length);
  }

  trailer(): { bytes: Uint8Array; digest: string } {
    const totals = new Uint8Array(16);
    writeSafeU64(totals, 0, this.#contentBytes);
    writeSafeU64(totals, 8, this.#chunks);
    const bytes = this.#part(totals, 0);
    return { bytes, digest: hex(this.#crc) };
  }

  #part(content: Uint8Array, length: number): Uint8Array {
    const bytes = new Uint8Array(chunkHeaderBytes + content.length);
    writeU32(bytes, 0, length);
    bytes.set(content, chunkHeaderBytes);
    this.#crc = this.#crc32(content, (this.#crc ^ length) >>> 0);
    writeU32(bytes, 4, this.#crc);
    return bytes;
  }
}

/** @throws RaftctlError CORRUPT, INCOMPATIBLE */
export async function readSnapshotHeader(file: DiskFile, crc32: Crc32): Promise<{ header: SnapshotHeader; length: number; crc: number }> {
  const fixed = await file.read(0, headerFixedBytes);
  if (fixed.length < headerFixedBytes) throw damagedSnapshot(file.path, fixed.length, "the file ends inside its header");
  if (magic.some((byte, place) => fixed[place] !== byte)) throw damagedSnapshot(file.path, 0, "it does not begin like a snapshot");
  const membershipLength = readU32(fixed, 16);
  if (membershipLength > membershipBytesMax) throw damagedSnapshot(file.path, 16, `a membership of ${membershipLength} bytes`);
  const membership = await file.read(headerFixedBytes, membershipLength);
  const format = readU32(fixed, 8);
  const crc = crc32(membership, crc32(fixed.subarray(16), format));
  if (crc !== readU32(fixed, 12)) throw damagedSnapshot(file.path, 12, `its header checksum is ${hex(readU32(fixed, 12))} but its bytes have ${hex(crc)}`);
  if (format !== snapshotFormat) throw new RaftctlError("INCOMPATIBLE", `${file.path} has snapshot format ${format}, this version reads format ${snapshotFormat}`);
  return { header: headerFields(fixed, membership), length: headerFixedBytes + membershipLength, crc };
}

/** The content, chunk by chunk, each verified before it is handed out; the end is reached only if the whole file is good. @throws RaftctlError CORRUPT */
export async function* readSnapshotChunks(file: DiskFile, crc32: Crc32): AsyncGenerator<Uint8Array, string> {
  const size = await file.size();
  const start = await readSnapshotHeader(file, crc32);
  let { length: offset, crc } = start;
  let contentBytes = 0;
  let chunks = 0;
  for (;;) {
    const part = await readPart(file, offset, crc, crc32);
    crc = part.crc;
    offset += part.bytes;
    if (part.length === 0) {
      checkTrailer(file.path, { contentBytes, chunks, end: offset, size }, part.content);
      return hex(crc);
    }
    contentBytes += part.length;
    chunks += 1;
    yield part.content;
  }
}

/** Reads a file from its first to its last byte. @throws RaftctlError CORRUPT also for one of another cluster or region, INCOMPATIBLE */
export async function verifySnapshotFile(file: DiskFile, owner: Pick<SnapshotHeader, "clusterId" | "region">, crc32: Crc32): Promise<SnapshotInfo> {
  const { header: { clusterId, region, index, term, membership } } = await readSnapshotHeader(file, crc32);
  if (clusterId !== owner.clusterId || region !== owner.region) throw damagedSnapshot(file.path, 20, `it belongs to region ${region} of cluster ${clusterId}`);
  const chunks = readSnapshotChunks(file, crc32);
  let step = await chunks.next();
  while (step.done !== true) step = await chunks.next();
  return { index, term, membership, bytes: await file.size(), path: file.path, digest: step.value };
}

/** One spelling for each membership, so that equal ones are equal texts. */
export function membershipJson(membership: Membership): string {
  const { voters, votersOutgoing, learners, learnersNext, members, replacements } = membership;
  const underWay = replacements?.map(({ id, leaving, newcomer }) => ({ id, leaving, newcomer }));
  return JSON.stringify({ voters, votersOutgoing, learners, learnersNext, members: members.map(memberFields), replacements: underWay });
}

export function damagedSnapshot(path: string, offset: number, reason: string): RaftctlError {
  return new RaftctlError("CORRUPT", `${path} is damaged at byte ${offset}: ${reason}`, { details: { file: path, offset } });
}

async function readPart(file: DiskFile, offset: number, seed: number, crc32: Crc32): Promise<{ length: number; bytes: number; crc: number; content: Uint8Array }> {
  const head = await file.read(offset, chunkHeaderBytes);
  if (head.length < chunkHeaderBytes) throw damagedSnapshot(file.path, offset, "the file ends before its trailer");
  const length = readU32(head, 0);
  if (length > chunkBytesMax) throw damagedSnapshot(file.path, offset, `a chunk of ${length} bytes`);
  const bytes = length === 0 ? trailerBytes : chunkHeaderBytes + length;
  const content = await file.read(offset + chunkHeaderBytes, bytes - chunkHeaderBytes);
  const crc = crc32(content, (seed ^ length) >>> 0);
  if (content.length !== bytes - chunkHeaderBytes || crc !== readU32(head, 4)) throw damagedSnapshot(file.path, offset, "a chunk does not match its checksum");
  return { length, bytes, crc, content };
}

function checkTrailer(path: string, found: { contentBytes: number; chunks: number; end: number; size: number }, totals: Uint8Array): void {
  if (found.end !== found.size) throw damagedSnapshot(path, found.end, `${found.size - found.end} bytes follow the trailer`);
  if (readSafeU64(totals, 0) !== found.contentBytes || readSafeU64(totals, 8) !== found.chunks) throw damagedSnapshot(path, found.end - trailerBytes, "chunks are missing");
}

function headerFields(fixed: Uint8Array, membership: Uint8Array): SnapshotHeader {
  let clusterId = "";
  for (const byte of fixed.subarray(20, 36)) clusterId += byte.toString(16).padStart(2, "0");
  return {
    clusterId: clusterId as ClusterId,
    region: readU32(fixed, 36) as RegionId,
    index: readSafeU64(fixed, 40),
    term: readSafeU64(fixed, 48),
    membership: JSON.parse(utf8Text(membership) ?? "null") as Membership,
  };
}

function memberFields({ id, name, peerAddress, clientAddress, incarnation, masterEligible }: Member): Member {
  return { id, name, peerAddress, clientAddress, incarnation, masterEligible };
}
