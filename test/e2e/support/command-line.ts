// Runs the built command line as a user's shell would, in an environment of its own: no RAFTCTL_ variables, home and run-time directory of the
// test, no colour. Everything it prints is kept; nothing is thrown for an exit code. What it prints as JSON must fit the schema of the command.

import { execa } from "execa";
import { fileURLToPath } from "node:url";
import { checkJsonOutput } from "../../commands/json-output.ts";

export const executable = fileURLToPath(new URL("../../../bin/run.js", import.meta.url));

export interface Printed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The document of --json; undefined when stdout is not JSON. */
  readonly json: Document | undefined;
}

/** An answer of `--json`, as far as tests look into it. */
export interface Document {
  readonly ok: boolean;
  readonly schema: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly exit: number; readonly message: string; readonly hint?: string; readonly details?: Readonly<Record<string, unknown>> };
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export function cleanEnvironment(home: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !/^(?:RAFTCTL_|XDG_|NODE_|VITEST|npm_|FORCE_COLOR)/.test(name));
  return { ...(Object.fromEntries(kept) as Record<string, string>), HOME: home, XDG_RUNTIME_DIR: home, NO_COLOR: "1", ...extra };
}

export async function raftctl(home: string, args: readonly string[], options: RunOptions = {}): Promise<Printed> {
  const result = await execa(process.execPath, [executable, ...args], {
    cwd: options.cwd ?? home,
    env: cleanEnvironment(home, options.env),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: options.timeoutMs ?? 60_000,
    forceKillAfterDelay: 2000,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
  });
  if (result.timedOut) throw new Error(`raftctl ${args.join(" ")} did not end: ${result.stderr}`);
  checkJsonOutput(args, result.stdout);
  return { exit: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr, json: documentOf(result.stdout) };
}

function documentOf(text: string): Document | undefined {
  try {
    return JSON.parse(text) as Document;
  } catch {
    return undefined;
  }
}
