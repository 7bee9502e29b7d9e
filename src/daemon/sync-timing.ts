// Times how long an append to the log takes to be durable, with the log itself: its segments that are filled with zeros ahead of need, its batches, its one
// durable write for each of them, its rotation and its purge. One append at a time, each waited for, in a log of its own in a directory that is removed
// again. Old segments are purged as they fill up, so it takes the space of a few segments however long it runs.

import { randomBytes } from "node:crypto";
import { readdir, rm, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import { globalRegion, nodeIdFromBigint, parseClusterId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { crc32 } from "../platform/crc32.ts";
import { entryTypes } from "../raft/entry.ts";
import type { Disk } from "../storage/disk.ts";
import { foundWal } from "../storage/wal/segment.ts";
import { Wal } from "../storage/wal/wal.ts";
import { walBounds } from "./wal-bounds.ts";

export interface SyncTimingRequest {
  /** A data directory, also one that is not there yet: then it is its nearest parent that is. */
  readonly dataDir: string;
  /** Of each append. */
  readonly writeBytes: number;
  readonly segmentBytes: number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
  /** With each append that has become durable. */
  readonly onSync: (tookMs: number) => void;
}

export interface SyncTiming {
  /** Where the log of the measurement was. */
  readonly directory: string;
  /** What is written there is gone with the power, however durable the system calls it. */
  readonly isVolatile: boolean;
  /** How long it measured, warm-up excluded. */
  readonly elapsedMs: number;
}

/** Makes the first segments, opens the descriptor of durable writes. */
const warmUpAppends = 20;
/** Rotating goes through these before the oldest is removed. */
const segmentsKept = 2;
/** No measurement is still running after that. */
const remainsMs = 3_600_000;
const memoryFileSystems: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** @throws NO_SPACE, IO_ERROR; nothing is left behind then, too */
export async function timeSyncs(disk: Disk, clock: Clock, request: SyncTimingRequest): Promise<SyncTiming> {
  const parent = await nearestDirectory(disk, resolve(request.dataDir));
  await removeRemains(parent, clock.wallNow());
  const directory = join(parent, `check-disk-${clock.wallNow().toString(36)}-${randomBytes(4).toString("hex")}`);
  try {
    await disk.makeDirectory(directory);
    const elapsedMs = await timeAppends(disk, clock, { ...request, directory });
    return { directory: parent, isVolatile: await isMemory(parent), elapsedMs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function timeAppends(disk: Disk, clock: Clock, request: SyncTimingRequest & { readonly directory: string }): Promise<number> {
  const { directory, segmentBytes, durationMs, signal, onSync } = request;
  const owner = { clusterId: parseClusterId(randomBytes(16).toString("hex")), nodeId: nodeIdFromBigint(1n), incarnation: 1 };
  await foundWal(disk, directory, owner, crc32);
  const wal = await Wal.open({ disk, directory, crc32, clock, logger: silentLogger, ...owner, segmentBytes, ...walBounds, onFatal: () => undefined });
  const data = new Uint8Array(randomBytes(request.writeBytes));
  let index = 0;
  const append = async (): Promise<number> => {
    index += 1;
    const began = clock.now();
    await wal.append([{ kind: "entries", region: globalRegion, entries: [{ index, term: 1, type: entryTypes.command, data }] }]);
    return clock.now() - began;
  };
  try {
    for (let count = 0; count < warmUpAppends && !signal.aborted; count += 1) await append();
    const startMs = clock.now();
    while (clock.now() - startMs < durationMs && !signal.aborted) {
      onSync(await append());
      if (wal.stats.segments > segmentsKept) await wal.purge(new Map([[globalRegion, index]]));
    }
    return clock.now() - startMs;
  } finally {
    // What failed has been thrown by an append already.
    await wal.close().catch(() => undefined);
  }
}

async function nearestDirectory(disk: Disk, path: string): Promise<string> {
  const parent = dirname(path);
  return parent === path || (await disk.exists(path)) ? path : nearestDirectory(disk, parent);
}

/** What a measurement left that was killed. */
async function removeRemains(parent: string, wallMs: number): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const started = Number.parseInt(/^check-disk-([0-9a-z]{8,9})-[0-9a-f]{8}$/.exec(name)?.[1] ?? "", 36);
    if (started < wallMs - remainsMs) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function isMemory(path: string): Promise<boolean> {
  const { type } = await statfs(path);
  return memoryFileSystems.includes(type);
}
