// Ends a lab from outside: asks its supervisor, and where that does not answer in time ends it and removes what it left.

import { awaitEnd, endProcess, sendSignal } from "../process-identity.ts";
import type { LabRecord } from "./record.ts";
import { sweepDeadLabs } from "./remains.ts";
import { selectLab } from "./selection.ts";

const stopTimeoutMs = 30_000;

/** The lab that was ended; undefined when there was none to end. */
export async function endLab(name: string | undefined, env: NodeJS.ProcessEnv, timeoutMs: number = stopTimeoutMs): Promise<LabRecord | undefined> {
  // Chosen before the sweep, so that a lab whose supervisor was killed is named as one that has been ended.
  const chosen = selectLab(name, env);
  await sweepDeadLabs(env);
  if (chosen === undefined) return undefined;
  sendSignal(chosen.supervisor, "SIGTERM");
  if (!(await awaitEnd(chosen.supervisor, timeoutMs))) await endProcess(chosen.supervisor, 0);
  await sweepDeadLabs(env);
  return chosen;
}
