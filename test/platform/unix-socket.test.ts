import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareUnixSocket } from "../../src/platform/unix-socket.ts";

let directory = "";
const servers: Server[] = [];
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "raftctl-"))));
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true, force: true });
});

const code = (expected: string): unknown => expect.objectContaining({ name: "RaftctlError", code: expected });
const path = (): string => join(directory, "admin.sock");

test("a free place in a private directory is fine", async () => {
  await prepareUnixSocket(path());
});

test("a stale socket that a killed process left behind is removed (T18)", async () => {
  const script = `require("net").createServer().listen(${JSON.stringify(path())}, () => process.kill(process.pid, "SIGKILL"))`;
  expect(spawnSync(process.execPath, ["-e", script]).signal).toBe("SIGKILL");
  expect(existsSync(path())).toBe(true);
  await prepareUnixSocket(path());
  expect(existsSync(path())).toBe(false);
});

test("a living socket is ADDRESS_IN_USE and stays", async () => {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path(), resolve));
  await expect(prepareUnixSocket(path())).rejects.toEqual(code("ADDRESS_IN_USE"));
  expect(existsSync(path())).toBe(true);
});

test("a symbolic link or a file at the place is refused and left alone (T18)", async () => {
  const target = join(directory, "precious");
  writeFileSync(target, "data");
  symlinkSync(target, path());
  await expect(prepareUnixSocket(path())).rejects.toEqual(code("INSECURE"));
  rmSync(path());
  writeFileSync(path(), "a file");
  await expect(prepareUnixSocket(path())).rejects.toEqual(code("INSECURE"));
  expect([existsSync(target), existsSync(path())]).toEqual([true, true]);
});

test.each([0o755, 0o770, 0o707, 0o1777])("a directory with mode %o is refused with its remedy (T18)", async (mode) => {
  chmodSync(directory, mode);
  await expect(prepareUnixSocket(path())).rejects.toMatchObject({ code: "INSECURE", hint: `chmod 700 ${directory}` });
});

test("a directory that is a symbolic link is refused, and one that is missing is named (T18)", async () => {
  const real = join(directory, "real");
  mkdirSync(real, { mode: 0o700 });
  const link = join(directory, "link");
  symlinkSync(real, link);
  await expect(prepareUnixSocket(join(link, "admin.sock"))).rejects.toEqual(code("INSECURE"));
  await expect(prepareUnixSocket(join(directory, "none", "admin.sock"))).rejects.toEqual(code("IO_ERROR"));
});

test("a path that the kernel would cut off is refused with a remedy", async () => {
  const long = join(directory, "x".repeat(108 - directory.length - 1));
  expect(Buffer.byteLength(long)).toBe(108);
  await expect(prepareUnixSocket(long)).rejects.toMatchObject({ code: "CONFIG_INVALID", hint: expect.stringContaining("RAFTCTL_SOCKET") as string });
  await prepareUnixSocket(long.slice(0, 107));
});
