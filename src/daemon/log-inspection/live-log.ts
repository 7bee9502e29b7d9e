// The log of the node that runs here, from its memory: nothing is read from the disk but names and sizes, and nobody waits for it. What memory has
// forgotten, behind a snapshot, is not served; it may still stand in the directory. A page is bounded in bytes and entries.

import { readdir, stat } from "node:fs/promises";
import { globalRegionName } from "../../base/ids.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { Raft } from "../../host/region.ts";
import { crc32 } from "../../platform/crc32.ts";
import { layout } from "../../storage/data-dir.ts";
import type { SnapshotInfo } from "../../storage/snapshot-file.ts";
import { segmentSequence } from "../../storage/wal/segment.ts";
import type { LogEntry, LogHeader, LogPage, LogPageRequest, LogSegment, LogSnapshot } from "../../wire/log-inspection.ts";
import { entryFacts } from "./entry-facts.ts";

export interface LiveNode {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly name: string;
  readonly dataDir: string;
}

export const pageEntriesMax = 1_000;
/** Of payloads; an entry that is larger is a page of its own. With keys and field names beside them a page stays below limits.clientFrameBytesMax. */
export const pageBytesMax = 512 * 1024;

export async function liveHeader(raft: Raft, { clusterId, nodeId, name, dataDir }: LiveNode): Promise<LogHeader> {
  const segments = await segmentFiles(layout.wal(dataDir));
  const { currentTerm, votedFor, commitIndex, lastApplied, snapshotIndex, lastIndex } = raft.core.status();
  return {
    source: "live", clusterId, nodeId, node: name, region: globalRegionName, dataDir,
    start: { index: snapshotIndex, term: raft.core.termAt(snapshotIndex) ?? null }, firstIndex: snapshotIndex + 1, lastIndex,
    commitIndex, lastApplied, hardState: { term: currentTerm, vote: votedFor ?? null },
    snapshots: currentSnapshot(raft), segments, tornTail: null, damage: null,
  };
}

/** Waits at most `waitMs` for the first entry to be committed here. */
export async function livePage(raft: Raft, request: LogPageRequest): Promise<LogPage> {
  if (request.waitMs > 0) await raft.waitForCommit(request.first, request.waitMs).catch(unlessLate);
  const { first, last } = raft.auditTrail;
  const { commitIndex } = raft.core;
  return { firstIndex: first, lastIndex: last, commitIndex, previousTerm: raft.core.termAt(request.first - 1) ?? null, entries: request.first < first ? [] : pageOf(raft, request) };
}

function pageOf(raft: Raft, { first, last, content }: LogPageRequest): LogEntry[] {
  const { commitIndex } = raft.core;
  const page: LogEntry[] = [];
  let bytes = 0;
  for (const entry of raft.auditTrail.entries(first, Math.min(last, first + pageEntriesMax - 1))) {
    bytes += entry.data.length;
    if (bytes > pageBytesMax && page.length > 0) break;
    page.push(entryFacts(entry, { commitIndex, content, crc32 }));
  }
  return page;
}

function currentSnapshot({ storage }: Raft): LogSnapshot[] {
  const snapshot = storage.currentSnapshot as SnapshotInfo | undefined;
  if (snapshot === undefined) return [];
  const { index, term, bytes, path, digest } = snapshot;
  return [{ file: path, index, term, bytes, digest }];
}

async function segmentFiles(directory: string): Promise<LogSegment[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => segmentSequence(name) !== undefined).toSorted();
  const sizes = await Promise.all(names.map((name) => stat(`${directory}/${name}`).then(({ size }) => size, () => undefined)));
  return names.flatMap((name, place) => {
    const bytes = sizes[place];
    return bytes === undefined ? [] : [{ file: name, bytes, state: null, lastIndex: null, purgeable: null }];
  });
}

function unlessLate(error: unknown): void {
  if (toRaftctlError(error).code !== "TIMEOUT") throw error;
}
