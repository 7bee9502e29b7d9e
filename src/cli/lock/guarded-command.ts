// Runs a command under a guard (guard.ts) for as long as a lock is held, and keeps the guard informed until when that surely is.

import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { Lock } from "../../client/lock.ts";
import { type CommandEnd, type FromGuard, guardedSignals, monotonicMs, type ToGuard } from "./guard-channel.ts";

export interface GuardedRun {
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where its standard output goes. */
  readonly output: "inherit" | 2;
  readonly lock: Lock;
  readonly ttlMs: number;
}

/** Beside this file, built or not. */
const guardFile = new URL(`./guard${extname(import.meta.url)}`, import.meta.url);

/** @returns how the command ended; nothing of it runs any more. @throws NOT_FOUND when there is no such program */
export async function runGuarded({ words, env, output, lock, ttlMs }: GuardedRun): Promise<CommandEnd> {
  // In a session of its own: what the terminal sends reaches raftctl alone, which passes it on.
  const guard = fork(guardFile, { detached: true, env, stdio: ["inherit", output, "inherit", "ipc"] });
  const tell = (message: ToGuard): void => void (guard.connected && guard.send(message, undefined, undefined, () => undefined));
  const tellLost = (): void => tell({ kind: "lost" });
  const handlers = guardedSignals.map((signal) => ({ signal, handle: () => tell({ kind: "signal", signal }) }));
  for (const { signal, handle } of handlers) process.on(signal, handle);
  lock.onKeptAlive(() => tell({ kind: "safe", safeUntilMs: safeUntilMs(lock, monotonicMs) }));
  lock.lost.addEventListener("abort", tellLost, { once: true });
  tell({ kind: "start", words, ttlMs, safeUntilMs: safeUntilMs(lock, monotonicMs) });
  try {
    return await endOf(guard, words[0]!);
  } finally {
    lock.lost.removeEventListener("abort", tellLost);
    for (const { signal, handle } of handlers) process.off(signal, handle);
  }
}

/** The time is read before what is left of it: a process that is stopped in between must not promise more than there is. */
export function safeUntilMs(lock: Pick<Lock, "remainingMs">, now: () => number): number {
  const beforeMs = now();
  return beforeMs + lock.remainingMs;
}

function endOf(guard: ChildProcess, file: string): Promise<CommandEnd> {
  let pid: number | undefined;
  return new Promise((resolve, reject) => {
    guard.on("message", (received) => {
      const message = received as FromGuard;
      pid = message.kind === "started" ? message.pid : undefined;
      if (message.kind === "started") return;
      if (message.kind === "ended") resolve(message);
      else reject(notRun(file, message));
    });
    guard.once("error", (cause) => reject(toRaftctlError(cause)));
    // Once all of its messages are there.
    guard.once("close", () => {
      if (pid !== undefined) killGroup(pid);
      reject(new RaftctlError("INTERNAL", `the guard of ${JSON.stringify(file)} has ended without a word; the command was killed`));
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

function notRun(file: string, { code, message }: Extract<FromGuard, { kind: "failed" }>): RaftctlError {
  return new RaftctlError(code === "ENOENT" ? "NOT_FOUND" : "IO_ERROR", `${JSON.stringify(file)} cannot be run: ${message}`);
}
