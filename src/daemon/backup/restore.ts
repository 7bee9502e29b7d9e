// `snapshot restore` on a real directory: the file is read once to see that all of it is good and what it is, and once more to write it. Nothing is made of
// a file that is damaged.

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { RaftctlError } from "../../base/errors.ts";
import { crc32 } from "../../platform/crc32.ts";
import { acquireDirectoryLock } from "../../platform/directory-lock.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import { readIdentity } from "../../storage/data-dir.ts";
import { readForming } from "../formation/forming-file.ts";
import { withProbe } from "../probe.ts";
import { checkedRows } from "./content-check.ts";
import { withImageFile, type ImageEnd, type ImageFile, type ImageHeader } from "./image-file.ts";
import { restoreDirectory } from "./restore-directory.ts";
import { planRestore, type RestorePlan, type RestoreRequest, type RestoreSource } from "./restore-plan.ts";

/** Who does not answer at once is taken to be stopped, as all are before a restore, ms. */
const probeTimeoutMs = 1_000;

export type { RestoreRequest } from "./restore-plan.ts";

export interface RestoreReport {
  readonly directory: string;
  /** Names of other members of the cluster to be that run already. */
  readonly running: readonly string[];
  readonly source: ImageHeader;
  readonly plan: RestorePlan;
  readonly stateDigest: string;
}

/** What `restoreFile` would do, and nothing is changed. @throws NOT_FOUND, CORRUPT, INCOMPATIBLE, ALREADY_INITIALIZED */
export function rehearseRestore(name: string, dataDir: string, request: RestoreRequest): Promise<RestoreReport> {
  return withImageFile(name, async (file) => {
    const report = await planned(file, resolve(dataDir), request);
    await refuseNode(report.directory);
    return report;
  });
}

/**
 * @param approve is asked before anything is made; it rejects when the restore shall not go on
 * @throws LOCKED, NO_SPACE, IO_ERROR, besides what `rehearseRestore` throws
 */
export function restoreFile(name: string, dataDir: string, request: RestoreRequest, approve: (report: RestoreReport) => Promise<void> = () => Promise.resolve()): Promise<RestoreReport> {
  return withImageFile(name, async (file) => {
    const report = await planned(file, resolve(dataDir), request);
    await approve(report);
    const disk = new NodeDisk();
    await disk.makeDirectory(report.directory);
    const lock = await acquireDirectoryLock(report.directory);
    try {
      await refuseNode(report.directory);
      await restoreDirectory({ disk, crc32 }, report.directory, report.plan, file);
    } finally {
      await lock.release();
    }
    return report;
  });
}

async function planned(file: ImageFile, directory: string, request: RestoreRequest): Promise<RestoreReport> {
  const { source, stateDigest } = await readSource(file);
  const plan = planRestore(source, request);
  return { directory, source: file.header, plan, stateDigest, running: await runningMembers(plan) };
}

/** A member that was lost and is restored again has forgotten its votes; what it would come back to is running. */
async function runningMembers({ identity, membership }: RestorePlan): Promise<string[]> {
  const others = membership.members.filter(({ id }) => id !== identity.nodeId);
  if (others.length === 0) return [];
  return withProbe(identity.name, async (probe) => {
    const answers = await Promise.all(others.map(({ peerAddress }) => probe(peerAddress, { timeoutMs: probeTimeoutMs }).catch(() => undefined)));
    return others.filter((_member, place) => answers[place]?.clusterId === identity.clusterId).map(({ name }) => name);
  });
}

/** Reads all of it. */
async function readSource(file: ImageFile): Promise<{ source: RestoreSource; stateDigest: string }> {
  const hash = createHash("sha256");
  const hashed = async function* (): AsyncGenerator<Uint8Array, ImageEnd> {
    const chunks = file.chunks();
    let step = await chunks.next();
    for (; step.done !== true; step = await chunks.next()) {
      hash.update(step.value);
      yield step.value;
    }
    return step.value;
  };
  const rows = checkedRows({ ...file, chunks: hashed });
  let step = await rows.next();
  while (step.done !== true) step = await rows.next();
  return { source: { header: file.header, imageDigest: hash.digest("hex") }, stateDigest: step.value.stateDigest };
}

/** A node that is there, or one whose founding vote must not be forgotten. */
async function refuseNode(directory: string): Promise<void> {
  const disk = new NodeDisk();
  if (!(await disk.exists(directory))) return;
  const found = (await readIdentity(disk, directory, crc32)) ?? (await readForming(disk, directory, crc32));
  if (found === undefined) return;
  throw new RaftctlError("ALREADY_INITIALIZED", `${directory} already holds node ${found.name}`, { hint: "choose another --data-dir, or remove this one if its data is not needed" });
}
