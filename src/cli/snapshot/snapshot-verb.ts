// `raftctl snapshot` itself: what the flags ask for, and what is said about it.

import { RaftctlError } from "../../base/errors.ts";
import { globalRegionName } from "../../base/ids.ts";
import type { Client } from "../../client/client.ts";
import { backUp, checkBackupName, type BackupRequest } from "./backup.ts";
import { refuseExisting } from "./backup-file.ts";
import { withChosenNode } from "./chosen-node.ts";
import type { BackupDocument, TakenDocument } from "./documents.ts";
import { backupText, takenDocument, takenText } from "./snapshot-view.ts";

export interface SnapshotFlags {
  readonly output?: string | undefined;
  readonly from?: string | undefined;
  readonly compression?: "none" | "zstd" | undefined;
  readonly verify: boolean;
  readonly compact: boolean;
  readonly trailing?: number | undefined;
  readonly timeout?: number | undefined;
  readonly "dry-run": boolean;
  readonly quiet: boolean;
}

/** Reads the whole file again. @throws CORRUPT */
export type ReadWholeFile = (file: string) => Promise<{ readonly streams: { readonly streams: number } }>;

/** A state may be large, and the disk slow. */
const takeTimeoutMs = 600_000;

/** @returns undefined when no file is wanted. @throws USAGE */
export function checkRequest(name: string | undefined, flags: SnapshotFlags & { readonly json: boolean }): BackupRequest | undefined {
  const { output, from = "leader", compression = "none", verify, timeout, quiet } = flags;
  checkBackupName(name);
  if (output === undefined) {
    if (name !== undefined) throw new RaftctlError("USAGE", `${JSON.stringify(name)} names a backup file, and --output says where`, { hint: "raftctl snapshot list, inspect, verify, diff, restore and prune are the sub-commands" });
    return undefined;
  }
  if (output === "-" && (flags.json || verify)) throw new RaftctlError("USAGE", `--output - leaves no place for ${flags.json ? "--json" : "--verify"}: the file itself goes to the standard output`);
  return { output, name, from, compression, quiet, dryRun: flags["dry-run"], timeoutMs: timeout };
}

export async function backUpVerified(client: Client, request: BackupRequest, readWhole: ReadWholeFile | undefined): Promise<{ document: BackupDocument; text: string }> {
  await refuseExisting(request.output);
  const document = await backUp(client, request);
  if (readWhole !== undefined && document.file !== null) {
    document.streams = (await readWhole(document.file)).streams.streams;
    document.verified = true;
  }
  return { document, text: backupText(document) };
}

export async function takeSnapshot(client: Client, flags: SnapshotFlags): Promise<{ document: TakenDocument; text: string }> {
  const trailing = flags.compact ? 0 : (flags.trailing ?? null);
  return withChosenNode(client, flags.from ?? "local", async (node) => {
    const taken = await node.admin.call("snapshotTake", { trailing, compactState: flags.compact, dryRun: flags["dry-run"] }, { timeoutMs: flags.timeout ?? takeTimeoutMs });
    const document = takenDocument(taken, globalRegionName);
    return { document, text: takenText(document) };
  });
}
