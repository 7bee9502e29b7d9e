// How the machine's content lies in the ordered store. The first byte of a store key tells what it is; the order here is the order in an image.
//
//    00                                   the position row (position.ts)
//    01                                   digests at the latest checkpoints (checkpoints.ts)
//    02 | name                            a setting of the cluster (settings.ts)
//    03                                   what the latest batches changed, as long as that is little (effects.ts)
//    10 | user key                        a record (record.ts)
//    20 | session id, u64 BE | page, u8   a page of remembered results (sessions.ts)
//    21 | session id, u64 BE | u64 BE     a remembered result that is larger than its slot, by sequence number
//    22                                   what of the sessions is no longer remembered (session-horizon.ts)
//    30 | stream                          the head of a stream (streams.ts)
//    31 | u8 | stream | offset, u64 BE    a record of a stream; the u8 is the length of the name less 1, so that no name begins another
//    40 | lease id, u64 BE                a lease (leases.ts)
//    41 | lease id, u64 BE | user key     a key that is attached to it
//    50                                   the first index of which the rows below tell everything (effects.ts)
//    51 | index, u64 BE                   what the batches up to this index changed (effect-row.ts)
//
// 03, 50 and 51 are this node's own and in no image.

import type { KeyRange } from "./store.ts";

export const prefixes = {
  position: 0x00, checkpoints: 0x01, setting: 0x02, latestEffects: 0x03, record: 0x10, sessionPage: 0x20, largeResult: 0x21, sessionHorizon: 0x22, streamHead: 0x30, streamRecord: 0x31,
  lease: 0x40, attachment: 0x41, firstRetained: 0x50, effects: 0x51,
} as const;

export const positionKey = Uint8Array.of(prefixes.position);

export const checkpointsKey = Uint8Array.of(prefixes.checkpoints);

export const sessionHorizonKey = Uint8Array.of(prefixes.sessionHorizon);

export const firstRetainedKey = Uint8Array.of(prefixes.firstRetained);

export const latestEffectsKey = Uint8Array.of(prefixes.latestEffects);

/** Whether the row of this store key is this node's own. */
export function isLocal(stored: Uint8Array): boolean {
  return stored[0] === prefixes.latestEffects || stored[0]! >= prefixes.firstRetained;
}

export function recordKey(key: Uint8Array): Uint8Array {
  const stored = new Uint8Array(key.length + 1);
  stored[0] = prefixes.record;
  stored.set(key, 1);
  return stored;
}

/** The user's key in a record's store key. */
export function userKey(stored: Uint8Array): Uint8Array {
  return stored.subarray(1);
}

/** Start included, end excluded, both as the user means them. */
export function recordRange(start: Uint8Array | undefined, end: Uint8Array | undefined): KeyRange {
  return {
    start: recordKey(start ?? new Uint8Array(0)),
    end: end === undefined ? Uint8Array.of(prefixes.record + 1) : recordKey(end),
  };
}

export const sessionPageKeyBytes = 10;

export function sessionPageKey(session: bigint, page: number): Uint8Array {
  const key = new Uint8Array(sessionPageKeyBytes);
  key[0] = prefixes.sessionPage;
  new DataView(key.buffer).setBigUint64(1, session);
  key[9] = page;
  return key;
}

export const largeResultKeyBytes = 17;

export function largeResultKey(session: bigint, sequence: number): Uint8Array {
  const key = new Uint8Array(largeResultKeyBytes);
  key[0] = prefixes.largeResult;
  const view = new DataView(key.buffer);
  view.setBigUint64(1, session);
  view.setBigUint64(9, BigInt(sequence));
  return key;
}

export function largeResultRange(session: bigint): KeyRange {
  return { start: largeResultKey(session, 0), end: largeResultKey(session, Number.MAX_SAFE_INTEGER + 1) };
}

/** The session id in a store key of a page or of a large result. */
export function sessionIdOf(stored: Uint8Array): bigint {
  return new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getBigUint64(1);
}

export function streamHeadKey(stream: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + stream.length);
  key[0] = prefixes.streamHead;
  key.set(stream, 1);
  return key;
}

export function streamRecordKey(stream: Uint8Array, offset: number): Uint8Array {
  const key = new Uint8Array(2 + stream.length + 8);
  key[0] = prefixes.streamRecord;
  key[1] = stream.length - 1;
  key.set(stream, 2);
  new DataView(key.buffer).setBigUint64(2 + stream.length, BigInt(offset));
  return key;
}

/** Whether streamRecordKey can have made it. */
export function isStreamRecordKey(stored: Uint8Array): boolean {
  return stored.length === 2 + stored[1]! + 1 + 8;
}

/** From this offset to the stream's last record. */
export function streamRecordRange(stream: Uint8Array, from: number): KeyRange {
  return { start: streamRecordKey(stream, from), end: streamRecordKey(stream, Number.MAX_SAFE_INTEGER) };
}

/** The offset in a store key of a stream's record. */
export function offsetOf(stored: Uint8Array): number {
  return Number(new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getBigUint64(stored.length - 8));
}

export const leaseKeyBytes = 9;
/** In front of the user's key. */
export const attachedKeyHeadBytes = 9;

export function leaseKey(lease: bigint): Uint8Array {
  return leaseHead(prefixes.lease, lease, leaseKeyBytes);
}

export function attachmentKey(lease: bigint, key: Uint8Array): Uint8Array {
  const stored = leaseHead(prefixes.attachment, lease, attachedKeyHeadBytes + key.length);
  stored.set(key, attachedKeyHeadBytes);
  return stored;
}

/** All keys that are attached to the lease. */
export function attachedRange(lease: bigint): KeyRange {
  const start = leaseHead(prefixes.attachment, lease, attachedKeyHeadBytes);
  return { start, end: lease === 2n ** 64n - 1n ? Uint8Array.of(prefixes.attachment + 1) : leaseHead(prefixes.attachment, lease + 1n, attachedKeyHeadBytes) };
}

/** The id in a store key of a lease or of a key that is attached to it. */
export function leaseIdOf(stored: Uint8Array): bigint {
  return new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getBigUint64(1);
}

function leaseHead(prefix: number, lease: bigint, length: number): Uint8Array {
  const stored = new Uint8Array(length);
  stored[0] = prefix;
  new DataView(stored.buffer).setBigUint64(1, lease);
  return stored;
}

export function effectsKey(last: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = prefixes.effects;
  new DataView(key.buffer).setBigUint64(1, BigInt(last));
  return key;
}

/** The index in a store key of effects. */
export function indexOfEffects(stored: Uint8Array): number {
  return Number(new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getBigUint64(1));
}

export function prefixRange(prefix: number): KeyRange {
  return { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) };
}
