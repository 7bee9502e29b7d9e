// One daemon per data directory. A Unix socket in the abstract namespace excludes other processes of this network namespace and is freed by the kernel
// when its owner dies, however it dies. It does not reach into another container, so the directory also holds a lock file that names host, boot
// id, pid and a socket in the directory: a socket file is shared by every container of one kernel, and connecting to it tells whether its owner
// lives. A lock from before a reboot is stale; one of another host cannot be judged from here and is respected.

import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as net from "node:net";
import { hostname } from "node:os";
import { RaftctlError } from "../base/errors.ts";

export interface DirectoryLock {
  release(): Promise<void>;
}

interface LockRecord {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** Name of the socket beside the lock file. */
  readonly socket: string;
}

const lockName = "lock";
const attemptsMax = 4;

/**
 * @param directory exists, and only its owner may enter it
 * @throws RaftctlError LOCKED, naming the pid that holds it; INSECURE when others may read or write the directory
 */
export async function acquireDirectoryLock(directory: string): Promise<DirectoryLock> {
  await requirePrivate(directory);
  const guard = await listen(await abstractName(directory), () => heldBy(directory));
  try {
    const lock = await takeFile(directory);
    return { release: () => release(directory, lock, guard) };
  } catch (error) {
    await close(guard);
    throw error;
  }
}

/** T19. */
async function requirePrivate(directory: string): Promise<void> {
  const stats = await fs.stat(directory);
  if (!stats.isDirectory()) throw new RaftctlError("INSECURE", `${directory} is not a directory`);
  if ((stats.mode & 0o077) === 0) return;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
  throw new RaftctlError("INSECURE", `${directory} has mode ${mode}: others may enter it`, { hint: `chmod 700 ${directory}` });
}

/** The same for every path that leads to this directory. */
async function abstractName(directory: string): Promise<string> {
  const { dev, ino } = await fs.stat(directory, { bigint: true });
  const name = createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32);
  return process.platform === "linux" ? `\0raftctl-${name}` : "";
}

async function takeFile(directory: string): Promise<{ record: LockRecord; socket: net.Server }> {
  const record: LockRecord = { host: hostname(), bootId: await bootId(), pid: process.pid, socket: `lock-${randomBytes(6).toString("hex")}.sock` };
  const socket = await listenIn(directory, record.socket);
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await publish(directory, record)) return { record, socket };
      await removeStale(directory);
    }
    throw await heldBy(directory);
  } catch (error) {
    await close(socket);
    await fs.rm(`${directory}/${record.socket}`, { force: true });
    throw error;
  }
}

/** The whole file appears at once under its name, or not at all because one is there. */
async function publish(directory: string, record: LockRecord): Promise<boolean> {
  const temporary = `${directory}/${record.socket}.tmp`;
  await fs.writeFile(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600, flag: "wx" });
  try {
    await fs.link(temporary, `${directory}/${lockName}`);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  } finally {
    await fs.rm(temporary, { force: true });
  }
}

/** Takes a dead owner's lock away; refuses when the owner lives or cannot be judged. */
async function removeStale(directory: string): Promise<void> {
  const path = `${directory}/${lockName}`;
  const text = await readIfPresent(path);
  if (text === undefined) return;
  const record = parseRecord(text);
  if (record !== undefined && (await lives(directory, record))) throw locked(directory, record);
  const aside = `${path}.${randomBytes(6).toString("hex")}.stale`;
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  // Somebody else may have taken the stale lock away and locked in between: then this was theirs.
  const taken = await fs.readFile(aside, "utf8");
  if (taken !== text) {
    await fs.link(aside, path).catch(() => undefined);
    await fs.rm(aside, { force: true });
    throw locked(directory, parseRecord(taken));
  }
  await fs.rm(aside, { force: true });
  if (record !== undefined) await fs.rm(`${directory}/${record.socket}`, { force: true });
}

async function lives(directory: string, record: LockRecord): Promise<boolean> {
  if (record.bootId === (await bootId())) return answers(directory, record.socket);
  return record.host !== hostname();
}

/** Whether somebody listens on the socket: the kernel knows, whatever container its owner is in. */
function answers(directory: string, name: string): Promise<boolean> {
  return withShortPath(directory, name, (path) => new Promise((resolve) => {
    const socket = net.connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  }));
}

async function listenIn(directory: string, name: string): Promise<net.Server> {
  const server = await withShortPath(directory, name, (path) => listen(path, () => heldBy(directory)));
  await fs.chmod(`${directory}/${name}`, 0o600);
  return server;
}

/** The path of a socket may have some 107 bytes; through a descriptor of its directory it is always short. */
async function withShortPath<T>(directory: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  if (process.platform !== "linux") return use(`${directory}/${name}`);
  const handle = await fs.open(directory, "r");
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`);
  } finally {
    await handle.close();
  }
}

function listen(path: string, taken: () => Promise<RaftctlError>): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    if (path === "") return resolve(server);
    server.on("error", (error) => {
      if (isErrno(error, "EADDRINUSE")) taken().then(reject, reject);
      else reject(new RaftctlError("IO_ERROR", `cannot lock: ${error.message}`, { cause: error }));
    });
    server.listen({ path, exclusive: true }, () => {
      // A lock does not keep a process alive.
      server.unref();
      resolve(server);
    });
  });
}

async function release(directory: string, { record, socket }: { record: LockRecord; socket: net.Server }, guard: net.Server): Promise<void> {
  const path = `${directory}/${lockName}`;
  const text = await readIfPresent(path);
  if (text !== undefined && parseRecord(text)?.socket === record.socket) await fs.rm(path, { force: true });
  await close(socket);
  await fs.rm(`${directory}/${record.socket}`, { force: true });
  await close(guard);
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

async function heldBy(directory: string): Promise<RaftctlError> {
  const text = await readIfPresent(`${directory}/${lockName}`).catch(() => undefined);
  return locked(directory, text === undefined ? undefined : parseRecord(text));
}

function locked(directory: string, record: LockRecord | undefined): RaftctlError {
  const owner = record === undefined ? "another process" : `pid ${record.pid} on ${record.host}`;
  return new RaftctlError("LOCKED", `${directory} is in use by ${owner}`, {
    ...(record === undefined ? {} : { details: { pid: record.pid, host: record.host } }),
    hint: `stop that daemon; if its host is gone for good, remove ${directory}/${lockName}`,
  });
}

function parseRecord(text: string): LockRecord | undefined {
  try {
    const { host, bootId: boot, pid, socket } = JSON.parse(text) as Record<string, unknown>;
    if (typeof host !== "string" || typeof boot !== "string" || typeof pid !== "number" || typeof socket !== "string") return undefined;
    return /^lock-[0-9a-f]{12}\.sock$/.test(socket) ? { host, bootId: boot, pid, socket } : undefined;
  } catch {
    return undefined;
  }
}

async function bootId(): Promise<string> {
  return (await readIfPresent("/proc/sys/kernel/random/boot_id"))?.trim() ?? "unknown";
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}
