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
import { planRepair, type RepairPlan } from "./repair-plan.ts";

export interface RepairReport {
  readonly directory: string;
  readonly node: string;
  /** undefined: nothing is damaged, or an earlier repair only had to be finished. */
  readonly plan: RepairPlan | undefined;
  readonly finished: boolean;
  /** Where the damaged files are; undefined when nothing was changed. */
  readonly aside: string | undefined;
}

/** What `repairDirectory` would do, and nothing is changed. @throws LOCKED, NOT_FOUND, NOT_INITIALIZED, UNSAFE, CORRUPT, INCOMPATIBLE */
export function rehearseRepair(dataDir: string): Promise<RepairReport> {
  return withLockedDirectory(dataDir, async (directory) => {
    const parts = await repairParts();
    const identity = await identityIn(parts, directory);
    const half = await isHalfExchanged(parts.disk, directory);
    const plan = half ? undefined : await planned(parts, directory, identity);
    return { directory, node: identity.name, plan, finished: half, aside: undefined };
  });
}

/** @param approve is asked before anything is changed; it rejects when the repair shall not go on. @throws as `rehearseRepair`, NO_SPACE, IO_ERROR */
export function repairDirectory(dataDir: string, approve: (report: RepairReport) => Promise<void>): Promise<RepairReport> {
  return withLockedDirectory(dataDir, async (directory) => repairWith(await repairParts(), directory, approve));
}

/** Nobody else has the directory. */
export async function repairWith(parts: RepairParts, directory: string, approve: (report: RepairReport) => Promise<void>): Promise<RepairReport> {
  const identity = await identityIn(parts, directory);
  const report = { directory, node: identity.name, plan: undefined, finished: false, aside: undefined };
  if (await isHalfExchanged(parts.disk, directory)) {
    await finishExchange(parts.disk, directory);
    return { ...report, finished: true };
  }
  const plan = await planned(parts, directory, identity);
  if (plan === undefined) return report;
  await approve({ ...report, plan });
  return { ...report, plan, aside: await applyRepair(parts, directory, plan) };
}

async function planned({ disk, crc32 }: RepairParts, directory: string, identity: Identity): Promise<RepairPlan | undefined> {
  return planRepair(identity, await readGoodParts({ disk, crc32, directory }, identity), directory);
}

async function identityIn({ disk, crc32 }: RepairParts, directory: string): Promise<Identity> {
  const identity = await readIdentity(disk, directory, crc32);
  if (identity === undefined) throw new RaftctlError("NOT_INITIALIZED", `${directory} holds no node`, { hint: "name the data directory of a node" });
  return identity;
}

async function repairParts(): Promise<RepairParts> {
  return { ...(await systemParts(silentLogger)), segmentBytes: parseSize(String(defaultSettings["wal.segmentBytes"])) };
}
