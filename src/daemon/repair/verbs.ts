// `inspect-log repair` on a real directory, under its lock.

import { RaftctlError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { parseSize } from "../../config/size.ts";
import { defaultSettings } from "../../config/defaults.ts";
import { readIdentity, type Identity } from "../../storage/data-dir.ts";
import { systemParts } from "../parts.ts";
import { withLockedDirectory } from "../recovery/collect.ts";
import { applyRepair, finishExchange, isHalfExchanged, type RepairParts } from "./apply-repair.ts";
import { readGoodParts } from "./good-parts.ts";
import { planRepair, planTruncation, type RepairPlan } from "./repair-plan.ts";

export interface RepairRequest {
  /** The log is cut behind this index, damaged or not. undefined: what is damaged is repaired, and nothing else. */
  readonly truncateAt: number | undefined;
}

export interface RepairReport {
  readonly directory: string;
  readonly node: string;
  /** An earlier repair had only to be finished. */
  readonly wasBegun: boolean;
  /** undefined: nothing else is to be done. */
  readonly plan: RepairPlan | undefined;
  /** Something was changed. */
  readonly applied: boolean;
  /** Where the files that do not count any more are; undefined when there are none. */
  readonly aside: string | undefined;
}

/** What `repairDirectory` would do, and nothing is changed. @throws LOCKED, NOT_FOUND, NOT_INITIALIZED, UNSAFE, CORRUPT, INCOMPATIBLE */
export function rehearseRepair(dataDir: string, request: RepairRequest): Promise<RepairReport> {
  return withLockedDirectory(dataDir, async (directory) => {
    const parts = await repairParts();
    const identity = await identityIn(parts, directory);
    const wasBegun = await isHalfExchanged(parts.disk, directory);
    const plan = wasBegun ? undefined : await planned(parts, directory, identity, request);
    return { directory, node: identity.name, wasBegun, plan, applied: false, aside: undefined };
  });
}

/** @param approve is asked before anything is changed; it rejects when the repair shall not go on. @throws as `rehearseRepair`, NO_SPACE, IO_ERROR */
export function repairDirectory(dataDir: string, request: RepairRequest, approve: (report: RepairReport) => Promise<void>): Promise<RepairReport> {
  return withLockedDirectory(dataDir, async (directory) => repairWith(await repairParts(), directory, request, approve));
}

/** Nobody else has the directory. */
export async function repairWith(parts: RepairParts, directory: string, request: RepairRequest, approve: (report: RepairReport) => Promise<void>): Promise<RepairReport> {
  const identity = await identityIn(parts, directory);
  const wasBegun = await isHalfExchanged(parts.disk, directory);
  // It was agreed to when it was begun.
  if (wasBegun) await finishExchange(parts.disk, directory);
  const plan = await planned(parts, directory, identity, request);
  const report = { directory, node: identity.name, wasBegun, plan, applied: wasBegun, aside: undefined };
  if (plan === undefined) return report;
  await approve(report);
  return { ...report, applied: true, aside: await applyRepair(parts, directory, plan) };
}

async function planned({ disk, crc32 }: RepairParts, directory: string, identity: Identity, { truncateAt }: RepairRequest): Promise<RepairPlan | undefined> {
  const good = await readGoodParts({ disk, crc32, directory }, identity);
  return truncateAt === undefined ? planRepair(identity, good, directory) : planTruncation(identity, good, { directory, at: truncateAt });
}

async function identityIn({ disk, crc32 }: RepairParts, directory: string): Promise<Identity> {
  const identity = await readIdentity(disk, directory, crc32);
  if (identity === undefined) throw new RaftctlError("NOT_INITIALIZED", `${directory} holds no node`, { hint: "name the data directory of a node" });
  return identity;
}

async function repairParts(): Promise<RepairParts> {
  return { ...(await systemParts(silentLogger)), segmentBytes: parseSize(String(defaultSettings["wal.segmentBytes"])) };
}
