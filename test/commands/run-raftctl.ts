// Runs the command line from its sources as a process of its own, as a shell would: no terminal, a clean environment. What it prints as JSON must fit
// the schema of the command.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import { checkJsonOutput } from "./json-output.ts";

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
  /** The one document on stdout. */
  readonly json: Envelope;
}

/** What is under test may have any shape. */
type Result = ReturnType<typeof JSON.parse>;

export interface Envelope {
  readonly ok: boolean;
  readonly schema: string;
  readonly header?: Record<string, string>;
  readonly result?: Result;
  readonly error?: { code: string; exit: number; message: string; retryable: boolean; hint?: string; details?: Record<string, unknown>; requestId?: string };
  readonly warnings?: { code: string; message: string }[];
}

export interface RunOptions {
  /** Called at once with a hold on the process, for one that prints nothing. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of output, and the process. */
  readonly onOutput?: (kill: (signal: NodeJS.Signals) => void, stdout: string) => void;
}

const root = resolve(import.meta.dirname, "../..");
const home = mkdtempSync(join(tmpdir(), "raftctl-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

export function raftctl(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, XDG_RUNTIME_DIR: home, ...options.env };
  const child = spawn(process.execPath, [join(root, "bin/dev.js"), ...args], { cwd: home, env, stdio: "pipe" });
  options.onStart?.((signal) => child.kill(signal));
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => {
    out.push(chunk);
    options.onOutput?.((signal) => child.kill(signal), Buffer.concat(out).toString());
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err.push(chunk);
    options.onOutput?.((signal) => child.kill(signal), Buffer.concat(err).toString());
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return new Promise((done, fail) => child.on("close", (code, signal) => {
    const ended = outcome(code, signal, Buffer.concat(out), Buffer.concat(err));
    try {
      checkJsonOutput(args, ended.stdout);
      done(ended);
    } catch (error) {
      fail(error);
    }
  }));
}

function outcome(code: number | null, signal: NodeJS.Signals | null, bytes: Buffer, stderr: Buffer): Outcome {
  const stdout = bytes.toString();
  return {
    code, signal, stdout, stderr: stderr.toString(), bytes,
    get json(): Envelope {
      return JSON.parse(stdout) as Envelope;
    },
  };
}
