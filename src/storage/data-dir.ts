// The data directory: what lies where, whose it is, and how often it was started. The identity file is written last by `init` or `join`, when the
// (empty) log is already there, so an identity without a log is a lost disk and not a fresh start; and a log without an identity is never
// taken for a pristine directory.

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, utf8, utf8Text, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { parseClusterId, parseNodeId, type ClusterId, type NodeId, type RegionId } from "../base/ids.ts";
import type { Disk } from "./disk.ts";
import { makeDurableDirectory, readSmallFile, replaceFile } from "./durable-file.ts";
import { decodeSegmentHeader, foundingSequence, foundWal, isTemporary, segmentName, segmentSequence } from "./wal/segment.ts";
import { hex } from "./wal/record.ts";

/** Of the whole directory. A newer one is refused with INCOMPATIBLE. */
export const dataFormat = 1;

export interface Identity {
  readonly formatVersion: number;
  readonly clusterId: ClusterId;
  /** Goes up when the cluster lost its quorum and was recovered: fences out whoever was not part of that. */
  readonly clusterIncarnation: number;
  readonly nodeId: NodeId;
  /** Goes up when the disk of a member was replaced. */
  readonly incarnation: number;
  readonly name: string;
  readonly foundedBy: "init" | "join" | "restore";
  /** What init or join were given; plain JSON, checked by whoever uses it. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export const layout = {
  identity: (directory: string): string => `${directory}/identity`,
  /** There while a restore is under way, or was interrupted. */
  restoring: (directory: string): string => `${directory}/restoring`,
  /** Two slots with the number of starts. */
  boots: (directory: string): string => `${directory}/boots`,
  /** For how long the node has pledged not to vote; only where lease reads are on, or were. */
  pledge: (directory: string): string => `${directory}/pledge`,
  wal: (directory: string): string => `${directory}/wal`,
  regions: (directory: string): string => `${directory}/regions`,
  region: (directory: string, region: RegionId): string => `${directory}/regions/${region}`,
  state: (directory: string, region: RegionId): string => `${directory}/regions/${region}/state`,
  snapshots: (directory: string, region: RegionId): string => `${directory}/regions/${region}/snapshots`,
  adminSocket: (directory: string): string => `${directory}/admin.sock`,
  pidFile: (directory: string): string => `${directory}/daemon.pid`,
  log: (directory: string): string => `${directory}/daemon.log`,
  lock: (directory: string): string => `${directory}/lock`,
} as const;

/**
 * Makes a pristine directory the data directory of a node. What an interrupted earlier attempt left is replaced.
 * @throws RaftctlError ALREADY_INITIALIZED, naming the cluster found, when the directory holds any Raft state; NO_SPACE, IO_ERROR
 */
export async function createIdentity(disk: Disk, directory: string, identity: Identity, crc32: Crc32): Promise<void> {
  await refuseNode(disk, directory, crc32);
  await refuseRegions(disk, directory);
  await makeDurableDirectory(disk, directory);
  await foundDirectory(disk, directory, identity, crc32);
}

/**
 * As `createIdentity`, for a node that begins with the content that `fill` puts into the directory: the identity comes after it, so that a crash at any
 * step leaves a directory that does not start. What an earlier attempt left there is for `fill` to replace.
 */
export async function createRestoredIdentity(disk: Disk, directory: string, identity: Identity, { crc32, fill }: { readonly crc32: Crc32; readonly fill: () => Promise<void> }): Promise<void> {
  const marker = layout.restoring(directory);
  await refuseNode(disk, directory, crc32);
  if (!(await disk.exists(marker))) await refuseRegions(disk, directory);
  await makeDurableDirectory(disk, directory);
  await replaceFile(disk, marker, utf8("a restore has begun here and has not ended\n"));
  await fill();
  await foundDirectory(disk, directory, identity, crc32);
  await disk.unlink(marker);
  await disk.syncDirectory(directory);
}

async function foundDirectory(disk: Disk, directory: string, identity: Identity, crc32: Crc32): Promise<void> {
  // Of an interrupted attempt: a log without entries, and a count of no starts.
  const founding = `${layout.wal(directory)}/${segmentName(foundingSequence)}`;
  for (const left of [founding, layout.boots(directory)]) if (await disk.exists(left)) await disk.unlink(left);
  await makeDurableDirectory(disk, layout.regions(directory));
  await makeDurableDirectory(disk, layout.wal(directory));
  await foundWal(disk, layout.wal(directory), identity, crc32);
  await createBoots(disk, directory, crc32);
  await replaceFile(disk, layout.identity(directory), encodeIdentity(identity, crc32));
}

/**
 * undefined in a pristine directory.
 * @throws RaftctlError CORRUPT when the file is damaged or is missing beside a log, INCOMPATIBLE when a newer version wrote it
 */
export async function readIdentity(disk: Disk, directory: string, crc32: Crc32): Promise<Identity | undefined> {
  const path = layout.identity(directory);
  if (await disk.exists(path)) return decodeIdentity(path, await readSmallFile(disk, path), crc32);
  const segment = await usedSegment(disk, directory);
  if (segment === undefined) return undefined;
  throw new RaftctlError("CORRUPT", `${path} is missing, but ${segment} holds a log`, { hint: "restore the file from a backup, or remove the member and join again" });
}

/**
 * Writes the identity again with a higher cluster incarnation, durably; a crash leaves the old one or the new one.
 */
export async function raiseClusterIncarnation(disk: Disk, directory: string, raised: Identity, crc32: Crc32): Promise<void> {
  const found = await readIdentity(disk, directory, crc32);
  assert(found !== undefined && found.nodeId === raised.nodeId && found.clusterId === raised.clusterId, "a node stays who it is");
  assert(raised.clusterIncarnation >= found.clusterIncarnation, "a cluster incarnation never goes back");
  await replaceFile(disk, layout.identity(directory), encodeIdentity(raised, crc32));
}

/**
 * Counts this start, durably, and returns its number: higher than every number returned before, so that peers notice a disk that was rolled back.
 * @throws RaftctlError CORRUPT when neither slot is valid
 */
export async function countBoot(disk: Disk, directory: string, crc32: Crc32): Promise<number> {
  const path = layout.boots(directory);
  if (!(await disk.exists(path))) throw new RaftctlError("CORRUPT", `${path} is missing: a part of this directory was lost`);
  // The identity that an interrupted init has just renamed may not be durable yet.
  await disk.syncDirectory(directory);
  const file = await disk.open(path, "write");
  try {
    const bytes = await file.read(0, await file.size());
    const [even, odd] = [readSlot(bytes, 0, crc32), readSlot(bytes, 1, crc32)];
    if (even === undefined && odd === undefined) throw new RaftctlError("CORRUPT", `${path} is damaged at byte 0: neither slot matches its checksum`);
    // A slot that cannot be read may have held a number one higher than the other one; afterwards both are written, so that this stays true.
    const lost = even === undefined || odd === undefined;
    const count = Math.max(even ?? 0, odd ?? 0) + (lost ? 2 : 1);
    const older = even === undefined || (odd !== undefined && even < odd) ? 0 : 1;
    for (const slot of lost ? [older, 1 - older] : [older]) await file.writeDurable(slot * slotBytes, encodeSlot(count, crc32));
    return count;
  } finally {
    await file.close();
  }
}

async function refuseNode(disk: Disk, directory: string, crc32: Crc32): Promise<void> {
  const path = layout.identity(directory);
  if (await disk.exists(path)) {
    const found = await readIdentity(disk, directory, crc32);
    throw alreadyInitialized(directory, found!.clusterId);
  }
  const segment = await usedSegment(disk, directory);
  if (segment !== undefined) throw alreadyInitialized(directory, decodeSegmentHeader(segment, await readSmallFile(disk, segment), crc32).header.clusterId);
}

async function refuseRegions(disk: Disk, directory: string): Promise<void> {
  const regions = layout.regions(directory);
  if ((await disk.exists(regions)) && (await disk.readDirectory(regions)).length > 0) throw alreadyInitialized(directory, undefined);
}

function alreadyInitialized(directory: string, clusterId: ClusterId | undefined): RaftctlError {
  const whose = clusterId === undefined ? "holds the data of a region" : `belongs to cluster ${clusterId}`;
  return new RaftctlError("ALREADY_INITIALIZED", `${directory} ${whose} already`, {
    ...(clusterId === undefined ? {} : { details: { clusterId } }),
    hint: "choose another --data-dir, or remove this one if its data is not needed",
  });
}

/** Path of a segment that was made after `init` had finished. */
async function usedSegment(disk: Disk, directory: string): Promise<string | undefined> {
  const wal = layout.wal(directory);
  if (!(await disk.exists(wal))) return undefined;
  const names = (await disk.readDirectory(wal)).filter((name) => !isTemporary(name));
  const used = names.find((name) => (segmentSequence(name) ?? foundingSequence) > foundingSequence);
  return used === undefined ? undefined : `${wal}/${used}`;
}

// identity: one line "raftctl identity <format> <crc32 of the rest in hex>", then JSON.

function encodeIdentity(identity: Identity, crc32: Crc32): Uint8Array {
  const body = `${JSON.stringify({ ...identity, formatVersion: dataFormat }, undefined, 2)}\n`;
  return utf8(`raftctl identity ${dataFormat} ${hex(crc32(utf8(body), dataFormat))}\n${body}`);
}

function decodeIdentity(path: string, bytes: Uint8Array, crc32: Crc32): Identity {
  const text = utf8Text(bytes) ?? "";
  const parts = /^raftctl identity ([1-9][0-9]{0,4}) ([0-9a-f]{8})\n/.exec(text);
  if (parts === null) throw new RaftctlError("CORRUPT", `${path} is damaged at byte 0: it does not begin like an identity`);
  const body = text.slice(parts[0].length);
  const actual = hex(crc32(utf8(body), Number(parts[1])));
  if (actual !== parts[2]) throw new RaftctlError("CORRUPT", `${path} is damaged: its checksum is ${parts[2]} but its bytes have ${actual}`);
  if (Number(parts[1]) !== dataFormat) throw new RaftctlError("INCOMPATIBLE", `${path} has data format ${parts[1]}, this version reads format ${dataFormat}`);
  const identity = JSON.parse(body) as Identity;
  // Written before clusters could be recovered.
  const clusterIncarnation = identity.clusterIncarnation ?? 1;
  if (!Number.isSafeInteger(clusterIncarnation) || clusterIncarnation < 1) throw new RaftctlError("CORRUPT", `${path} says cluster incarnation ${String(clusterIncarnation)}`);
  return { ...identity, clusterIncarnation, clusterId: parseClusterId(identity.clusterId), nodeId: parseNodeId(identity.nodeId) };
}

// boots: two slots of 4096 bytes, each "BOOT", crc32 (of the count), count u64; written in turn, so that one is always whole.

const slotBytes = 4096;
const slotMagic = 0x544f4f42;

async function createBoots(disk: Disk, directory: string, crc32: Crc32): Promise<void> {
  const bytes = new Uint8Array(2 * slotBytes);
  bytes.set(encodeSlot(0, crc32), 0);
  bytes.set(encodeSlot(0, crc32), slotBytes);
  await replaceFile(disk, layout.boots(directory), bytes);
}

function encodeSlot(count: number, crc32: Crc32): Uint8Array {
  const slot = new Uint8Array(16);
  writeU32(slot, 0, slotMagic);
  writeSafeU64(slot, 8, count);
  writeU32(slot, 4, crc32(slot.subarray(8), slotMagic));
  return slot;
}

function readSlot(bytes: Uint8Array, slot: number, crc32: Crc32): number | undefined {
  const start = slot * slotBytes;
  if (start + 16 > bytes.length || readU32(bytes, start) !== slotMagic) return undefined;
  return readU32(bytes, start + 4) === crc32(bytes.subarray(start + 8, start + 16), slotMagic) ? readSafeU64(bytes, start + 8) : undefined;
}
