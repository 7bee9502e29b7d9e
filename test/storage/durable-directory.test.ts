// A directory's name is durable when its parent was synced after it was made. The disk in memory keeps directories in any case, so the calls are looked at.

import { expect, test } from "vitest";
import { makeDurableDirectory } from "../../src/storage/durable-file.ts";
import { FaultyDisk } from "./faulty-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

async function syncedFor(path: string, present: readonly string[] = []): Promise<string[]> {
  const memory = new MemoryDisk();
  for (const directory of present) await memory.makeDirectory(directory);
  const disk = new FaultyDisk(memory, { fault: () => undefined });
  await makeDurableDirectory(disk, path);
  expect(await memory.exists(path)).toBe(true);
  const made = disk.calls.findIndex(({ operation }) => operation === "makeDirectory");
  return disk.calls.slice(made).filter(({ operation }) => operation === "syncDirectory").map((call) => call.path).toSorted();
}

test("a directory that is made is durable under its name, and so is each parent that was missing (H44)", async () => {
  expect(await syncedFor("/data/regions/1")).toEqual(["/", "/data", "/data/regions"]);
  expect(await syncedFor("/data/regions/1", ["/data"])).toEqual(["/data", "/data/regions"]);
});

test("a directory that is there already, perhaps by a process that crashed too early, is durable under its name (H44)", async () => {
  expect(await syncedFor("/data/wal", ["/data", "/data/wal"])).toEqual(["/data"]);
});
