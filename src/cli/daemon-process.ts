// Starts a daemon as a process of its own and waits until it serves. Either it serves afterwards, or there is no process and the daemon's own error
// is thrown. A daemon with a lifeline ends when the process that started it does; without one it is detached and outlives the command.

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { RaftctlError } from "../base/errors.ts";
import { endProcess, identifyProcess, type ProcessIdentity } from "./process-identity.ts";
import { readReport } from "./ready-report.ts";

export interface DaemonLaunch {
  readonly dataDir: string;
  readonly configFile: string | undefined;
  /** More words for `daemon run`. */
  readonly flags?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The daemon ends when this process does. */
  readonly lifeline: boolean;
  /** What runs `daemon run`; this command line itself when it is missing. */
  readonly program?: readonly string[];
  readonly readyTimeoutMs?: number;
}

export interface ReadyDaemon {
  readonly ready: true;
  readonly pid: number;
  readonly socket: string;
  readonly peer: string;
  readonly client: string;
}

export interface StartedDaemon extends ReadyDaemon {
  readonly process: ProcessIdentity;
  /** Lets go of the lifeline, so that the daemon ends. */
  release(): void;
}

/** A daemon that has much to recover takes its time; one that says nothing for so long hangs. */
const readyTimeoutMs = 120_000;

/** Takes what the daemon writes before its log is open, and its last words. */
export function daemonOutputFile(dataDir: string): string {
  return join(dataDir, "daemon.log");
}

export function ownProgram(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1]!];
}

export async function startDaemon(launch: DaemonLaunch): Promise<StartedDaemon> {
  const child = spawnDaemon(launch);
  const ended = new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("exit", () => resolve(undefined));
  });
  if (child.pid === undefined) throw new RaftctlError("IO_ERROR", `the daemon cannot be started: ${(await ended)?.message}`);
  const identity = identifyProcess(child.pid);
  const readyPipe = child.stdio[3] as Readable;
  const limit = setTimeout(() => readyPipe.destroy(new Error("too late")), launch.readyTimeoutMs ?? readyTimeoutMs);
  try {
    const report = await readReport<ReadyDaemon>(readyPipe).catch(lateAsTimeout);
    if (report === undefined) throw await wordless(launch.dataDir, child, ended);
    return { ...report, process: identity, release: () => (child.stdio[4] as Writable | null | undefined)?.destroy() };
  } catch (error) {
    await endProcess(identity, 1_000);
    throw error;
  } finally {
    clearTimeout(limit);
    readyPipe.destroy();
    child.unref();
  }
}

function spawnDaemon(launch: DaemonLaunch): ChildProcess {
  const [file, ...leading] = launch.program ?? ownProgram();
  const output = openOutput(launch.dataDir);
  const configuration = launch.configFile === undefined ? [] : ["--config", launch.configFile];
  const lifeline = launch.lifeline ? ["--lifeline-fd", "4"] : [];
  try {
    return spawn(file!, [...leading, "daemon", "run", "--data-dir", launch.dataDir, ...configuration, ...(launch.flags ?? []), "--ready-fd", "3", ...lifeline], {
      detached: true,
      stdio: ["ignore", output, output, "pipe", launch.lifeline ? "pipe" : "ignore"],
      env: launch.env,
    });
  } finally {
    closeSync(output);
  }
}

function openOutput(dataDir: string): number {
  const file = daemonOutputFile(dataDir);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, "a", 0o600);
  } catch (cause) {
    throw new RaftctlError("IO_ERROR", `the daemon's output file ${file} cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

function lateAsTimeout(error: Error): never {
  if (error instanceof RaftctlError) throw error;
  throw new RaftctlError("TIMEOUT", "the daemon did not begin to serve in time and was stopped", { cause: error });
}

/** It ended, or closed its descriptor, without saying why. */
async function wordless(dataDir: string, child: ChildProcess, ended: Promise<unknown>): Promise<RaftctlError> {
  await Promise.race([ended, delay(1_000, undefined, { ref: false })]);
  const how = child.signalCode ?? (child.exitCode === null ? "no report" : `exit code ${child.exitCode}`);
  const file = daemonOutputFile(dataDir);
  const last = lastSentence(await readFile(file, "utf8").catch(() => ""));
  const reason = last === undefined ? "" : `: ${last}`;
  return new RaftctlError("INTERNAL", `the daemon ended before it served (${how})${reason}`, { hint: `see ${file}` });
}

/** Of the log's last line; a line that is no JSON (a stack trace, say) is taken as it is. */
function lastSentence(text: string): string | undefined {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  try {
    return (JSON.parse(line) as { message?: string }).message;
  } catch {
    return line === "" ? undefined : line.slice(0, 300);
  }
}
