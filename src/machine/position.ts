// How far the machine is, as one row of its own store, written in the transaction that applied the entries: content and position never part
// (H39), and an image says by itself which index it is of (H35). Little-endian:
//
//    0  u32  CRC-32 of what follows      16  u64  term of that entry           32  u32 u32  sum of the digest
//    4  u32  format, 2                   24  u32 u32  chain of the digest      40  u64  number of records
//    8  u64  index last applied                                               48  u64  bytes of all data

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { type DigestState, emptyDigest } from "./digest.ts";

export interface Position {
  readonly index: number;
  readonly term: number;
  readonly digest: DigestState;
  /** Keys of users that exist. */
  readonly records: number;
  /** Of all data, as data-size.ts counts them. */
  readonly bytes: number;
}

export const startPosition: Position = { index: 0, term: 0, digest: emptyDigest, records: 0, bytes: 0 };

const format = 2;
const positionBytes = 56;

export function encodePosition(position: Position, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(positionBytes);
  writeU32(bytes, 4, format);
  writeSafeU64(bytes, 8, position.index);
  writeSafeU64(bytes, 16, position.term);
  writeU32(bytes, 24, position.digest.chain[0]);
  writeU32(bytes, 28, position.digest.chain[1]);
  writeU32(bytes, 32, position.digest.sum[0]);
  writeU32(bytes, 36, position.digest.sum[1]);
  writeSafeU64(bytes, 40, position.records);
  writeSafeU64(bytes, 48, position.bytes);
  writeU32(bytes, 0, crc32(bytes.subarray(4)));
  return bytes;
}

/** Absent means that nothing was applied yet. Throws CORRUPT for damage, INCOMPATIBLE for a newer format. */
export function decodePosition(bytes: Uint8Array | undefined, crc32: Crc32): Position {
  if (bytes === undefined) return startPosition;
  if (bytes.length < 8 || readU32(bytes, 0) !== crc32(bytes.subarray(4))) {
    throw new RaftctlError("CORRUPT", "the position row of the state fails its checksum");
  }
  if (readU32(bytes, 4) !== format) {
    throw new RaftctlError("INCOMPATIBLE", `state of format ${readU32(bytes, 4)}, this version reads format ${format}`);
  }
  const index = readSafeU64(bytes, 8);
  const term = readSafeU64(bytes, 16);
  const records = readSafeU64(bytes, 40);
  const size = readSafeU64(bytes, 48);
  if (bytes.length !== positionBytes || Number.isNaN(index + term + records + size)) {
    throw new RaftctlError("CORRUPT", "the position row of the state holds impossible numbers");
  }
  return {
    index, term, records, bytes: size,
    digest: { chain: [readU32(bytes, 24), readU32(bytes, 28)], sum: [readU32(bytes, 32), readU32(bytes, 36)] },
  };
}
