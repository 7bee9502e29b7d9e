// What the kernel knows of a process and of a directory.

import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const ticksPerSecond = 100;
const pageBytes = 4096;
const blockBytes = 512;

/** User and system time since it started. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function residentBytesOf(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, "utf8");
  return Number(statm.split(" ")[1]) * pageBytes;
}

/** What all files below take on the disk. Files may come and go meanwhile. */
export async function diskBytesOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => lstat(join(directory, name)).then(({ blocks }) => blocks * blockBytes, () => 0)));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
