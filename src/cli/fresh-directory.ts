// Undoes what a failed init or join made of a directory: exactly the entries that were not there before, and the directory itself if it was
// made. Nothing that existed before this call is touched.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

export interface FreshDirectory {
  undo(): Promise<void>;
}

/** To be called before anything is made. */
export async function rememberDirectory(directory: string): Promise<FreshDirectory> {
  const before = await entriesOf(directory);
  return {
    async undo() {
      if (before === undefined) return rm(directory, { recursive: true, force: true });
      const made = (await entriesOf(directory))?.filter((entry) => !before.includes(entry)) ?? [];
      await Promise.all(made.map((entry) => rm(join(directory, entry), { recursive: true, force: true })));
    },
  };
}

/** undefined when there is no such directory. */
async function entriesOf(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
