import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { diskContract } from "./disk-contract.ts";
import { MemoryDisk } from "./memory-disk.ts";

diskContract("disk in memory", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/d");
  return { disk, directory: "/d" };
});

async function crashes(prepare: (disk: MemoryDisk) => Promise<void>, look: (disk: MemoryDisk) => Promise<string>): Promise<Set<string>> {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/d");
  await prepare(disk);
  const seen = new Set<string>();
  for (let seed = 0; seed < 400; seed += 1) seen.add(await look(disk.crashed(new Prng(seed))));
  return seen;
}

test("a crash loses a file whose name was not synced, even if its content was (H44)", async () => {
  const seen = await crashes(
    async (disk) => {
      const file = await disk.open("/d/a", "create");
      await file.write(0, new Uint8Array([1]));
      await file.sync();
    },
    async (disk) => (await disk.readDirectory("/d")).join(),
  );
  expect([...seen].toSorted()).toEqual(["", "a"]);
});

test("a crash tears an unsynced write at sectors, keeps a synced one, and sees each sector old or new", async () => {
  const seen = await crashes(
    async (disk) => {
      const file = await disk.open("/d/a", "create");
      await file.write(0, new Uint8Array(1536).fill(1));
      await file.sync();
      await disk.syncDirectory("/d");
      await file.write(256, new Uint8Array(1024).fill(2));
    },
    async (disk) => {
      const content = disk.files().get("/d/a")!;
      return [0, 255, 256, 511, 512, 1023, 1024, 1279, 1280, 1535].map((place) => content[place]).join("");
    },
  );
  expect(seen).toEqual(new Set(["1111111111", "1122111111", "1111221111", "1111112211", "1122221111", "1122112211", "1111222211", "1122222211"]));
});

test("after a crash a rename has happened or not, and an unlink before it may be missing", async () => {
  const seen = await crashes(
    async (disk) => {
      for (const [name, byte] of [["a", 1], ["b", 2], ["c", 3]] as const) {
        const file = await disk.open(`/d/${name}`, "create");
        await file.write(0, new Uint8Array([byte]));
        await file.sync();
      }
      await disk.syncDirectory("/d");
      await disk.unlink("/d/c");
      await disk.rename("/d/a", "/d/b");
    },
    async (disk) => [...disk.files()].filter(([path]) => path.startsWith("/d/")).map(([path, content]) => `${path.slice(3)}${content[0]}`).toSorted().join(),
  );
  expect(seen).toEqual(new Set(["a1,b2,c3", "b1,c3", "a1,b2", "b1"]));
});

test("a directory is renamed whole; a crash may undo it until one of the two directories that hold its names is synced, and then no more", async () => {
  const look = async (disk: MemoryDisk): Promise<string> => [...disk.files().keys()].join();
  const prepare = async (disk: MemoryDisk): Promise<void> => {
    await disk.makeDirectory("/d/old");
    const file = await disk.open("/d/old/a", "create");
    await file.sync();
    await disk.syncDirectory("/d/old");
    await disk.makeDirectory("/d/aside");
    await disk.rename("/d/old", "/d/aside/old");
  };
  expect(await crashes(prepare, look)).toEqual(new Set(["/d/old/a", "/d/aside/old/a"]));
  for (const parent of ["/d", "/d/aside"]) expect(await crashes(async (disk) => prepare(disk).then(() => disk.syncDirectory(parent)), look)).toEqual(new Set(["/d/aside/old/a"]));
});
