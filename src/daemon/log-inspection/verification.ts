// Reads every byte of a data directory that a start would rely on, and says what is damaged: identity, log, snapshots, and whether they fit together. Changes
// nothing. Finding damage in one part does not keep it from looking at the others.

import { resolve } from "node:path";
import type { Crc32 } from "../../base/crc.ts";
import { toRaftctlError, type RaftctlError } from "../../base/errors.ts";
import { globalRegion } from "../../base/ids.ts";
import { recoverLog } from "../../host/region-storage.ts";
import { entryTypes } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import { emptyMembership } from "../../raft/membership.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import { layout, type Identity } from "../../storage/data-dir.ts";
import type { DiskFile } from "../../storage/disk.ts";
import { verifySnapshotFile } from "../../storage/snapshot-file.ts";
import { recoveredRegions, type WalImage } from "../../storage/wal/recovery.ts";
import type { LogDamage } from "../../wire/log-inspection.ts";
import { damageOf, identityOf, type DirectoryPlace } from "./directory-log.ts";
import { closeFiles, readLogBeside, type PlacedEntry, type ReadLog } from "./directory-reading.ts";
import { entryWindows } from "./record-window.ts";
import { lookAtSnapshots } from "./snapshot-files.ts";

export interface VerificationReport {
  dataDir: string;
  node: string | null;
  /** Files that were read to their last byte. */
  files: { file: string; bytes: number; what: "segment" | "snapshot" }[];
  entries: number;
  /** Of the log, where it can be read; null when there is none. */
  lastIndex: number | null;
  /** Not damage: a start cuts it, or it is just being written. */
  tornTail: { file: string; offset: number; bytes: number } | null;
  damages: (LogDamage & { lastIndex: number | null })[];
}

/** Damage is in the report. @throws NOT_INITIALIZED, INCOMPATIBLE, IO_ERROR */
export async function verifyDirectory(place: DirectoryPlace): Promise<VerificationReport> {
  const report: VerificationReport = { dataDir: resolve(place.dataDir), node: null, files: [], entries: 0, lastIndex: null, tornTail: null, damages: [] };
  const identity = await noting(report, () => identityOf(place));
  if (identity === undefined) return report;
  report.node = identity.name;
  const image = await verifyLog(place, identity, report);
  const newest = await verifySnapshots(place, identity, report);
  if (image !== undefined && report.damages.length === 0) await noting(report, async () => void recoverLog(recoveredRegions(image).get(globalRegion) ?? untouched, newest));
  return report;
}

const untouched = { hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, snapshot: { index: 0, term: 0 }, entries: [] };

async function verifyLog(place: DirectoryPlace, identity: Identity, report: VerificationReport): Promise<WalImage | undefined> {
  const { disk, crc32 } = place;
  const read = await readLogBeside({ disk, directory: layout.wal(report.dataDir), crc32, owner: identity });
  try {
    const region = read.regions.get(globalRegion);
    const entries = (region?.entries ?? []) as readonly object[] as readonly PlacedEntry[];
    report.entries = entries.length;
    report.lastIndex = entries.at(-1)?.index ?? region?.mark.index ?? null;
    report.tornTail = read.image?.tornTail ?? null;
    for (const file of read.files.values()) report.files.push({ file: file.path, bytes: await file.size(), what: "segment" });
    if (read.damage !== undefined) note(report, read.damage);
    await noting(report, () => decodeAll(entries, read, place));
    return read.image;
  } finally {
    await closeFiles(read.files);
  }
}

/** A membership that cannot be read would stop the node that applies it. */
async function decodeAll(entries: readonly PlacedEntry[], { files }: ReadLog, { crc32 }: DirectoryPlace): Promise<void> {
  for await (const window of entryWindows(entries, files, crc32)) {
    for (const { type, data } of window) if (type === entryTypes.membership) decodeMembership(data);
  }
}

/** @returns the newest one that is good. */
async function verifySnapshots({ disk, crc32 }: DirectoryPlace, { clusterId }: Identity, report: VerificationReport): Promise<SnapshotMeta> {
  const verified = await lookAtSnapshots(disk, layout.snapshots(report.dataDir, globalRegion), async (file) => {
    const bytes = await file.size();
    return { file: file.path, bytes, ...(await verifySnapshot(file, clusterId, crc32)) };
  });
  let newest: SnapshotMeta = { index: 0, term: 0, membership: emptyMembership };
  for (const { file, bytes, meta, damage } of verified) {
    report.files.push({ file, bytes, what: "snapshot" });
    if (damage !== undefined) note(report, damage);
    if (meta !== undefined && meta.index >= newest.index) newest = meta;
  }
  return newest;
}

async function verifySnapshot(file: DiskFile, clusterId: Identity["clusterId"], crc32: Crc32): Promise<{ meta?: SnapshotMeta; damage?: RaftctlError }> {
  try {
    return { meta: await verifySnapshotFile(file, { clusterId, region: globalRegion }, crc32) };
  } catch (thrown) {
    return { damage: damageIn(thrown) };
  }
}

async function noting<T>(report: VerificationReport, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (thrown) {
    note(report, damageIn(thrown));
    return undefined;
  }
}

/** Everything that is not damage is thrown on. */
export function damageIn(thrown: unknown): RaftctlError {
  const error = toRaftctlError(thrown);
  if (error.code !== "CORRUPT") throw error;
  return error;
}

function note(report: VerificationReport, error: RaftctlError): void {
  report.damages.push({ ...damageOf(error), lastIndex: report.lastIndex });
}
