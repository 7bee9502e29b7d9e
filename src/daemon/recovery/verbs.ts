// What the `recover` verbs call: each one answers with the document that it has written or read, as its command shows it.

import { RaftctlError } from "../../base/errors.ts";
import { applyRecovery, rehearseRecovery, type AppliedRecovery } from "./apply.ts";
import { collectSurvivors } from "./collect.ts";
import { makeRecoveryPlan, refuseWhileSomebodyRuns, type PlanSources } from "./make-plan.ts";
import { planDocument, readPlan } from "./plan-file.ts";
import { writeSealed, type SealedDocument } from "./sealed-document.ts";
import { survivorsDocument } from "./survivor-file.ts";

/** For the answer of each node that should not answer. */
const knockMs = 2_000;

export interface ApplyRequest {
  readonly planFile: string;
  readonly dataDir: string;
  readonly dryRun: boolean;
}

/** @throws LOCKED while a daemon runs there, NOT_FOUND, NOT_INITIALIZED, CORRUPT, INCOMPATIBLE */
export async function collectDocument(directories: readonly string[]): Promise<SealedDocument> {
  return survivorsDocument(await collectSurvivors(directories));
}

/** Not written yet. @throws UNSAFE, besides what collecting throws */
export async function recoveryPlanDocument(sources: PlanSources): Promise<SealedDocument> {
  if (sources.directories.length + sources.files.length === 0) {
    throw new RaftctlError("USAGE", "no survivor was named", { hint: "give --data-dir, or files that recover collect has written" });
  }
  return planDocument(await makeRecoveryPlan(sources));
}

/** As it was written, checked. @throws NOT_FOUND, CORRUPT, INCOMPATIBLE */
export async function readPlanDocument(planFile: string): Promise<SealedDocument> {
  return planDocument(await readPlan(planFile));
}

/**
 * Harmless to repeat. Asks again whether anybody runs: the dead may have come back since the plan was made, and could be the old majority.
 * @throws LOCKED, UNSAFE, CORRUPT, NO_SPACE
 */
export async function applyPlanFile({ planFile, dataDir, dryRun }: ApplyRequest): Promise<AppliedRecovery> {
  const plan = await readPlan(planFile);
  const found = await rehearseRecovery(plan, dataDir);
  if (found.stage === "applied") return found;
  await refuseWhileSomebodyRuns(plan, knockMs);
  return dryRun ? found : applyRecovery(plan, dataDir);
}

export { writeSealed as writeRecoveryDocument };
