// Reads the survivors of this machine. Each directory is locked while it is read, so that a daemon that runs is noticed and none starts meanwhile.

import { resolve } from "node:path";
import { RaftctlError } from "../../base/errors.ts";
import { crc32 } from "../../platform/crc32.ts";
import { acquireDirectoryLock } from "../../platform/directory-lock.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import { withAppliedState } from "./applied-state.ts";
import { readSurvivor } from "./read-survivor.ts";
import type { Survivor } from "./survivor.ts";

/** @throws LOCKED while a daemon runs there, NOT_INITIALIZED, CORRUPT, INCOMPATIBLE */
export async function collectSurvivors(directories: readonly string[]): Promise<readonly Survivor[]> {
  const survivors: Survivor[] = [];
  for (const directory of directories) survivors.push(await withLockedDirectory(directory, collectOne));
  return survivors;
}

/** Of a directory that exists; nobody else has it meanwhile. */
export async function withLockedDirectory<T>(dataDir: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = resolve(dataDir);
  if (!(await new NodeDisk().exists(directory))) throw new RaftctlError("NOT_FOUND", `there is no directory ${directory}`);
  const lock = await acquireDirectoryLock(directory);
  try {
    return await use(directory);
  } finally {
    await lock.release();
  }
}

async function collectOne(directory: string): Promise<Survivor> {
  return withAppliedState((await readSurvivor(new NodeDisk(), directory, crc32)).survivor);
}
