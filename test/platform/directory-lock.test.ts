import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireDirectoryLock } from "../../src/platform/directory-lock.ts";

let directory: string;
beforeEach(async () => {
  directory = await fs.mkdtemp(`${tmpdir()}/raftctl-lock-`);
});
afterEach(async () => {
  await fs.rm(directory, { recursive: true, force: true });
});

const lockModule = fileURLToPath(new URL("../../src/platform/directory-lock.ts", import.meta.url));

/** A process that holds the lock until it is killed. */
async function holder(): Promise<{ pid: number; kill: () => Promise<void> }> {
  const script = `const { acquireDirectoryLock } = await import(${JSON.stringify(lockModule)}); await acquireDirectoryLock(${JSON.stringify(directory)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const kill = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return { pid: child.pid!, kill };
}

async function bootId(): Promise<string> {
  return (await fs.readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

test("a second process is refused with LOCKED and told who holds the directory (S51, H47)", async () => {
  const first = await holder();
  await expect(acquireDirectoryLock(directory)).rejects.toMatchObject({ code: "LOCKED", message: `${directory} is in use by pid ${first.pid} on ${hostname()}` });
  await first.kill();
});

test("a second taker in the same process is refused, and gets the directory after release (S51)", async () => {
  const lock = await acquireDirectoryLock(directory);
  await expect(acquireDirectoryLock(directory)).rejects.toMatchObject({ code: "LOCKED" });
  await lock.release();
  expect(await fs.readdir(directory)).toEqual([]);
  await (await acquireDirectoryLock(directory)).release();
});

test("kill -9 frees the directory, and the lock file that stays behind is taken over (H47)", async () => {
  const first = await holder();
  await first.kill();
  expect(await fs.readdir(directory)).toContain("lock");
  const lock = await acquireDirectoryLock(directory);
  expect(JSON.parse(await fs.readFile(`${directory}/lock`, "utf8"))).toMatchObject({ pid: process.pid, host: hostname(), bootId: await bootId() });
  await lock.release();
  expect(await fs.readdir(directory)).toEqual([]);
});

test("another path to the same directory is the same lock (H47)", async () => {
  await fs.symlink(directory, `${directory}-link`);
  const lock = await acquireDirectoryLock(directory);
  await expect(acquireDirectoryLock(`${directory}-link`)).rejects.toMatchObject({ code: "LOCKED" });
  await lock.release();
  await fs.unlink(`${directory}-link`);
});

test("a holder in another network namespace is found through its socket in the directory (H47)", async () => {
  const first = await holder();
  // What a container sees: the abstract name is free there, the files are shared.
  const copy = await fs.mkdtemp(`${tmpdir()}/raftctl-lock-`);
  for (const name of await fs.readdir(directory)) {
    if (name === "lock") await fs.copyFile(`${directory}/${name}`, `${copy}/${name}`);
    else await fs.link(`${directory}/${name}`, `${copy}/${name}`);
  }
  await expect(acquireDirectoryLock(copy)).rejects.toMatchObject({ code: "LOCKED", details: { pid: first.pid } });
  await first.kill();
  await (await acquireDirectoryLock(copy)).release();
  await fs.rm(copy, { recursive: true });
});

test("a lock of another host is respected, one of this host from before a reboot is not (H47)", async () => {
  const record = { host: "elsewhere", bootId: "11111111-2222-3333-4444-555555555555", pid: 4242, socket: "lock-000000000000.sock" };
  await fs.writeFile(`${directory}/lock`, JSON.stringify(record));
  await expect(acquireDirectoryLock(directory)).rejects.toMatchObject({ code: "LOCKED", message: `${directory} is in use by pid 4242 on elsewhere` });
  await fs.writeFile(`${directory}/lock`, JSON.stringify({ ...record, host: hostname() }));
  await (await acquireDirectoryLock(directory)).release();
});

test("a lock file without sense does not lock anybody out", async () => {
  await fs.writeFile(`${directory}/lock`, "{\"socket\":\"../../etc/passwd\"}");
  await (await acquireDirectoryLock(directory)).release();
});

test("a directory with a long path can be locked", async () => {
  const long = `${directory}/${"d".repeat(120)}`;
  await fs.mkdir(long, { mode: 0o700 });
  await (await acquireDirectoryLock(long)).release();
});

test("a directory that others may enter is refused (T19)", async () => {
  await fs.chmod(directory, 0o755);
  await expect(acquireDirectoryLock(directory)).rejects.toMatchObject({ code: "INSECURE", message: `${directory} has mode 0755: others may enter it` });
});
