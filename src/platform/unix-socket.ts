// The place of a Unix socket, prepared so that nobody but its owner can use it: its directory must belong to this user, be no symbolic link and
// be closed to group and others, so the socket is out of reach from the moment that it exists. A stale socket of a process that is gone is
// removed, after nobody answered there; anything else at the path is left alone and refused.

import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { RaftctlError } from "../base/errors.ts";

/** sun_path has 108 bytes with its terminating zero on Linux; a longer path would be cut off without a word. */
const pathBytesMax = 107;

/** Throws CONFIG_INVALID, INSECURE, ADDRESS_IN_USE or IO_ERROR; afterwards nothing is at the path. */
export async function prepareUnixSocket(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > pathBytesMax) {
    throw new RaftctlError("CONFIG_INVALID", `the socket path ${path} has ${bytes} bytes (at most ${pathBytesMax})`, {
      hint: "set a shorter path with RAFTCTL_SOCKET, for example below $XDG_RUNTIME_DIR",
    });
  }
  await requirePrivateDirectory(dirname(path));
  const found = await lstat(path).catch(absent);
  if (found === undefined) return;
  if (!found.isSocket()) throw new RaftctlError("INSECURE", `${path} is not a socket (a file, directory or symbolic link is there)`, { hint: `rm ${path}` });
  if (await answers(path)) throw new RaftctlError("ADDRESS_IN_USE", `another process listens on ${path}`, { hint: "raftctl daemon status" });
  await unlink(path).catch(absent);
}

/** After it is bound: for the owner alone. */
export async function restrictUnixSocket(path: string): Promise<void> {
  await chmod(path, 0o600);
}

async function requirePrivateDirectory(directory: string): Promise<void> {
  const found = await lstat(directory).catch(absent);
  if (found === undefined) throw new RaftctlError("IO_ERROR", `${directory} does not exist`, { hint: `mkdir -m 700 ${directory}` });
  if (!found.isDirectory()) throw new RaftctlError("INSECURE", `${directory} is not a directory (symbolic links are refused)`);
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) throw new RaftctlError("INSECURE", `${directory} belongs to user ${found.uid}, this process runs as user ${uid}`);
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new RaftctlError("INSECURE", `${directory} has mode ${mode.toString(8).padStart(4, "0")} (want 0700)`, { hint: `chmod 700 ${directory}` });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(new RaftctlError("IO_ERROR", `cannot find out who listens on ${path}: ${error.message}`, { cause: error }));
    });
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
