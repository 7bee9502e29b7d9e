// A home and a temporary folder of its own for a test with labs, the processes that run out of it, and the command line in the foreground. Whatever
// the test leaves is ended and removed when it ends, and leaving something is what most of these tests fail for.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { cleanEnvironment, executable, raftctl, type Printed } from "./command-line.ts";
import { until } from "./until.ts";

export interface LabHome {
  readonly temporary: string;
  raftctl(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Printed>;
  /** Starts and does not wait. */
  start(args: readonly string[]): Foreground;
  /** Command lines of the daemons and supervisors of this home's labs that are alive. */
  processes(): string[];
  /** Directories of labs. */
  directories(): Promise<string[]>;
  /** Waits until neither is left. */
  nothingLeft(): Promise<void>;
}

export interface Foreground {
  readonly child: ChildProcess;
  /** Both streams. */
  output(): string;
  /** Waits until the text was printed. */
  printed(text: string): Promise<void>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export async function labHome(): Promise<LabHome> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "raftctl-e2e-")));
  const temporary = join(home, "tmp");
  await mkdir(temporary);
  const env = { TMPDIR: temporary };
  const processes = (): string[] => processLines(home);
  const directories = async (): Promise<string[]> => (await readdir(temporary)).filter((name) => name.startsWith("raftctl-lab-"));
  onTestFinished(async () => {
    for (const line of processes()) process.kill(Number.parseInt(line, 10), "SIGKILL");
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  });
  return {
    temporary, processes, directories,
    raftctl: (args, extra = {}) => raftctl(home, args, { env: { ...env, ...extra } }),
    start: (args) => foreground(args, home, cleanEnvironment(home, env)),
    async nothingLeft() {
      await until("end of all processes and directories of labs", async () => (processes().length === 0 && (await directories()).length === 0) || undefined);
    },
  };
}

function foreground(args: readonly string[], cwd: string, env: Record<string, string>): Foreground {
  const child = spawn(process.execPath, [executable, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return {
    child, ended,
    output: () => text,
    async printed(wanted) {
      await until(JSON.stringify(wanted), () => text.includes(wanted) || undefined, { timeoutMs: 60_000 }).catch((cause: unknown) => {
        throw new Error(`${String(cause)}\n${text}`, { cause });
      });
    },
  };
}

/** A daemon is told its directory, a supervisor where temporary files are. */
function processLines(home: string): string[] {
  const lines = execFileSync("ps", ["eww", "-eo", "pid,stat,args"], { encoding: "utf8" }).split("\n");
  return lines.map((line) => line.trim()).filter((line) => /run\.js (daemon run|lab supervise)/.test(line) && line.includes(home) && !/^\d+ Z/.test(line));
}
