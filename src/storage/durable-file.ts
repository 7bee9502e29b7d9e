// Creating directories and replacing small files so that a crash leaves the old state or the new one, and a finished call survives every crash.

import type { Disk } from "./disk.ts";

/** The directory, its missing parents, and their names in their parents. */
export async function makeDurableDirectory(disk: Disk, path: string): Promise<void> {
  const made: string[] = [];
  for (let missing = path; missing !== "" && !(await disk.exists(missing)); missing = parentOf(missing)) made.push(missing);
  await disk.makeDirectory(path);
  // Also when the directory was there: whoever made it may have crashed before its name was durable.
  if (made.length === 0) made.push(path);
  for (const directory of made) await disk.syncDirectory(parentOf(directory) || "/");
}

/** The whole of a small file. @throws NOT_FOUND, IO_ERROR */
export async function readSmallFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Temporary name, fsync, rename, fsync of the directory. */
export async function replaceFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  if (await disk.exists(temporary)) await disk.unlink(temporary);
  const file = await disk.open(temporary, "create");
  try {
    await file.write(0, content);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(parentOf(path));
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
