// Where the admin socket of a data directory is: `<dataDir>/admin.sock`, or, where that is longer than a Unix socket address can hold, a short path
// in a private folder that is derived from the data directory. Daemon and command line both ask here, so they always meet.

import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { RaftctlError } from "../base/errors.ts";
import type { Environment } from "./paths.ts";

/** sun_path is 108 bytes on Linux and 104 elsewhere, with the terminating zero. */
const socketPathBytesMax = process.platform === "linux" ? 107 : 103;

export function adminSocketPath(dataDir: string, env: Environment): string {
  const directory = realPath(resolve(dataDir));
  const inside = join(directory, "admin.sock");
  if (process.platform === "win32") return `\\\\.\\pipe\\raftctl-${digest(directory)}`;
  if (Buffer.byteLength(inside) <= socketPathBytesMax) return inside;
  return join(privateRuntimeDir(env), `${digest(directory)}.sock`);
}

/** The folder for sockets and lab records of this user. May not exist yet; `makePrivateDirectory` makes it. */
export function privateRuntimeDir(env: Environment): string {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  // After `su` or in a container the variable may name a folder that is not there.
  if (runtime !== "" && existsSync(runtime)) return join(runtime, "raftctl");
  return join(tmpdir(), `raftctl-${process.getuid?.() ?? "user"}`);
}

/**
 * Makes a directory that only this user can enter. In a shared temporary folder somebody else may have made it first.
 * @throws DENIED when it belongs to another user or is not a directory.
 */
export function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new RaftctlError("DENIED", `${directory} is not a directory of this user`, { hint: "set XDG_RUNTIME_DIR" });
  }
  if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

/** Before binding: makes the socket's folder when it is the short one. The data directory exists already. */
export function prepareSocketDirectory(socketPath: string, env: Environment): void {
  if (dirname(socketPath) === privateRuntimeDir(env)) makePrivateDirectory(dirname(socketPath));
}

function digest(directory: string): string {
  return createHash("sha256").update(directory).digest("hex").slice(0, 16);
}

/** Through links, so that two names of one directory give one socket; a directory that is yet to be made is named by its real parent. */
function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    const parent = dirname(directory);
    return parent === directory ? directory : join(realPath(parent), basename(directory));
  }
}
