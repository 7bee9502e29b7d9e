// Which process is meant: a pid together with the time at which it started, because pids are used again. A dead process that nobody has
// collected yet (a zombie, for ever in containers without an init) counts as ended. Where /proc is missing, the pid alone decides.

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as /proc says; undefined where it says nothing. */
  readonly startTime: string | undefined;
}

const pollMs = 20;

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTime: statOf(pid)?.startTime };
}

export function isRunning(identity: ProcessIdentity): boolean {
  if (!answersSignals(identity.pid)) return false;
  const stat = statOf(identity.pid);
  if (stat === undefined || identity.startTime === undefined) return true;
  return stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X";
}

/** Whether it ended within the time. */
export async function awaitEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (isRunning(identity)) {
    if (performance.now() >= end) return false;
    await delay(pollMs);
  }
  return true;
}

/** Asks it to end, and after the grace period ends it. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  sendSignal(identity, "SIGTERM");
  if (await awaitEnd(identity, graceMs)) return;
  sendSignal(identity, "SIGKILL");
  await awaitEnd(identity, 5_000);
}

export function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between, or is not ours to signal; whoever waits for its end will see.
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Fields 3 and 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and parentheses. */
function statOf(pid: number): { state: string; startTime: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
}
