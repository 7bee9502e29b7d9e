// What every Disk must do, for the twin in memory and the real one alike.

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { Disk } from "../../src/storage/disk.ts";

export interface DiskUnderTest {
  readonly disk: Disk;
  /** An existing, empty directory. */
  readonly directory: string;
}

export function diskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  test(`${name}: bytes are read back where they were written, and fewer only at the end`, async () => {
    const { disk, directory } = await make();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write(0, utf8("hello"));
    await file.writeDurable(5, utf8(" world"));
    await file.write(1, utf8("E"));
    await file.sync();
    expect(await file.size()).toBe(11);
    expect(await file.read(0, 100)).toEqual(utf8("hEllo world"));
    expect(await file.read(6, 3)).toEqual(utf8("wor"));
    expect(await file.read(11, 5)).toHaveLength(0);
    await file.close();
    const again = await disk.open(`${directory}/a`, "read");
    expect(await again.read(0, 5)).toEqual(utf8("hEllo"));
    await again.close();
  });

  test(`${name}: a write behind the end leaves zeros, allocate adds zeros and never cuts, truncate cuts`, async () => {
    const { disk, directory } = await make();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write(3, utf8("x"));
    expect([...(await file.read(0, 4))]).toEqual([0, 0, 0, 120]);
    await file.allocate(3_000_000);
    expect(await file.size()).toBe(3_000_000);
    expect((await file.read(0, 3_000_000)).every((byte, place) => byte === (place === 3 ? 120 : 0))).toBe(true);
    await file.allocate(10);
    expect(await file.size()).toBe(3_000_000);
    await file.truncate(2);
    expect(await file.size()).toBe(2);
    await file.close();
  });

  test(`${name}: creating refuses a name that exists, reading and writing refuse one that does not (T19)`, async () => {
    const { disk, directory } = await make();
    await (await disk.open(`${directory}/a`, "create")).close();
    await expect(disk.open(`${directory}/a`, "create")).rejects.toMatchObject({ code: "IO_ERROR", message: expect.stringContaining(`${directory}/a: EEXIST`) as string });
    await expect(disk.open(`${directory}/b`, "read")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(disk.open(`${directory}/b`, "write")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(disk.unlink(`${directory}/b`)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(disk.readDirectory(`${directory}/nowhere`)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test(`${name}: rename replaces its target, an open file goes with its new name, names are listed in order`, async () => {
    const { disk, directory } = await make();
    for (const name_ of ["c", "a"]) await (await disk.open(`${directory}/${name_}`, "create")).close();
    const file = await disk.open(`${directory}/b`, "create");
    await file.write(0, utf8("b"));
    await disk.rename(`${directory}/b`, `${directory}/a`);
    await disk.syncDirectory(directory);
    await file.write(1, utf8("!"));
    await file.close();
    expect(await disk.readDirectory(directory)).toEqual(["a", "c"]);
    const moved = await disk.open(`${directory}/a`, "read");
    expect(await moved.read(0, 9)).toEqual(utf8("b!"));
    await moved.close();
    expect(await disk.exists(`${directory}/b`)).toBe(false);
    await disk.unlink(`${directory}/c`);
    expect(await disk.exists(`${directory}/c`)).toBe(false);
  });

  test(`${name}: directories are made with their parents, again without complaint, and listed`, async () => {
    const { disk, directory } = await make();
    await disk.makeDirectory(`${directory}/x/y`);
    await disk.makeDirectory(`${directory}/x/y`);
    await disk.syncDirectory(`${directory}/x`);
    expect(await disk.readDirectory(directory)).toEqual(["x"]);
    expect(await disk.readDirectory(`${directory}/x`)).toEqual(["y"]);
    expect(await disk.exists(`${directory}/x/y`)).toBe(true);
    expect(await disk.freeBytes(directory)).toBeGreaterThan(0);
  });

  test(`${name}: a removed file can be read by whoever has it open`, async () => {
    const { disk, directory } = await make();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write(0, utf8("still here"));
    await disk.unlink(`${directory}/a`);
    expect(await file.read(0, 5)).toEqual(utf8("still"));
    await file.close();
  });
}
