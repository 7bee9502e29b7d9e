// The vote on the disk: the old one or the new one after every crash, and nothing that was damaged is taken for a vote.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { Prng } from "../../../src/base/prng.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { readForming, removeForming, writeForming, type FormingRecord } from "../../../src/daemon/formation/forming-file.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";

const record: FormingRecord = {
  nodeId: "17" as NodeId, name: "n1", expect: 3, source: "file:/etc/nodes", vote: undefined, settings: { listenPeer: "127.0.0.1:7401", listenClient: "127.0.0.1:7400", insecure: true },
};
const voted: FormingRecord = { ...record, vote: "18446744073709551615" as NodeId };

async function rewrite(disk: MemoryDisk, change: (text: string) => string): Promise<void> {
  const file = await disk.open("/d/forming", "read");
  const text = new TextDecoder().decode(await file.read(0, await file.size()));
  await file.close();
  await disk.unlink("/d/forming");
  const damaged = await disk.open("/d/forming", "create");
  await damaged.write(0, utf8(change(text)));
  await damaged.close();
}

test("what was written is read again, to the last digit, and gone when it was removed", async () => {
  const disk = new MemoryDisk();
  expect(await readForming(disk, "/d", crc32)).toBeUndefined();
  await writeForming(disk, "/d", record, crc32);
  expect(await readForming(disk, "/d", crc32)).toEqual(record);
  await writeForming(disk, "/d", voted, crc32);
  expect(await readForming(disk, "/d", crc32)).toEqual(voted);
  await removeForming(disk, "/d");
  await removeForming(disk, "/d");
  expect(await readForming(disk, "/d", crc32)).toBeUndefined();
});

for (const [what, change, code] of [
  ["a vote that was changed by hand", (text: string) => text.replace('"vote": "18', '"vote": "19'), "CORRUPT"],
  ["another file", () => "something else", "CORRUPT"],
  ["nothing", () => "", "CORRUPT"],
  ["what a newer version wrote", (text: string) => text.replace("forming 1 ", "forming 2 "), "INCOMPATIBLE"],
] as const) {
  test(`${what} is refused with ${code} and the path`, async () => {
    const disk = new MemoryDisk();
    await writeForming(disk, "/d", voted, crc32);
    await rewrite(disk, change);
    await expect(readForming(disk, "/d", crc32)).rejects.toMatchObject({ code, message: expect.stringContaining("/d/forming") as string });
  });
}

test("a power failure at any moment leaves the old vote or the new one, and the new one once it was said to be written (H1, S73)", async () => {
  const prng = new Prng(7);
  const disk = new MemoryDisk();
  await writeForming(disk, "/d", record, crc32);
  const found = new Set<string>();
  disk.onChange = async () => {
    for (let crash = 0; crash < 20; crash += 1) found.add(JSON.stringify((await readForming(disk.crashed(prng), "/d", crc32))?.vote ?? "none"));
  };
  await writeForming(disk, "/d", voted, crc32);
  expect([...found].toSorted()).toEqual([JSON.stringify(voted.vote), '"none"']);
  for (let crash = 0; crash < 20; crash += 1) expect(await readForming(disk.crashed(prng), "/d", crc32)).toEqual(voted);
});

test("a vote that was read is durable, also when whoever wrote it died before it could say so (H1)", async () => {
  const prng = new Prng(8);
  const disk = new MemoryDisk();
  await writeForming(disk, "/d", record, crc32);
  disk.onChange = async () => {
    const read = await readForming(disk, "/d", crc32);
    for (let crash = 0; crash < 20; crash += 1) expect(await readForming(disk.crashed(prng), "/d", crc32)).toEqual(read);
  };
  await writeForming(disk, "/d", voted, crc32);
});

test("an identity that was not made durable before a crash is, before the vote beside it is removed: never neither of the two (H1)", async () => {
  const prng = new Prng(9);
  const disk = new MemoryDisk();
  await writeForming(disk, "/d", voted, crc32);
  // As whoever crashed between the rename and the fsync of the directory left it.
  const identity = await disk.open("/d/identity.tmp", "create");
  await identity.write(0, utf8("identity"));
  await identity.sync();
  await identity.close();
  await disk.rename("/d/identity.tmp", "/d/identity");
  const neither: boolean[] = [];
  disk.onChange = async () => {
    for (let crash = 0; crash < 40; crash += 1) {
      const after = disk.crashed(prng);
      neither.push(!(await after.exists("/d/identity")) && !(await after.exists("/d/forming")));
    }
  };
  await removeForming(disk, "/d");
  expect(neither).toHaveLength(40);
  expect(neither).not.toContain(true);
});
