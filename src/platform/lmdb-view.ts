// One value of a state whose daemon is stopped, read without changing a byte of its directory: LMDB insists on a lock file beside the data, so the data
// is opened for reading through a link in a folder of its own, and the lock file is made there. Believes what openLmdbStore would believe, no more.

import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { open } from "lmdb";
import { lmdbDamage, lmdbPageBytes } from "./lmdb-check.ts";
import { dataFileName } from "./lmdb-environment.ts";
import { readMark } from "./lmdb-mark.ts";

/**
 * undefined when the key is absent, and when there is no state that can be relied on, or be read. The caller sees to it that no daemon has the directory.
 * @param directory of the region's state
 */
export async function readStateValue(directory: string, key: Uint8Array): Promise<Uint8Array | undefined> {
  const mark = await readMark(directory);
  if (mark === undefined || (!mark.clean && mark.bootId !== (await currentBoot()))) return undefined;
  const data = resolve(directory, mark.environment, dataFileName);
  if ((await lmdbDamage(data)) !== undefined) return undefined;
  // No room for a folder, or a file that only looks sound: the state can be rebuilt, and nobody depends on it here.
  return valueIn(data, key).catch(() => undefined);
}

async function valueIn(data: string, key: Uint8Array): Promise<Uint8Array | undefined> {
  const view = await mkdtemp(join(tmpdir(), "raftctl-view-"));
  try {
    await symlink(data, join(view, dataFileName));
    const database = open<Uint8Array, Uint8Array>({ path: view, encoding: "binary", keyEncoding: "binary", readOnly: true, overlappingSync: false, pageSize: lmdbPageBytes, maxReaders: 1, maxDbs: 1 });
    try {
      const found = database.get(key);
      return found === undefined ? undefined : new Uint8Array(found);
    } finally {
      await database.close();
    }
  } finally {
    await rm(view, { recursive: true, force: true });
  }
}

async function currentBoot(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "unknown")).trim();
}
