// `snapshot verify --rehearse`: asks the node that was started from the file for its state, and lets a command of the operator look at it. The command finds
// the node by its environment, and what it prints goes to stderr, so that stdout stays the document.

import { spawn, type ChildProcess } from "node:child_process";
import { RaftctlError } from "../../base/errors.ts";
import { withClient } from "../local-daemon.ts";
import type { RehearsalDocument, VerifiedDocument } from "./documents.ts";

/** What daemon/backup/rehearsal.ts has started, which this floor may not know. */
export interface RehearsingNode {
  readonly endpoint: string;
  readonly socket: string;
  readonly report: { readonly stateDigest: string };
  stop(): Promise<void>;
}

/** The first half of a digest goes on with every entry, also those that a new cluster begins with; the second one is of what is stored. */
const contentDigits = 16;

export async function rehearse(start: () => Promise<RehearsingNode>, command: string | undefined): Promise<RehearsalDocument> {
  const began = performance.now();
  const node = await start();
  try {
    const stateDigest = await servedDigest(node);
    const readyMs = Math.round(performance.now() - began);
    const sameState = stateDigest.slice(contentDigits) === node.report.stateDigest.slice(contentDigits);
    const outcome = command === undefined ? { exitCode: null, signal: null } : await run(command, node);
    return { readyMs, sameState, command: command ?? null, ...outcome };
  } finally {
    await node.stop();
  }
}

/** undefined when all is well. */
export function rehearsalFinding({ file, rehearsal }: VerifiedDocument): RaftctlError | undefined {
  if (rehearsal === null) return undefined;
  const { sameState, command, exitCode, signal } = rehearsal;
  if (!sameState) return new RaftctlError("CORRUPT", `a node that was started from ${file} holds another state than the file announces`);
  if (command === null || exitCode === 0) return undefined;
  return new RaftctlError("UNHEALTHY", `${file} started, but the command ended with ${signal ?? `exit code ${exitCode}`}: ${command}`);
}

function servedDigest({ socket }: RehearsingNode): Promise<string> {
  return withClient({ socket }, async (client) => (await client.admin.call("status", {})).regions[0]?.stateDigest ?? "");
}

function run(command: string, { endpoint, socket }: RehearsingNode): Promise<{ exitCode: number | null; signal: string | null }> {
  const env = { ...process.env, RAFTCTL_ENDPOINT: endpoint, RAFTCTL_SOCKET: socket };
  const child = spawn(command, { shell: true, env, stdio: ["ignore", 2, 2], detached: true });
  // Ctrl-C and SIGTERM end this process; a command that it has started, and whatever that has started, must not stay behind.
  const end = (): void => endGroup(child.pid);
  process.once("exit", end);
  return ended(child).finally(() => process.off("exit", end));
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch {
    // It has ended by itself.
  }
}

function ended(child: ChildProcess): Promise<{ exitCode: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(new RaftctlError("IO_ERROR", `the command cannot be started: ${cause.message}`, { cause })));
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}
