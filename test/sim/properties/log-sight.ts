// A node as `raftctl inspect-log` would find it at one moment: a running one with the log of its memory, a stopped one with what its directory holds. What
// a reader of the directory makes of it is written down here a second time, apart from the production reader.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { NodeLog, SnapshotMark } from "../../../src/cli/inspect-log/node-log.ts";
import type { LogPosition } from "../../../src/raft/entry.ts";
import type { DurableLog, ReplicaView } from "./property.ts";

/** One entry as it stands on a disk. */
export interface StoredEntry {
  readonly term: number;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface StoredLog extends DurableLog {
  /** Behind which the log begins. */
  readonly begin: LogPosition;
  /** The newest durable one. */
  readonly snapshot: LogPosition;
  /** By index, read from the bytes of the disk now; up to the first damage, and possibly more than the log holds. */
  storedEntries(): ReadonlyMap<number, StoredEntry>;
}

export interface LogSight {
  readonly name: string;
  /** undefined: no process serves here. */
  readonly running: ReplicaView | undefined;
  /** Of the running one. */
  readonly snapshot: SnapshotMark | undefined;
  readonly disk: StoredLog;
  /** A byte of its disk was changed behind its back. */
  readonly damaged: boolean;
}

export function nodeLogOf(sight: LogSight, crc32: Crc32): NodeLog {
  return sight.running === undefined ? logOnDisk(sight, crc32) : logInMemory(sight, sight.running, crc32);
}

function logInMemory({ name, snapshot }: LogSight, view: ReplicaView, crc32: Crc32): NodeLog {
  const { snapshotIndex, lastIndex, commitIndex } = view;
  return {
    name, commitIndex, damage: null, snapshots: snapshot === undefined ? [] : [snapshot],
    start: { index: snapshotIndex, term: view.termAt(snapshotIndex) ?? null },
    entries: view.entriesBetween(snapshotIndex + 1, lastIndex).map(({ index, term, type, data }) => ({ index, term, type: String(type), bytes: data.length, crc: crc32(data) })),
  };
}

/** A log that ends before the newest snapshot, or disagrees with it, gives way to it at the next start (Figure 13, rule 7). */
function logOnDisk({ name, disk }: LogSight, crc32: Crc32): NodeLog {
  const { begin, snapshot, hardState } = disk;
  const givesWay = snapshot.index > begin.index && disk.termAt(snapshot.index) !== snapshot.term;
  const start = givesWay ? snapshot : begin;
  const lastIndex = givesWay ? snapshot.index : disk.lastIndex;
  const stored = disk.storedEntries();
  const entries: NodeLog["entries"][number][] = [];
  let damage: string | null = null;
  for (let index = start.index + 1; index <= lastIndex && damage === null; index += 1) {
    const entry = stored.get(index);
    if (entry === undefined || entry.term !== disk.termAt(index)) damage = `the record of index ${index} cannot be read`;
    else entries.push({ index, term: entry.term, type: String(entry.type), bytes: entry.data.length, crc: crc32(entry.data) });
  }
  const snapshots = snapshot.index === 0 ? [] : [{ ...snapshot, digest: null }];
  const commitIndex = Math.min(Math.max(hardState.commitIndex, snapshot.index, start.index), start.index + entries.length);
  return { name, commitIndex, start, snapshots, entries, damage };
}
