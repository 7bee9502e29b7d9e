import { expect, test } from "vitest";
import { utf8, utf8Text } from "../../../src/base/bytes.ts";
import { diskContract } from "../../storage/disk-contract.ts";
import { attached, contentOf, created, reattached, simDisk, type DiskWithLife } from "./support/disks.ts";
import { settles, TestLife, TestTime, turn } from "./support/test-time.ts";

diskContract("simulated disk that answers at once", async () => ({ disk: (await attached()).disk, directory: "/d" }));

diskContract("simulated disk that takes its time", async () => {
  const medium = simDisk();
  const disk = medium.attach(new TestLife(new TestTime("by itself")));
  await disk.makeDirectory("/d");
  Object.assign(medium.conditions, { durableMs: () => 5, otherMs: () => 1 });
  return { disk, directory: "/d" };
});

/** All that may be found after many crashes of the same kind at the same moment. */
async function findings(kind: "kill" | "powerLoss", prepare: (world: DiskWithLife) => Promise<unknown>, look: (world: DiskWithLife) => Promise<string>): Promise<string[]> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 150; seed += 1) {
    const world = await attached(seed);
    await prepare(world);
    seen.add(await look(reattached(world, kind)));
  }
  return [...seen].toSorted();
}

async function textOf({ disk }: DiskWithLife): Promise<string> {
  return utf8Text(await contentOf(disk, "/d/a"))!;
}

/** One character for each sector, "." for zeros. */
async function sectorsOf({ disk }: DiskWithLife): Promise<string> {
  const content = await contentOf(disk, "/d/a");
  return Array.from({ length: content.length / 512 }, (_, sector) => String.fromCharCode(content[sector * 512] || 46)).join("");
}

test("a killed process loses nothing that it had written, synced or not", async () => {
  const prepare = async ({ disk }: DiskWithLife): Promise<void> => {
    const file = await disk.open("/d/a", "create");
    await file.write(0, utf8("hello"));
  };
  expect(await findings("kill", prepare, textOf)).toEqual(["hello"]);
});

test("of a write that is under way when the process is killed there is nothing, all, or the beginning up to a sector", async () => {
  const prepare = async ({ disk, medium }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(2048).fill(97));
    medium.conditions.durableMs = () => 5;
    void file.writeDurable(0, new Uint8Array(2048).fill(98));
  };
  expect(await findings("kill", prepare, sectorsOf)).toEqual(["aaaa", "baaa", "bbaa", "bbba", "bbbb"]);
});

test("a loss of power keeps of an unsynced write any subset of its sectors, of a synced one all (H44)", async () => {
  const prepare = async ({ disk }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1536).fill(97));
    await file.writeDurable(0, new Uint8Array(512).fill(98));
    await file.write(512, new Uint8Array(1024).fill(99));
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["baa", "bac", "bca", "bcc"]);
});

test("a sync covers what was written before it was issued, and nothing else", async () => {
  const prepare = async ({ disk, medium, time }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1536).fill(97));
    await file.write(0, new Uint8Array(512).fill(98));
    Object.assign(medium.conditions, { durableMs: () => 5, otherMs: () => 1 });
    const underWay = file.write(512, new Uint8Array(512).fill(99));
    const synced = file.sync();
    const later = file.write(1024, new Uint8Array(512).fill(100));
    await time.pass(10);
    await Promise.all([underWay, synced, later]);
    medium.conditions.otherMs = () => 0;
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["baa", "bad", "bca", "bcd"]);
});

test("a durable write makes itself durable and not what was written elsewhere in the file", async () => {
  const prepare = async ({ disk }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1024).fill(97));
    await file.write(0, new Uint8Array(512).fill(98));
    await file.writeDurable(512, new Uint8Array(512).fill(99));
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["ac", "bc"]);
});

test("what was written first never comes to lie over a later durable write of the same bytes", async () => {
  const prepare = async ({ disk }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1536).fill(97));
    await file.write(0, new Uint8Array(1536).fill(98));
    await file.writeDurable(512, new Uint8Array(512).fill(99));
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["aca", "acb", "bca", "bcb"]);
});

test("a loss of power may undo creations, renames and removals until their directory was synced (H44)", async () => {
  const prepare = async ({ disk }: DiskWithLife): Promise<void> => {
    await created(disk, "/d/a", utf8("a"));
    await created(disk, "/d/b", utf8("b"));
    await disk.unlink("/d/a");
    await disk.rename("/d/b", "/d/c");
    await disk.open("/d/e", "create");
  };
  const names = async ({ disk }: DiskWithLife): Promise<string> => (await disk.readDirectory("/d")).join("");
  expect(await findings("powerLoss", prepare, names)).toEqual(["ab", "abe", "ac", "ace", "b", "be", "c", "ce"]);
  expect(await findings("powerLoss", async (world) => { await prepare(world); await world.disk.syncDirectory("/d"); }, names)).toEqual(["ce"]);
  expect(await findings("kill", prepare, names)).toEqual(["ce"]);
});

test("a sync of a directory covers what was changed before it was issued, and nothing else", async () => {
  const prepare = async ({ disk, medium, time }: DiskWithLife): Promise<void> => {
    await disk.open("/d/a", "create");
    medium.conditions.durableMs = () => 5;
    const synced = disk.syncDirectory("/d");
    await disk.open("/d/b", "create");
    await time.pass(10);
    await synced;
  };
  expect(await findings("powerLoss", prepare, async ({ disk }) => (await disk.readDirectory("/d")).join(""))).toEqual(["a", "ab"]);
});

test("what only the cache held when the process was killed is durable for the next one, or stays at risk, as the disk was told", async () => {
  for (const afterKill of ["written back", "cached"] as const) {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const world = await attached(seed, { afterKill });
      const file = await created(world.disk, "/d/a", utf8("old"));
      await file.write(0, utf8("new"));
      const killed = reattached(world, "kill");
      expect(await textOf(killed)).toBe("new");
      seen.add(await textOf(reattached(killed, "powerLoss")));
    }
    expect([...seen].toSorted()).toEqual(afterKill === "cached" ? ["new", "old"] : ["new"]);
  }
});

test("a process that dies when an operation is issued has not done it; one that dies at its end has; neither gets an answer", async () => {
  for (const [point, text] of [["disk.writeDurable.other", "old"], ["disk.writeDurable.other.done", "new"]] as const) {
    for (const durableMs of [0, 3]) {
      const world = await attached();
      const file = await created(world.disk, "/d/a", utf8("old"));
      world.medium.conditions.durableMs = () => durableMs;
      world.life.dieAt = point;
      const answer = file.writeDurable(0, utf8("new"));
      await world.time.pass(10);
      expect(await settles(answer)).toBe(false);
      expect(await textOf(reattached(world, "powerLoss"))).toBe(text);
    }
  }
});

test("a dead process changes nothing and is never answered, whatever it does; its open files cannot reach the next one's", async () => {
  const world = await attached();
  const file = await created(world.disk, "/d/a", utf8("old"));
  const next = reattached(world, "kill");
  const { disk } = world;
  const answers = [
    file.write(0, utf8("new")), file.writeDurable(0, utf8("new")), file.sync(), file.allocate(100), file.truncate(0), file.read(0, 1), file.size(), file.close(),
    disk.open("/d/b", "create"), disk.open("/d/none", "read"), disk.unlink("/d/a"), disk.rename("/d/a", "/d/c"), disk.syncDirectory("/d"), disk.makeDirectory("/e"),
    disk.exists("/d"), disk.readDirectory("/d"), disk.freeBytes("/d"),
  ];
  for (const answer of answers) expect(await settles(answer)).toBe(false);
  expect(await next.disk.readDirectory("/d")).toEqual(["a"]);
  expect(await next.disk.exists("/e")).toBe(false);
  expect(await textOf(next)).toBe("old");
});

test("every operation passes a point of its area when it is issued and before it is answered", async () => {
  const { disk, life } = await attached();
  life.points.length = 0;
  await disk.makeDirectory("/n/wal");
  await disk.makeDirectory("/n/regions/1/snapshots");
  for (const path of ["/n/wal/0000000000000001.wal.tmp", "/n/regions/1/snapshots/x", "/n/boots", "/n/identity.tmp", "/n/lock"]) {
    await (await disk.open(path, "create")).sync();
  }
  const areas = ["wal", "snapshots", "boots", "identity", "other"];
  const expected = ["makeDirectory.wal", "makeDirectory.snapshots", ...areas.flatMap((area) => [`open.${area}`, `sync.${area}`])];
  expect(life.points).toEqual(expected.flatMap((point) => [`disk.${point}`, `disk.${point}.done`]));
});

test("operations take the time that the conditions say, and none at all means without any event", async () => {
  const { disk, medium, time } = await attached();
  const file = await disk.open("/d/a", "create");
  await file.writeDurable(0, utf8("1"));
  expect(time.scheduled).toBe(0);
  Object.assign(medium.conditions, { durableMs: () => 7, otherMs: () => 2 });
  const read = file.read(0, 1);
  const written = file.writeDurable(0, utf8("2"));
  await time.pass(1.9);
  expect(await settles(read)).toBe(false);
  await time.pass(0.1);
  expect(await settles(read)).toBe(true);
  await time.pass(4.9);
  expect(await settles(written)).toBe(false);
  await time.pass(0.1);
  expect(await settles(written)).toBe(true);
});

test("while the disk stalls no durable operation ends and everything else does; then they end in the order in which they would have (H46)", async () => {
  for (const durableMs of [0, 3]) {
    const { disk, medium, time } = await attached();
    const file = await disk.open("/d/a", "create");
    medium.conditions.durableMs = () => durableMs;
    medium.conditions.stalledUntil = 50;
    const order: number[] = [];
    const answers = [1, 2, 3].map((number) => file.writeDurable(0, utf8(String(number))).then(() => order.push(number)));
    const written = file.write(9, utf8("x"));
    await time.pass(49);
    expect(order).toEqual([]);
    expect(await settles(written)).toBe(true);
    await time.pass(1);
    await Promise.all(answers);
    expect(order).toEqual([1, 2, 3]);
    expect(medium.counts.syncs).toBe(3);
  }
});

test("a disk that hangs for ever goes on when it is healed, and a longer stall holds back what waits for a shorter one", async () => {
  const { disk, medium, time } = await attached();
  const file = await disk.open("/d/a", "create");
  medium.conditions.stalledUntil = Infinity;
  const answer = file.sync();
  await time.pass(1e6);
  medium.conditions.stalledUntil = time.now + 10;
  await time.pass(5);
  medium.conditions.stalledUntil = time.now + 100;
  await time.pass(50);
  expect(await settles(answer)).toBe(false);
  medium.conditions.stalledUntil = 0;
  await time.pass(0);
  expect(await settles(answer)).toBe(true);
});

test("a write that fails with EIO fails once, and is there or not afterwards, whatever is synced after it (H43)", async () => {
  const prepare = async ({ disk, medium }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1024).fill(97));
    medium.conditions.failNext = "EIO";
    await expect(file.writeDurable(0, new Uint8Array(512).fill(98))).rejects.toMatchObject({ code: "IO_ERROR", message: expect.stringContaining("/d/a: EIO") as string });
    expect(medium.failuresInjected).toBe(1);
    await file.writeDurable(512, new Uint8Array(512).fill(99));
    await file.sync();
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["ac", "bc"]);
  expect(await findings("kill", prepare, sectorsOf)).toEqual(["ac", "bc"]);
});

test("after a sync that failed no later one can be believed for what it covered (H43)", async () => {
  const prepare = async ({ disk, medium }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1024).fill(97));
    await file.write(0, new Uint8Array(512).fill(98));
    medium.conditions.failNext = "EIO";
    await expect(file.sync()).rejects.toMatchObject({ code: "IO_ERROR" });
    await file.write(512, new Uint8Array(512).fill(99));
    await file.sync();
  };
  expect(await findings("powerLoss", prepare, sectorsOf)).toEqual(["ac", "bc"]);
});

test("a durable write that fails with ENOSPC has written a part at most, and a directory's sync fails too", async () => {
  const prepare = async ({ disk, medium }: DiskWithLife): Promise<void> => {
    const file = await created(disk, "/d/a", new Uint8Array(1024).fill(97));
    medium.conditions.failNext = "ENOSPC";
    await expect(file.writeDurable(0, new Uint8Array(1024).fill(98))).rejects.toMatchObject({ code: "NO_SPACE" });
    medium.conditions.failNext = "EIO";
    await expect(disk.syncDirectory("/d")).rejects.toMatchObject({ code: "IO_ERROR" });
  };
  const firstAndLast = async ({ disk }: DiskWithLife): Promise<string> => {
    const content = await contentOf(disk, "/d/a");
    return String.fromCharCode(content[0]!, content[1023]!);
  };
  expect(await findings("kill", prepare, firstAndLast)).toEqual(["aa", "ba"]);
});

test("files grow while there is space, the write that does not fit is cut, and removing gives space back (H45)", async () => {
  const { disk, medium } = await attached();
  medium.conditions.freeBytes = 1000;
  const file = await disk.open("/d/a", "create");
  await file.write(0, new Uint8Array(600));
  expect(await disk.freeBytes("/d")).toBe(400);
  await file.write(300, new Uint8Array(300));
  await expect(file.writeDurable(500, new Uint8Array(700).fill(1))).rejects.toMatchObject({ code: "NO_SPACE", message: expect.stringContaining("/d/a: ENOSPC") as string });
  expect([await file.size(), await disk.freeBytes("/d")]).toEqual([1000, 0]);
  await expect(file.allocate(1001)).rejects.toMatchObject({ code: "NO_SPACE" });
  await file.truncate(900);
  expect(await disk.freeBytes("/d")).toBe(100);
  await created(disk, "/d/b", new Uint8Array(100));
  await disk.rename("/d/b", "/d/a");
  expect(await disk.freeBytes("/d")).toBe(900);
  await disk.unlink("/d/a");
  expect(await disk.freeBytes("/d")).toBe(1000);
});

test("space follows the files that a crash leaves, and a wiped disk has all of it", async () => {
  const world = await attached(3);
  world.medium.conditions.freeBytes = 1000;
  await created(world.disk, "/d/a", new Uint8Array(100));
  await world.disk.open("/d/b", "create").then((file) => file.write(0, new Uint8Array(300)));
  const next = reattached(world, "powerLoss");
  let left = 0;
  for (const name of await next.disk.readDirectory("/d")) left += (await contentOf(next.disk, `/d/${name}`)).length;
  expect(await next.disk.freeBytes("/d")).toBe(1000 - left);
  next.life.alive = false;
  next.medium.wipe();
  const last = next.medium.attach(new TestLife(next.time));
  expect([await last.freeBytes("/"), await last.exists("/d")]).toEqual([1000, false]);
});

test("one bit changes, in a file of the area and where something was written, and stays changed", async () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const world = await attached(seed);
    await world.disk.makeDirectory("/d/wal");
    const content = new Uint8Array(9000);
    content.set(utf8("written"));
    await created(world.disk, "/d/wal/a", content);
    await created(world.disk, "/d/boots", utf8("untouched"));
    expect(world.medium.flipBit("identity")).toBeUndefined();
    const [path, offset, bit] = world.medium.flipBit("wal")!.split(" ");
    content[Number(offset)]! ^= 1 << Number(bit);
    expect([path, Number(offset) < 7]).toEqual(["/d/wal/a", true]);
    const after = reattached(world, "powerLoss");
    expect(await contentOf(after.disk, "/d/wal/a")).toEqual(content);
    expect(await contentOf(after.disk, "/d/boots")).toEqual(utf8("untouched"));
  }
});

test("an image brings back what was durable when it was taken, as often as wanted (H9)", async () => {
  const world = await attached();
  const file = await created(world.disk, "/d/a", utf8("old"));
  await file.write(0, utf8("mid"));
  const image = world.medium.image();
  await file.writeDurable(0, utf8("new"));
  await created(world.disk, "/d/b", utf8("b"));
  for (let time = 0; time < 2; time += 1) {
    world.life.alive = false;
    world.medium.restoreImage(image);
    const life = new TestLife(world.time);
    const disk = world.medium.attach(life);
    expect([await disk.readDirectory("/d"), await contentOf(disk, "/d/a")]).toEqual([["a"], utf8("old")]);
    await (await disk.open("/d/a", "write")).writeDurable(0, utf8("bad"));
    life.alive = false;
    await turn();
  }
});

test("the same seed leaves the same bytes", async () => {
  const run = async (): Promise<string> => {
    const world = await attached(77);
    const file = await created(world.disk, "/d/a", new Uint8Array(8192).fill(97));
    await file.write(100, new Uint8Array(6000).fill(98));
    return sectorsOf(reattached(world, "powerLoss"));
  };
  expect(await run()).toBe(await run());
});
