// The Disk port on node:fs. New files have mode 0600 and never replace or follow anything that is there; a durable write is one trip to
// the thread pool (O_DSYNC); short counts are continued; every failure names the path and the system's code. Callbacks, because the hot path
// is one call per batch and needs no promise machinery of its own.

import * as fs from "node:fs";
import { dirname } from "node:path";
import { RaftctlError, type ErrorCode } from "../base/errors.ts";
import type { Disk, DiskFile } from "../storage/disk.ts";

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = fs.constants;
/** Absent on some systems: there a durable write is a write and a sync. */
const O_DSYNC: number | undefined = (fs.constants as Record<string, number>)["O_DSYNC"];
const openFlags = { create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, read: O_RDONLY | O_NOFOLLOW, write: O_RDWR | O_NOFOLLOW } as const;
const zeros = new Uint8Array(1024 * 1024);
const codes: Readonly<Record<string, ErrorCode>> = { ENOSPC: "NO_SPACE", EDQUOT: "NO_SPACE", ENOENT: "NOT_FOUND" };

export class NodeDisk implements Disk {
  async open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile> {
    return new NodeFile(path, await openDescriptor(path, openFlags[mode]));
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    const names = await call<string[]>("read the directory", path, (done) => fs.readdir(path, done));
    return names.toSorted();
  }

  /** With its parents. Node's own way (recursive) never ends where a file system such as /proc denies that a parent is there which is. */
  async makeDirectory(path: string): Promise<void> {
    try {
      await makeOneDirectory(path);
    } catch (error) {
      const parent = dirname(path);
      if (!isNotFound(error) || (await this.exists(parent))) throw error;
      await this.makeDirectory(parent);
      await makeOneDirectory(path);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await call(`rename to ${to}`, from, (done) => fs.rename(from, to, done));
  }

  async unlink(path: string): Promise<void> {
    await call("remove", path, (done) => fs.unlink(path, done));
  }

  async syncDirectory(path: string): Promise<void> {
    const descriptor = await openDescriptor(path, O_RDONLY | O_DIRECTORY);
    try {
      await call("sync the directory", path, (done) => fs.fsync(descriptor, done));
    } finally {
      await closeDescriptor(path, descriptor);
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await call("look at", path, (done) => fs.lstat(path, done));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await call<fs.StatsFs>("ask for the free space of", path, (done) => fs.statfs(path, done));
    return bavail * bsize;
  }
}

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  #durableDescriptor: number | undefined;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    const stats = await call<fs.Stats>("look at", this.path, (done) => fs.fstat(this.#descriptor, done));
    return stats.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = await this.#readOnce(bytes, filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled === length ? bytes : bytes.subarray(0, filled);
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return writeAll({ path: this.path, descriptor: this.#descriptor }, offset, bytes);
  }

  async writeDurable(offset: number, bytes: Uint8Array): Promise<void> {
    if (O_DSYNC === undefined) {
      await this.write(offset, bytes);
      return this.sync();
    }
    this.#durableDescriptor ??= await openDescriptor(this.path, O_WRONLY | O_NOFOLLOW | O_DSYNC);
    return writeAll({ path: this.path, descriptor: this.#durableDescriptor }, offset, bytes);
  }

  async sync(): Promise<void> {
    await call("sync", this.path, (done) => fs.fdatasync(this.#descriptor, done));
  }

  async allocate(size: number): Promise<void> {
    for (let offset = await this.size(); offset < size; offset += zeros.length) {
      await this.write(offset, zeros.subarray(0, Math.min(zeros.length, size - offset)));
    }
  }

  async truncate(size: number): Promise<void> {
    await call("truncate", this.path, (done) => fs.ftruncate(this.#descriptor, size, done));
  }

  async close(): Promise<void> {
    const durable = this.#durableDescriptor;
    this.#durableDescriptor = undefined;
    if (durable !== undefined) await closeDescriptor(this.path, durable);
    await closeDescriptor(this.path, this.#descriptor);
  }

  #readOnce(bytes: Uint8Array, start: number, position: number): Promise<number> {
    return call<number>("read", this.path, (done) => fs.read(this.#descriptor, bytes, start, bytes.length - start, position, done));
  }
}

/** A short count is not an error yet: the rest is written, or the next call says why it cannot be (H45). */
function writeAll(target: { path: string; descriptor: number }, offset: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeRest = (done: number): void => {
      fs.write(target.descriptor, bytes, done, bytes.length - done, offset + done, (error, count) => {
        if (error !== null) reject(failure("write", target.path, error));
        else if (done + count === bytes.length) resolve();
        else if (count === 0) reject(new RaftctlError("IO_ERROR", `cannot write ${target.path}: the system wrote 0 of ${bytes.length - done} bytes`));
        else writeRest(done + count);
      });
    };
    writeRest(0);
  });
}

function openDescriptor(path: string, flags: number): Promise<number> {
  return call<number>("open", path, (done) => fs.open(path, flags, 0o600, done));
}

async function closeDescriptor(path: string, descriptor: number): Promise<void> {
  await call("close", path, (done) => fs.close(descriptor, done));
}

type Done<T> = (error: NodeJS.ErrnoException | null | undefined, value?: T) => void;

/** Or finds that it is there. */
async function makeOneDirectory(path: string): Promise<void> {
  const isThere = await call<boolean>("make the directory", path, (done) => fs.mkdir(path, 0o700, (error) => (error?.code === "EEXIST" ? done(null, true) : done(error, false))));
  if (!isThere) return;
  const stats = await call<fs.Stats>("look at", path, (done) => fs.stat(path, done));
  if (!stats.isDirectory()) throw new RaftctlError("IO_ERROR", `cannot make the directory ${path}: EEXIST`, { details: { path, errno: "EEXIST" } });
}

function isNotFound(error: unknown): boolean {
  return error instanceof RaftctlError && error.code === "NOT_FOUND";
}

function call<T>(verb: string, path: string, start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null || error === undefined) resolve(value as T);
      else reject(failure(verb, path, error));
    });
  });
}

function failure(verb: string, path: string, cause: NodeJS.ErrnoException): RaftctlError {
  const code = cause.code ?? "unknown error";
  return new RaftctlError(codes[code] ?? "IO_ERROR", `cannot ${verb} ${path}: ${code}`, { cause, details: { path, errno: code } });
}
