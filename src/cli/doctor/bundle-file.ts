// The bundle as a file: JSON, compressed when its name ends in .gz, readable by its owner alone. Never takes the place of a file that is there, and
// leaves nothing behind when it cannot be written to its end.

import { open, stat, unlink } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { RaftctlError } from "../../base/errors.ts";
import type { Bundle } from "./bundle-document.ts";

/** Said before anything is asked: a diagnosis takes seconds. @throws CONFLICT */
export async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) throw occupied(path);
}

/** @throws CONFLICT when the name is taken, NOT_FOUND, NO_SPACE, IO_ERROR */
export async function writeBundle(path: string, bundle: Bundle): Promise<void> {
  const text = `${JSON.stringify(bundle, (_key, value: unknown) => value ?? null, 2)}\n`;
  const file = await open(path, "wx", 0o600).catch((error: unknown) => { throw failureOf(path, error); });
  try {
    await file.writeFile(path.endsWith(".gz") ? gzipSync(text) : text);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw failureOf(path, error);
  } finally {
    await file.close();
  }
}

function failureOf(path: string, cause: unknown): RaftctlError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "EEXIST") return occupied(path);
  const kind = code === "ENOENT" ? "NOT_FOUND" : code === "ENOSPC" || code === "EDQUOT" ? "NO_SPACE" : "IO_ERROR";
  return new RaftctlError(kind, `cannot write the bundle ${path}: ${code ?? message}`, { cause, hint: "name a file in a directory that exists and has room" });
}

function occupied(path: string): RaftctlError {
  return new RaftctlError("CONFLICT", `${path} exists already, and a bundle overwrites nothing`, { hint: "name another file" });
}
