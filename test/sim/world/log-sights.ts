// The nodes of the world as `inspect-log` would find them now. Machines that are lost cannot be asked.

import type { SnapshotMark } from "../../../src/cli/inspect-log/node-log.ts";
import type { SnapshotInfo } from "../../../src/storage/snapshot-file.ts";
import type { LogSight } from "../properties/log-sight.ts";
import type { SimNode } from "./sim-node.ts";

export function logSights(nodes: readonly SimNode[]): LogSight[] {
  return nodes.filter(({ destroyed }) => !destroyed).map(({ name, process, disk, damaged }) => ({ name, running: process?.view, snapshot: snapshotOf(process), disk: disk.durableLog, damaged }));
}

function snapshotOf(process: SimNode["process"]): SnapshotMark | undefined {
  const snapshot = process?.raft.storage.currentSnapshot as SnapshotInfo | undefined;
  return snapshot === undefined ? undefined : { index: snapshot.index, term: snapshot.term, digest: snapshot.digest };
}
