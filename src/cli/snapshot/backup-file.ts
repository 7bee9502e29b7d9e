// Where a backup goes: a file that appears whole or not at all, or the standard output. Until it is complete and durable the file has another name beside its
// own; that one is removed however the command ends. What is there already is never replaced.

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { link, open, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { RaftctlError } from "../../base/errors.ts";

export interface BackupTarget {
  /** undefined: the standard output. */
  readonly file: string | undefined;
  write(bytes: Uint8Array): Promise<void>;
  /** Everything was written: it counts from here on. */
  finish(): Promise<void>;
  /** Nothing of it stays. */
  abandon(): Promise<void>;
}

/** @param fileName of the backup, when `output` is a directory. @throws CONFLICT for a file that is there, NOT_FOUND, IO_ERROR, NO_SPACE */
export async function openBackupTarget(output: string, fileName: () => string): Promise<BackupTarget> {
  if (output === "-") return standardOutput();
  const path = resolve(output);
  return FileTarget.create((await isDirectory(path)) ? join(path, fileName()) : path);
}

/** Before a long export: what cannot work is said at once. @throws USAGE for a terminal, CONFLICT, NOT_FOUND */
export async function refuseExisting(output: string): Promise<void> {
  if (output === "-") {
    if (process.stdout.isTTY) throw new RaftctlError("USAGE", "a backup is not written to a terminal", { hint: "name a file with --output, or pipe the output into a program" });
    return;
  }
  const path = resolve(output);
  if (await isDirectory(path)) return;
  if (await exists(path)) throw isThere(path);
  if (!(await isDirectory(dirname(path)))) throw new RaftctlError("NOT_FOUND", `there is no directory ${dirname(path)}`);
}

function standardOutput(): BackupTarget {
  // Whoever stops reading ends this process quietly (terminal.ts): a file that was cut short must not look like success.
  process.exitCode = 1;
  return {
    file: undefined,
    write: (bytes) => new Promise((done, fail) => void process.stdout.write(bytes, (error) => (error ? fail(writeFailure("the standard output", error)) : done()))),
    finish: async () => {
      process.exitCode = 0;
    },
    abandon: () => Promise.resolve(),
  };
}

class FileTarget implements BackupTarget {
  readonly file: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #removeAtExit = (): void => rmSync(this.#temporary, { force: true });

  static async create(file: string): Promise<FileTarget> {
    if (await exists(file)) throw isThere(file);
    const temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
    const handle = await open(temporary, "wx", 0o600).catch((error: unknown) => {
      throw writeFailure(temporary, error);
    });
    return new FileTarget(file, temporary, handle);
  }

  private constructor(file: string, temporary: string, handle: FileHandle) {
    this.file = file;
    this.#temporary = temporary;
    this.#handle = handle;
    process.once("exit", this.#removeAtExit);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) offset += (await this.#told(this.#handle.write(bytes, offset))).bytesWritten;
  }

  async finish(): Promise<void> {
    await this.#told(this.#handle.sync());
    await this.#told(this.#handle.close());
    await this.#publish();
    await this.#told(syncDirectory(dirname(this.file)));
    process.off("exit", this.#removeAtExit);
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await unlink(this.#temporary).catch(() => undefined);
    process.off("exit", this.#removeAtExit);
  }

  /** A second name fails where the file has appeared meanwhile; a rename would replace it. Some file systems know no second names. */
  async #publish(): Promise<void> {
    try {
      await link(this.#temporary, this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST" || (await exists(this.file))) throw isThere(this.file);
      return this.#told(rename(this.#temporary, this.file));
    }
    await this.#told(unlink(this.#temporary));
  }

  #told<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw writeFailure(this.file, error);
    });
  }
}

function isThere(path: string): RaftctlError {
  return new RaftctlError("CONFLICT", `${path} is there already and is not replaced`, { hint: "choose another name, or remove it first" });
}

function writeFailure(path: string, error: unknown): RaftctlError {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new RaftctlError(isFull ? "NO_SPACE" : code === "ENOENT" ? "NOT_FOUND" : "IO_ERROR", `cannot write ${path}: ${code}`, { cause: error });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR");
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
