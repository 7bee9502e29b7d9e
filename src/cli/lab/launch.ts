// Starts a lab's supervisor and waits until the lab is up. With a lifeline the lab ends with this process, also when it is killed; without one it
// stays until `lab down`. Either the lab is up afterwards, or there is no trace of it.

import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { RaftctlError } from "../../base/errors.ts";
import { ownProgram } from "../daemon-process.ts";
import { awaitEnd, identifyProcess } from "../process-identity.ts";
import { readReport } from "../ready-report.ts";
import { newLabName, type LabNode, type LabRecord } from "./record.ts";
import { sweepDeadLabs } from "./remains.ts";

export interface LabRequest {
  readonly nodes: number;
  readonly dir: string | undefined;
  readonly keep: boolean;
  readonly lifeline: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly onNode: (node: LabNode) => void;
  /** Aborted: give up, and leave nothing. */
  readonly signal?: AbortSignal;
  /** What runs `lab supervise`; this command line itself when it is missing. */
  readonly program?: readonly string[];
}

export interface RunningLab {
  readonly record: LabRecord;
  /** Resolves when the supervisor has ended, and with it the lab. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The supervisor waits for its daemons; a command that waits longer for the supervisor would wait for ever. */
const stopTimeoutMs = 30_000;

export async function launchLab(request: LabRequest): Promise<RunningLab> {
  await sweepDeadLabs(request.env);
  const child = spawnSupervisor(request);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.stdin?.destroy();
    child.kill("SIGTERM");
    if (child.pid !== undefined) await awaitEnd(identifyProcess(child.pid), stopTimeoutMs);
  };
  const giveUp = (): void => void stop();
  request.signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return { record: await reportedLab(child, request), ended, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    // From here on it is the caller's to stop it: a command that still runs in the lab comes first.
    request.signal?.removeEventListener("abort", giveUp);
    (child.stdio[3] as Readable | null)?.destroy();
    if (!request.lifeline) child.unref();
  }
}

async function reportedLab(child: ChildProcess, request: LabRequest): Promise<LabRecord> {
  const report = await readReport<{ ready: true; lab: LabRecord }>(child.stdio[3] as Readable, (event) => {
    const { node } = event as { node?: LabNode };
    if (node !== undefined) request.onNode(node);
  });
  if (report !== undefined) return report.lab;
  throw new RaftctlError("INTERNAL", "the lab's supervisor ended before the lab was up");
}

function spawnSupervisor(request: LabRequest): ChildProcess {
  const [file, ...leading] = request.program ?? ownProgram();
  const flags = ["--lab", newLabName(), "--nodes", String(request.nodes)];
  if (request.dir !== undefined) flags.push("--dir", request.dir);
  if (request.keep) flags.push("--keep");
  if (request.lifeline) flags.push("--lifeline");
  // Detached: Ctrl-C in the terminal reaches this command alone, which then ends the lab in order.
  return spawn(file!, [...leading, "lab", "supervise", ...flags], {
    detached: true,
    stdio: [request.lifeline ? "pipe" : "ignore", "ignore", request.lifeline ? "inherit" : "ignore", "pipe"],
    env: request.env,
  });
}
