// What the verbs that make, list and remove snapshots print.

import type { LocalSnapshot, SnapshotPruneReport, SnapshotTaken } from "../../wire/snapshot-export.ts";
import { roughDuration, roughSize } from "../measure.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import type { BackupDocument, LocalSnapshotDocument, PrunedDocument, TakenDocument } from "./documents.ts";

export function backupText({ applied, file, bytes, sha256, node, lastIndex, lastTerm, keys, durationMs, verified }: BackupDocument): string {
  const what = `the state of ${visible(node)} at index ${lastIndex} of term ${lastTerm}, ${keys} keys`;
  if (!applied) return `would write ${what}`;
  const where = file === null ? "wrote" : `${visible(file)}:`;
  return `${where} ${what}, ${roughSize(bytes ?? 0)} in ${roughDuration(durationMs)}${verified ? ", verified" : ""}\nsha256 ${sha256}`;
}

export function takenDocument({ applied, bytes, node, index, term, ms, logFirstIndex, stateBytes }: SnapshotTaken, region: string): TakenDocument {
  return { applied, file: null, bytes, region, node, lastIndex: String(index), lastTerm: String(term), logFirstIndex: String(logFirstIndex), stateBytes, durationMs: ms };
}

export function takenText({ applied, node, lastIndex, lastTerm, bytes, durationMs, logFirstIndex, stateBytes }: TakenDocument): string {
  if (!applied) return `would take a snapshot of ${visible(node)} at index ${lastIndex}; the log begins at ${logFirstIndex} now`;
  const given = stateBytes === null ? "" : `; the state takes ${roughSize(stateBytes.after)}, before ${roughSize(stateBytes.before)}`;
  return `snapshot of ${visible(node)} at index ${lastIndex} of term ${lastTerm}, ${roughSize(bytes ?? 0)} in ${roughDuration(durationMs)}; the log begins at ${logFirstIndex}${given}`;
}

export function localSnapshotDocument({ index, term, ...rest }: LocalSnapshot): LocalSnapshotDocument {
  return { lastIndex: String(index), lastTerm: String(term), ...rest };
}

export function localSnapshotTable(snapshots: readonly LocalSnapshotDocument[]): string {
  if (snapshots.length === 0) return "no snapshots";
  return renderTable(snapshots, [
    { title: "INDEX", cell: ({ lastIndex }) => lastIndex, align: "right" },
    { title: "TERM", cell: ({ lastTerm }) => lastTerm, align: "right" },
    { title: "SIZE", cell: ({ bytes }) => roughSize(bytes), align: "right" },
    { title: "DIGEST", cell: ({ digest }) => digest },
    { title: "TAKEN", cell: ({ takenAt }) => takenAt },
    { title: "IN USE", cell: ({ current }) => (current ? "yes" : "-") },
    { title: "FILE", cell: ({ path }) => visible(path) },
  ]);
}

export function prunedDocument({ applied, removed, kept }: SnapshotPruneReport): PrunedDocument {
  return { applied, removed: removed.map(localSnapshotDocument), kept: kept.map(localSnapshotDocument) };
}

export function prunedText({ applied, removed, kept }: PrunedDocument): string {
  const removedBytes = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${applied ? "removed" : "would remove"} ${removed.length} (${roughSize(removedBytes)}), ${applied ? "kept" : "would keep"} ${kept.length}`;
}
