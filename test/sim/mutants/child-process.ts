// One command in a workspace, with an end to its patience: what runs too long is asked to stop, and stopped for good, together with everything that it
// has started, when it does not.

import { spawn } from "node:child_process";

export interface Command {
  readonly directory: string;
  /** Of node, the file first. */
  readonly arguments: readonly string[];
  readonly timeoutMs: number;
}

export interface Ended {
  /** undefined: it ran too long, or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  /** The last lines of what it said on either stream. */
  readonly output: string;
}

const outputCharactersMax = 20_000;
/** Between the request to stop and the end. */
const graceMs = 5_000;

export function runNode(command: Command): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command.arguments, { cwd: command.directory, detached: true, stdio: ["ignore", "pipe", "pipe"], env: environment() });
    let output = "";
    let timedOut = false;
    const keep = (text: string): void => void (output = (output + text).slice(-outputCharactersMax));
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const patience = setTimeout(() => {
      timedOut = true;
      child.kill("SIGINT");
    }, command.timeoutMs);
    const end = setTimeout(() => endGroup(child.pid), command.timeoutMs + graceMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(patience);
      clearTimeout(end);
      endGroup(child.pid);
      resolve({ exitCode: code ?? undefined, timedOut, output });
    });
  });
}

/** The child leads a group of its own: what it has started goes with it. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" };
}
