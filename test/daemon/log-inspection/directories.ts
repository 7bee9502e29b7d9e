// A node's data directory in memory, written by the real log: a membership, no-ops, commands of every kind, two terms. And short ways to look at it.

import { utf8 } from "../../../src/base/bytes.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { DirectoryLog } from "../../../src/daemon/log-inspection/directory-log.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { encodeMembership } from "../../../src/raft/membership-codec.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import { createIdentity, layout, type Identity } from "../../../src/storage/data-dir.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import type { Wal } from "../../../src/storage/wal/wal.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import type { LogContent, LogEntry, LogSource } from "../../../src/wire/log-inspection.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { crc32, openWal, owner, region } from "../../storage/wal/fixtures.ts";

export const dataDir = "/var/lib/n1";
export const walDir = layout.wal(dataDir);
export const identity: Identity = { formatVersion: 1, ...owner, clusterIncarnation: 1, name: "n1", foundedBy: "init", settings: {} };
export const membership: Membership = {
  voters: [owner.nodeId], votersOutgoing: [], learners: [], learnersNext: [],
  members: [{ id: owner.nodeId, name: "n1", peerAddress: "h:1", clientAddress: "h:2", incarnation: 1, masterEligible: true }],
};

export function command(index: number, content: Command, term = 2): Entry {
  return { index, term, type: entryTypes.command, data: encodeCommand(content) };
}

export function put(index: number, key: string, value: string, term = 2): Entry {
  return command(index, { operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false }, term);
}

export function noop(index: number, term: number): Entry {
  return { index, term, type: entryTypes.noop, data: new Uint8Array(0) };
}

/** 1 membership, 2 no-op, 3 to 6 commands. */
export const sample: readonly Entry[] = [
  { index: 1, term: 1, type: entryTypes.membership, data: encodeMembership(membership) },
  noop(2, 2),
  command(3, { operation: "put", key: utf8("app/mode"), value: utf8("secret"), wantPrevious: false, condition: { kind: "version", version: 7 }, session: { id: 99n, sequence: 3 } }),
  command(4, { operation: "delete", key: utf8("app/mode"), wantPrevious: false }),
  command(5, { operation: "deleteRange", start: utf8("a"), end: utf8("b") }),
  command(6, { operation: "append", key: utf8("events"), value: utf8("hidden") }),
];

export async function founded(disk: MemoryDisk = new MemoryDisk()): Promise<MemoryDisk> {
  await createIdentity(disk, dataDir, identity, crc32);
  return disk;
}

export function openNodeWal(disk: Disk, changes: Parameters<typeof openWal>[1] = {}): Promise<Wal> {
  return openWal(disk, { directory: walDir, ...changes });
}

/** @param commitIndex of the hard state, written last. */
export async function written(entries: readonly Entry[], commitIndex: number, disk?: MemoryDisk): Promise<MemoryDisk> {
  const made = await founded(disk);
  const wal = await openNodeWal(made);
  for (const entry of entries) await wal.append([{ kind: "entries", region, entries: [{ ...entry }] }]);
  await wal.append([{ kind: "hardState", region, hardState: { currentTerm: 2, votedFor: owner.nodeId, commitIndex } }]);
  await wal.close();
  return made;
}

/** A snapshot file of so many bytes of content. */
export async function writeSnapshot(disk: Disk, index: number, term: number, bytes = 100): Promise<void> {
  const store = await SnapshotStore.open({ disk, directory: layout.snapshots(dataDir, region), crc32, clusterId: owner.clusterId, region, logger: silentLogger });
  await store.write({ index, term, membership }, [new Uint8Array(bytes).fill(7)]);
}

export function openLog(disk: Disk): Promise<DirectoryLog> {
  return DirectoryLog.open({ disk, crc32, dataDir }, "global");
}

export async function all(log: LogSource, content: LogContent = "sizes"): Promise<LogEntry[]> {
  const { firstIndex: first, lastIndex: last } = log.header;
  return within(log, first, last, content);
}

export async function within(log: LogSource, first: number, last: number, content: LogContent = "sizes"): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const page of log.entries({ first, last }, content)) entries.push(...page);
  return entries;
}
