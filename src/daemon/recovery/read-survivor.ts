// Reads a data directory whose daemon is stopped and says what a recovery needs to know of it. Changes nothing: a torn tail is left out, not cut. The log
// and the snapshot are put together as a start would do it, and what a start would refuse as damage is refused here.

import { utf8Text } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion } from "../../base/ids.ts";
import { recoverLog } from "../../host/region-storage.ts";
import { entryTypes, type Entry, type HardState } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import { emptyMembership } from "../../raft/membership.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import { layout, readIdentity, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { damagedSnapshot, readSnapshotChunks, readSnapshotHeader } from "../../storage/snapshot-file.ts";
import { readWal, recoveredRegions, type WalImage } from "../../storage/wal/recovery.ts";
import { commandFault, decodeCommand } from "../../wire/command.ts";
import type { Survivor, TermRun } from "./survivor.ts";

export interface ReadSurvivor {
  readonly identity: Identity;
  readonly survivor: Survivor;
  /** What a start of the daemon would work with. */
  readonly log: { readonly hardState: HardState; readonly snapshot: SnapshotMeta; readonly entries: readonly Entry[]; readonly marked: boolean };
  readonly image: WalImage;
}

/** Of what is not known to be committed; more than this is counted and not listed. */
export const tailEntriesMax = 10_000;
const pristine: HardState = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };

/** @throws NOT_INITIALIZED, CORRUPT, INCOMPATIBLE, IO_ERROR */
export async function readSurvivor(disk: Disk, directory: string, crc32: Crc32): Promise<ReadSurvivor> {
  const identity = (await disk.exists(directory)) ? await readIdentity(disk, directory, crc32) : undefined;
  if (identity === undefined) throw new RaftctlError("NOT_INITIALIZED", `${directory} holds no node`, { hint: "name the data directory of a node that was a member" });
  const image = await readWal({ disk, directory: layout.wal(directory), crc32, owner: identity });
  const regions = recoveredRegions(image);
  const other = [...regions.keys()].find((region) => region !== globalRegion);
  if (other !== undefined) throw new RaftctlError("INCOMPATIBLE", `${directory} holds region ${other}: this version recovers clusters with the region global alone`);
  const snapshot = (await newestSnapshot(disk, directory, identity, crc32)) ?? { index: 0, term: 0, membership: emptyMembership };
  const recovered = regions.get(globalRegion) ?? { hardState: pristine, snapshot: { index: 0, term: 0 }, entries: [] };
  const log = { ...recoverLog(recovered, snapshot), snapshot };
  return { identity, log, image, survivor: describe(directory, identity, log) };
}

function describe(directory: string, identity: Identity, { hardState, snapshot, entries }: ReadSurvivor["log"]): Survivor {
  const { clusterId, clusterIncarnation, nodeId, name, incarnation } = identity;
  const changes = entries.filter(({ type }) => type === entryTypes.membership).map(({ index, data }) => ({ index, membership: decodeMembership(data) }));
  return {
    directory, clusterId, clusterIncarnation, nodeId, name, incarnation, hardState,
    snapshot: { index: snapshot.index, term: snapshot.term },
    lastIndex: snapshot.index + entries.length,
    terms: termRuns(entries),
    memberships: [{ index: snapshot.index, membership: snapshot.membership }, ...changes],
    tail: entries.filter(({ index }) => index > hardState.commitIndex).slice(0, tailEntriesMax).map((entry) => ({ index: entry.index, term: entry.term, keys: keysOf(entry) })),
  };
}

function termRuns(entries: readonly Entry[]): TermRun[] {
  return entries.filter(({ term }, position) => entries[position - 1]?.term !== term).map(({ index, term }) => ({ firstIndex: index, term }));
}

/** What the entry would change, for people. */
function keysOf({ type, data }: Entry): readonly string[] {
  if (type !== entryTypes.command) return [];
  if (commandFault(data) !== undefined) return ["(a command of a newer version)"];
  const command = decodeCommand(data);
  if (command.operation !== "deleteRange") return [command.operation === "append" ? `stream ${keyText(command.key)}` : keyText(command.key)];
  return [`${keyText(command.start)}..${command.end === undefined ? "" : keyText(command.end)}`];
}

function keyText(key: Uint8Array): string {
  return utf8Text(key) ?? `base64:${Buffer.from(key).toString("base64")}`;
}

/** Verified from its first to its last byte. */
async function newestSnapshot(disk: Disk, directory: string, { clusterId }: Identity, crc32: Crc32): Promise<SnapshotMeta | undefined> {
  const folder = layout.snapshots(directory, globalRegion);
  if (!(await disk.exists(folder))) return undefined;
  const newest = (await disk.readDirectory(folder)).findLast((name) => name.endsWith(".snapshot"));
  if (newest === undefined) return undefined;
  const file = await disk.open(`${folder}/${newest}`, "read");
  try {
    const { header } = await readSnapshotHeader(file, crc32);
    if (header.clusterId !== clusterId || header.region !== globalRegion) throw damagedSnapshot(file.path, 20, `it belongs to region ${header.region} of cluster ${header.clusterId}`);
    const chunks = readSnapshotChunks(file, crc32);
    while ((await chunks.next()).done !== true);
    return { index: header.index, term: header.term, membership: header.membership };
  } finally {
    await file.close();
  }
}
