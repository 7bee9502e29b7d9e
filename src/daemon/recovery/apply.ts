// `recover apply` on a real directory: under its lock, with the plan from its file.

import { silentLogger } from "../../base/logger.ts";
import { parseSize } from "../../config/size.ts";
import { defaultSettings } from "../../config/defaults.ts";
import { crc32 } from "../../platform/crc32.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import { SystemClock } from "../../platform/system-clock.ts";
import { applyPlan, applyStage, backupDirectory, type ApplyParts, type ApplyStage } from "./apply-plan.ts";
import { withLockedDirectory } from "./collect.ts";
import type { RecoveryPlan } from "./recovery-plan.ts";

export interface AppliedRecovery {
  readonly directory: string;
  /** As it was found. */
  readonly stage: ApplyStage;
  readonly backup: string;
}

/** What `applyRecovery` would find, and nothing is changed. @throws LOCKED, UNSAFE, CORRUPT */
export function rehearseRecovery(plan: RecoveryPlan, dataDir: string): Promise<AppliedRecovery> {
  return withLockedDirectory(dataDir, async (directory) => described(plan, directory, await applyStage(systemParts(), directory, plan)));
}

/** Harmless to repeat. @throws LOCKED, UNSAFE, CORRUPT, NO_SPACE */
export function applyRecovery(plan: RecoveryPlan, dataDir: string): Promise<AppliedRecovery> {
  return withLockedDirectory(dataDir, async (directory) => described(plan, directory, await applyPlan(systemParts(), directory, plan)));
}

function described(plan: RecoveryPlan, directory: string, stage: ApplyStage): AppliedRecovery {
  return { directory, stage, backup: backupDirectory(directory, plan) };
}

function systemParts(): ApplyParts {
  return { disk: new NodeDisk(), crc32, clock: new SystemClock(), logger: silentLogger, segmentBytes: parseSize(String(defaultSettings["wal.segmentBytes"])) };
}
