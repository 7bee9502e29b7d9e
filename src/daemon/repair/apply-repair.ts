// Carries a repair out, in an order that a crash cannot hurt, and again as often as needed. Nothing is deleted: what is damaged goes to <data-dir>/damaged-<n>/.
//
//   1 aside     damaged snapshots get out of the way
//   2 state     it becomes a snapshot, when it is what is kept
//   3 log       a new one is written beside the old one, in <data-dir>/wal.repaired, whole and durable
//   4 fence     the identity gets the next cluster incarnation: who may have joined in the part that is lost is no member any more
//   5 exchange  the state goes aside when it holds more than what is kept; the old log goes aside, the new one takes its place
//
// Before the old log goes what is wrong with it is still there, and a repair begins again; from there on there is no log, no daemon starts, and a repair
// only has to finish.

import { assert } from "../../base/assert.ts";
import { globalRegion } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import { markWrites } from "../../host/region-storage.ts";
import { Machine } from "../../machine/machine.ts";
import { layout, raiseClusterIncarnation, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { makeDurableDirectory } from "../../storage/durable-file.ts";
import { SnapshotStore } from "../../storage/snapshot-store.ts";
import { foundWal } from "../../storage/wal/segment.ts";
import { Wal, type WalWrite } from "../../storage/wal/wal.ts";
import type { DaemonParts } from "../parts.ts";
import type { RepairPlan } from "./repair-plan.ts";

export type RepairParts = Pick<DaemonParts, "disk" | "crc32" | "clock" | "openStore" | "versions"> & {
  /** Of a new segment. */
  readonly segmentBytes: number;
};

const entriesPerWrite = 1_000;

/** @returns where the damaged files are. @throws NO_SPACE, IO_ERROR */
export async function applyRepair(parts: RepairParts, directory: string, plan: RepairPlan): Promise<string> {
  const { disk, crc32 } = parts;
  const aside = await newAside(disk, directory);
  await moveSnapshots(disk, directory, aside, plan.damagedSnapshots);
  if (plan.keeps === "state") await snapshotState(parts, directory, plan);
  await writeLog(parts, directory, plan);
  const { clusterIncarnation } = plan.identity;
  await raiseClusterIncarnation(disk, directory, { ...plan.identity, clusterIncarnation: clusterIncarnation + 1 }, crc32);
  if (plan.statesAside) await disk.rename(layout.state(directory, globalRegion), `${aside}/state`);
  await disk.rename(layout.wal(directory), `${aside}/wal`);
  await disk.syncDirectory(aside);
  await finishExchange(disk, directory);
  return aside;
}

/** The old log is aside already, and the new one not in its place. */
export async function isHalfExchanged(disk: Disk, directory: string): Promise<boolean> {
  return !(await disk.exists(layout.wal(directory))) && (await disk.exists(repairedLog(directory)));
}

export async function finishExchange(disk: Disk, directory: string): Promise<void> {
  await disk.rename(repairedLog(directory), layout.wal(directory));
  await disk.syncDirectory(directory);
}

function repairedLog(directory: string): string {
  return `${directory}/wal.repaired`;
}

async function newAside(disk: Disk, directory: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const aside = `${directory}/damaged-${number}`;
    if (await disk.exists(aside)) continue;
    await makeDurableDirectory(disk, aside);
    return aside;
  }
}

async function moveSnapshots(disk: Disk, directory: string, aside: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const folder = layout.snapshots(directory, globalRegion);
  for (const name of names) await disk.rename(`${folder}/${name}`, `${aside}/${name}`);
  await disk.syncDirectory(aside);
  await disk.syncDirectory(folder);
}

async function snapshotState(parts: RepairParts, directory: string, { identity: { clusterId }, begin }: RepairPlan): Promise<void> {
  const { disk, crc32, versions } = parts;
  const { store } = await parts.openStore(layout.state(directory, globalRegion), silentLogger);
  try {
    const image = new Machine({ store, crc32, versions }).image();
    try {
      const snapshots = await SnapshotStore.open({ disk, directory: layout.snapshots(directory, globalRegion), crc32, clusterId, region: globalRegion, logger: silentLogger });
      assert(image.index === begin.index, "the state is where it was when the repair was planned");
      if (snapshots.latest?.index !== image.index) await snapshots.write({ index: image.index, term: image.term, membership: begin.membership }, image.chunks());
    } finally {
      image.close();
    }
  } finally {
    await store.flush();
    await store.close();
  }
}

async function writeLog(parts: RepairParts, directory: string, { identity, begin, hardState, entries }: RepairPlan): Promise<void> {
  const { disk, crc32, clock, segmentBytes } = parts;
  const folder = repairedLog(directory);
  // What an earlier attempt has left.
  if (await disk.exists(folder)) for (const name of await disk.readDirectory(folder)) await disk.unlink(`${folder}/${name}`);
  await makeDurableDirectory(disk, folder);
  await foundWal(disk, folder, identity, crc32);
  const failed: Error[] = [];
  const wal = await Wal.open({ ...ownerOf(identity), disk, crc32, clock, segmentBytes, directory: folder, logger: silentLogger, batchBytesMax: 1024 * 1024, idleMarkMs: 20, freeBytesMin: 0, onFatal: (error) => failed.push(error) });
  try {
    const first: WalWrite[] = begin.index > 0 ? markWrites(globalRegion, begin, hardState, []) : [{ kind: "hardState", region: globalRegion, hardState }];
    await wal.append(first);
    for (let done = 0; done < entries.length; done += entriesPerWrite) {
      await wal.append([{ kind: "entries", region: globalRegion, entries: entries.slice(done, done + entriesPerWrite) }]);
    }
  } finally {
    await wal.close();
  }
  if (failed[0] !== undefined) throw failed[0];
}

function ownerOf({ clusterId, nodeId, incarnation }: Identity): Pick<Identity, "clusterId" | "nodeId" | "incarnation"> {
  return { clusterId, nodeId, incarnation };
}
