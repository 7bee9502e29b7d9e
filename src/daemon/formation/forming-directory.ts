// What `raftctl init` does in the directory of a node that shall form a cluster, without a daemon: make the forming file, take it up again, or give it
// up as long as it holds no vote. Under the directory's lock.

import { RaftctlError } from "../../base/errors.ts";
import { parseNodeId } from "../../base/ids.ts";
import type { IdentitySettings } from "../../config/identity-settings.ts";
import { crc32 } from "../../platform/crc32.ts";
import { acquireDirectoryLock } from "../../platform/directory-lock.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import { SystemClock } from "../../platform/system-clock.ts";
import { readIdentity } from "../../storage/data-dir.ts";
import { openDiscovery } from "../discovery/open-discovery.ts";
import { randomNodeId } from "../probe.ts";
import { readForming, removeForming, writeForming, type FormingRecord } from "./forming-file.ts";

export interface FormingRequest {
  readonly name: string;
  readonly settings: IdentitySettings;
  readonly source: string;
  readonly expect: number;
}

export interface FormingDirectory {
  readonly nodeId: string;
  readonly name: string;
  /** It was forming before, and goes on as the node that it was. */
  readonly continued: boolean;
}

/**
 * Makes the directory of a forming node, or takes up the one that is there. A node that has voted keeps its --expect.
 * @throws ALREADY_INITIALIZED, CONFLICT, LOCKED, NO_SPACE, IO_ERROR
 */
export async function formDataDirectory(dataDir: string, request: FormingRequest): Promise<FormingDirectory> {
  const disk = new NodeDisk();
  await disk.makeDirectory(dataDir);
  return withLock(dataDir, async () => {
    const identity = await readIdentity(disk, dataDir, crc32);
    if (identity !== undefined) {
      throw new RaftctlError("ALREADY_INITIALIZED", `${dataDir} already holds node ${identity.name} of cluster ${identity.clusterId}`, { hint: "raftctl daemon start, or another --data-dir" });
    }
    const found = await readForming(disk, dataDir, crc32);
    if (found?.vote !== undefined) refuseOtherTerms(found, request);
    const record: FormingRecord = { ...request, nodeId: parseNodeId(found?.nodeId ?? randomNodeId()), vote: found?.vote };
    await writeForming(disk, dataDir, record, crc32);
    return { nodeId: record.nodeId, name: record.name, continued: found !== undefined };
  });
}

/** undefined when the directory does not form a cluster. */
export async function readFormingDirectory(dataDir: string): Promise<FormingRecord | undefined> {
  const disk = new NodeDisk();
  return (await disk.exists(dataDir)) ? readForming(disk, dataDir, crc32) : undefined;
}

/** @returns whether nothing is left of the forming: a vote must outlive whatever went wrong, and an identity is not ours to undo. */
export async function abandonForming(dataDir: string): Promise<boolean> {
  const disk = new NodeDisk();
  if (!(await disk.exists(dataDir))) return true;
  return withLock(dataDir, async () => {
    if ((await readIdentity(disk, dataDir, crc32)) !== undefined) return false;
    if ((await readForming(disk, dataDir, crc32))?.vote !== undefined) return false;
    await removeForming(disk, dataDir);
    return true;
  });
}

/** One look at a source. @throws what `Discovery.lookup` throws */
export async function lookUpAddresses(source: string): Promise<readonly string[]> {
  const discovery = openDiscovery(source, { clock: new SystemClock(), intervalMs: 1_000, dnsServers: undefined });
  return (await discovery.lookup()).map(({ address }) => address);
}

function refuseOtherTerms(found: FormingRecord, request: FormingRequest): void {
  if (found.expect === request.expect) return;
  throw new RaftctlError("CONFLICT", `${found.name} forms a cluster of ${found.expect} and has voted in it; it cannot go on with one of ${request.expect}`, {
    hint: "the same --expect as before",
  });
}

async function withLock<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquireDirectoryLock(dataDir);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
