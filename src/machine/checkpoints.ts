// The digests of the state at the latest checkpoint indexes: every so many entries, the same indexes on every node, so that nodes can compare their
// states while they run (host/state-audit.ts). One row of the machine's own store, written in the transaction that passes a checkpoint: it survives
// a restart, and a snapshot brings it along. Little-endian:
//
//    0  u32  CRC-32 of what follows      8  count times:  u64 index, ascending | 16 bytes, the digest
//    4  u32  count, at most 16

import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { StateCheckpoint } from "../wire/peer-protocol.ts";

export const checkpointsMax = 16;

const headBytes = 8;
const digestBytes = 16;
const entryBytes = 8 + digestBytes;

/** With one more at the end, the oldest one gone. */
export function withCheckpoint(checkpoints: readonly StateCheckpoint[], newest: StateCheckpoint): readonly StateCheckpoint[] {
  return [...checkpoints.slice(1 - checkpointsMax), newest];
}

export function encodeCheckpoints(checkpoints: readonly StateCheckpoint[], crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(headBytes + checkpoints.length * entryBytes);
  writeU32(bytes, 4, checkpoints.length);
  for (const [position, { index, digest }] of checkpoints.entries()) {
    const offset = headBytes + position * entryBytes;
    writeSafeU64(bytes, offset, index);
    for (let byte = 0; byte < digestBytes; byte += 1) bytes[offset + 8 + byte] = Number.parseInt(digest.slice(2 * byte, 2 * byte + 2), 16);
  }
  writeU32(bytes, 0, crc32(bytes.subarray(4)));
  return bytes;
}

/** Absent means that no checkpoint was passed yet. Throws CORRUPT. */
export function decodeCheckpoints(bytes: Uint8Array | undefined, crc32: Crc32): readonly StateCheckpoint[] {
  if (bytes === undefined) return [];
  const count = bytes.length < headBytes ? -1 : readU32(bytes, 4);
  if (count < 0 || count > checkpointsMax || bytes.length !== headBytes + count * entryBytes || readU32(bytes, 0) !== crc32(bytes.subarray(4))) {
    throw new RaftctlError("CORRUPT", "the row of checkpoints in the state fails its checksum");
  }
  return Array.from({ length: count }, (_, position) => checkpointAt(bytes, headBytes + position * entryBytes));
}

function checkpointAt(bytes: Uint8Array, offset: number): StateCheckpoint {
  const digest = bytes.subarray(offset + 8, offset + entryBytes);
  return { index: readSafeU64(bytes, offset), digest: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}
