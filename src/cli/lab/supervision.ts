// The supervisor as a process: reports to the command that started it on descriptor 3, and ends its lab on SIGTERM, SIGINT, SIGHUP or, with a
// lifeline, when its standard input ends, which happens whenever that command ends, however it does.

import { writeSync } from "node:fs";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { failureReport } from "../ready-report.ts";
import { LabSupervisor, type LabPlan, type Offline } from "./supervisor.ts";

const reportDescriptor = 3;

/** Resolves with the exit code when the lab is gone. */
export async function supervise(plan: LabPlan, offline: Offline, lifeline: boolean): Promise<number> {
  const stopping = stopSignal(lifeline);
  const supervisor = new LabSupervisor(plan, offline, (node) => report({ node }));
  try {
    const lab = await supervisor.start(stopping);
    report({ ready: true, lab });
  } catch (thrown) {
    const error = stopping.aborted ? new RaftctlError("STOPPED", "the lab was stopped before it was up") : toRaftctlError(thrown);
    report(failureReport(error));
    return error.exit;
  }
  await aborted(stopping);
  await supervisor.stop();
  return 0;
}

function stopSignal(lifeline: boolean): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, stop);
  if (lifeline) process.stdin.on("end", stop).on("close", stop).on("error", stop).resume();
  return controller.signal;
}

async function aborted(signal: AbortSignal): Promise<void> {
  // A pending promise alone keeps no process alive; without a lifeline nothing else would.
  const alive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
  clearInterval(alive);
}

/** Nobody reads any more when the command is gone or has heard enough. */
function report(event: object): void {
  try {
    writeSync(reportDescriptor, `${JSON.stringify(event)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
