// Runs a command to its end with this process's terminal, passing signals on, and tells its exit code as a shell would.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { RaftctlError } from "../../base/errors.ts";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** @param stdout "inherit", or a descriptor that takes its output. @throws NOT_FOUND when there is no such program. */
export function runCommand(words: readonly string[], env: NodeJS.ProcessEnv, stdout: "inherit" | number = "inherit"): Promise<number> {
  const [file, ...args] = words;
  const child = spawn(file!, args, { stdio: ["inherit", stdout, "inherit"], env });
  const handlers = forwarded.map((signal) => ({ signal, handle: () => void child.kill(signal) }));
  for (const { signal, handle } of handlers) process.on(signal, handle);
  return new Promise<number>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code === "ENOENT" ? "NOT_FOUND" : "IO_ERROR";
      reject(new RaftctlError(code, `${JSON.stringify(file)} cannot be run: ${cause.code ?? cause.message}`, { cause }));
    });
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  }).finally(() => {
    for (const { signal, handle } of handlers) process.off(signal, handle);
  });
}
