// How many files and sockets this process may have open. A server that takes more connections than that starves its own log and snapshots of descriptors.

import { readFile } from "node:fs/promises";

/** undefined where the system does not say. */
export async function openFilesMax(): Promise<number | undefined> {
  const text = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
