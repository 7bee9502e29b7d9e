// `snapshot --output`: a portable file of the state of one node, written as it arrives. Shows how far it is.

import { RaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import { SnapshotExport } from "../../client/snapshot-export.ts";
import type { SnapshotCompression, SnapshotOpened } from "../../wire/snapshot-export.ts";
import { roughDuration, roughSize } from "../measure.ts";
import { ProgressLine } from "../progress-line.ts";
import { openBackupTarget, type BackupTarget } from "./backup-file.ts";
import { withChosenNode } from "./chosen-node.ts";
import type { BackupDocument } from "./documents.ts";

export interface BackupRequest {
  readonly output: string;
  /** Of the file, when `output` is a directory. */
  readonly name: string | undefined;
  readonly from: string;
  readonly compression: SnapshotCompression;
  readonly dryRun: boolean;
  readonly quiet: boolean;
  /** undefined: the usual ones. */
  readonly timeoutMs: number | undefined;
}

const readTimeoutMs = 30_000;
/** How often the progress is drawn, ms. */
const progressMs = 200;

/** @throws CONFLICT, NO_SPACE, NO_LEADER, BUSY, INCOMPATIBLE; the file is there only when it resolves */
export function backUp(client: Client, request: BackupRequest): Promise<BackupDocument> {
  // Any member's state holds all that was acknowledged once a majority has confirmed how far that is: nobody needs to ask the leader itself.
  const linearizable = request.from === "leader";
  return withChosenNode(client, linearizable ? "local" : request.from, async (node) => {
    const began = performance.now();
    const timeouts = { openMs: request.timeoutMs ?? node.timeoutMs, readMs: request.timeoutMs ?? readTimeoutMs };
    const source = await SnapshotExport.open(node.admin, { linearizable, compression: request.compression }, timeouts);
    try {
      const written = request.dryRun ? undefined : await writeBackup(source, request);
      return { ...documentOf(source.opened, request), ...written, durationMs: Math.round(performance.now() - began) };
    } finally {
      if (request.dryRun) await source.close();
    }
  });
}

async function writeBackup(source: SnapshotExport, request: BackupRequest): Promise<Pick<BackupDocument, "file" | "bytes" | "sha256">> {
  const { region, index } = source.opened;
  const progress = new ProgressLine(request.quiet);
  let target: BackupTarget | undefined;
  try {
    target = await openBackupTarget(request.output, () => `${request.name ?? region}-${index}.raftbak`);
    // The estimate is of a file that is not compressed.
    const estimatedBytes = request.compression === "none" ? source.opened.estimatedBytes : null;
    const copied = await copy(source, target, (stage, bytes, ms) => progress.show(stage, progressText(bytes, ms, estimatedBytes)));
    progress.end();
    await target.finish();
    return { file: target.file ?? null, ...copied };
  } catch (error) {
    progress.end();
    await target?.abandon();
    await source.close();
    throw error;
  }
}

async function copy(source: SnapshotExport, target: BackupTarget, onProgress: (stage: string, bytes: number, ms: number) => void): Promise<{ bytes: number; sha256: string }> {
  const began = performance.now();
  const stage = `writing ${target.file ?? "to the standard output"}:`;
  let bytes = 0;
  let drawnAt = began;
  const pieces = source.pieces();
  for (let step = await pieces.next(); ; step = await pieces.next()) {
    if (step.done === true) return { bytes, sha256: step.value };
    await target.write(step.value);
    bytes += step.value.length;
    const now = performance.now();
    if (now - drawnAt < progressMs) continue;
    drawnAt = now;
    onProgress(stage, bytes, now - began);
  }
}

/** The whole is known only roughly: the node says how much data it has. */
export function progressText(bytes: number, ms: number, estimatedBytes: number | null): string {
  const perMs = bytes / Math.max(1, ms);
  const left = estimatedBytes === null || estimatedBytes <= bytes ? "" : `, about ${roughDuration((estimatedBytes - bytes) / perMs)} left`;
  return `${roughSize(bytes)}, ${roughSize(perMs * 1000)}/s${left}`;
}

function documentOf(opened: SnapshotOpened, { compression, dryRun }: BackupRequest): Omit<BackupDocument, "durationMs"> {
  const { region, clusterId, node, index, term, members, keys, stateDigest } = opened;
  return {
    applied: !dryRun, file: null, bytes: null, sha256: null, region, clusterId, node, lastIndex: String(index), lastTerm: String(term),
    members, keys, streams: null, stateDigest, compression, verified: false,
  };
}

/** What a file may be called inside a directory. @throws USAGE */
export function checkBackupName(name: string | undefined): string | undefined {
  if (name === undefined || /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(name)) return name;
  throw new RaftctlError("USAGE", `${JSON.stringify(name)} is no name for a backup: letters, digits, ".", "_" and "-", at most 64`, { hint: "raftctl snapshot --help shows the sub-commands" });
}
