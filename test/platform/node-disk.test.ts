import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { crc32 as pureCrc32 } from "../../src/base/crc.ts";
import { crc32 } from "../../src/platform/crc32.ts";
import { NodeDisk } from "../../src/platform/node-disk.ts";
import { diskContract } from "../storage/disk-contract.ts";

const root = await fs.mkdtemp(`${tmpdir()}/raftctl-disk-`);
let count = 0;
afterAll(() => fs.rm(root, { recursive: true, force: true }));

async function freshDirectory(): Promise<string> {
  const directory = `${root}/${(count += 1)}`;
  await fs.mkdir(directory);
  return directory;
}

diskContract("real disk", async () => ({ disk: new NodeDisk(), directory: await freshDirectory() }));

test("new files have mode 0600 and new directories 0700, whatever the umask (T19)", async () => {
  const directory = await freshDirectory();
  const before = process.umask(0);
  try {
    const disk = new NodeDisk();
    await disk.makeDirectory(`${directory}/x/y`);
    await (await disk.open(`${directory}/x/y/f`, "create")).close();
  } finally {
    process.umask(before);
  }
  const modes = await Promise.all(["x", "x/y", "x/y/f"].map(async (name) => (await fs.stat(`${directory}/${name}`)).mode & 0o777));
  expect(modes).toEqual([0o700, 0o700, 0o600]);
});

test("a directory that cannot be made is refused, also where the system denies that its parent is there", async () => {
  const disk = new NodeDisk();
  await expect(disk.makeDirectory("/proc/raftctl/data")).rejects.toMatchObject({ message: "cannot make the directory /proc/raftctl: ENOENT" });
  const directory = await freshDirectory();
  await fs.writeFile(`${directory}/file`, "");
  await expect(disk.makeDirectory(`${directory}/file`)).rejects.toMatchObject({ code: "IO_ERROR", message: `cannot make the directory ${directory}/file: EEXIST` });
  await expect(disk.makeDirectory(`${directory}/file/below`)).rejects.toMatchObject({ message: `cannot make the directory ${directory}/file/below: ENOTDIR` });
});

test("a symbolic link is never followed (T19)", async () => {
  const directory = await freshDirectory();
  const disk = new NodeDisk();
  await fs.writeFile(`${directory}/target`, "precious");
  await fs.symlink(`${directory}/target`, `${directory}/link`);
  await fs.symlink(`${directory}/absent`, `${directory}/dangling`);
  await expect(disk.open(`${directory}/link`, "write")).rejects.toMatchObject({ code: "IO_ERROR", message: `cannot open ${directory}/link: ELOOP` });
  await expect(disk.open(`${directory}/link`, "read")).rejects.toMatchObject({ code: "IO_ERROR" });
  await expect(disk.open(`${directory}/dangling`, "create")).rejects.toMatchObject({ code: "IO_ERROR" });
  expect(await disk.exists(`${directory}/dangling`)).toBe(true);
});

test("a full disk is NO_SPACE, with path and errno in the message (H43, H45)", async () => {
  const disk = new NodeDisk();
  const file = await disk.open("/dev/full", "write");
  await expect(file.write(0, new Uint8Array(10))).rejects.toMatchObject({ code: "NO_SPACE", message: "cannot write /dev/full: ENOSPC" });
  await file.close();
});

test("an unreadable path is IO_ERROR with path and errno (H43)", async () => {
  const directory = await freshDirectory();
  await fs.writeFile(`${directory}/f`, "");
  await expect(new NodeDisk().readDirectory(`${directory}/f`)).rejects.toMatchObject({ code: "IO_ERROR", message: `cannot read the directory ${directory}/f: ENOTDIR`, details: { path: `${directory}/f`, errno: "ENOTDIR" } });
});

test("the checksum of zlib is the one of the floors below the line, also in pieces", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, place) => (place * 37) % 256);
  expect(crc32(bytes)).toBe(pureCrc32(bytes));
  expect(crc32(bytes.subarray(400), crc32(bytes.subarray(0, 400)))).toBe(pureCrc32(bytes));
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});
