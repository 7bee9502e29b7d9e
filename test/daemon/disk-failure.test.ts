// A daemon whose disk fails under it: the real assembly with one part replaced (S47).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RaftctlError, toRaftctlError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Client } from "../../src/client/client.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { initDataDirectory } from "../../src/daemon/offline.ts";
import { systemParts } from "../../src/daemon/parts.ts";
import type { Disk, DiskFile } from "../../src/storage/disk.ts";

const loopback = "127.0.0.1:0";

interface Failing {
  error: RaftctlError | undefined;
}

/** The real disk, until `failing.error` is set: then no durable write succeeds any more. */
function failingDisk(disk: Disk, failing: Failing): Disk {
  const wrap = (file: DiskFile): DiskFile => new Proxy(file, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name === "writeDurable" && failing.error !== undefined) return () => Promise.reject(failing.error!);
      return value.bind(target) as unknown;
    },
  });
  return new Proxy(disk, {
    get(target, name) {
      if (name === "open") return async (path: string, mode: "create" | "read" | "write") => wrap(await target.open(path, mode));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function startNode(dataDir: string, failing: Failing): Promise<Daemon> {
  const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": loopback, "listen.client": loopback, "wal.segmentBytes": "1MiB" };
  const loaded = await loadConfig({ flags, env: {}, cwd: dataDir });
  const parts = await systemParts(silentLogger);
  return Daemon.start(loaded, { ...parts, disk: failingDisk(parts.disk, failing) });
}

test("a log write that fails ends the daemon within a second with the disk's error, answers nothing more, and loses nothing (H43, S38, S40)", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "raftctl-disk-failure-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  await initDataDirectory(dataDir, { name: "n1", settings: { listenPeer: loopback, listenClient: loopback } });
  const failing: Failing = { error: undefined };
  const daemon = await startNode(dataDir, failing);
  const client = new Client({ endpoints: [daemon.clientAddress], timeoutMs: 2_000, clearUpMs: 500 });
  await client.kv.put("acknowledged", "yes");
  failing.error = new RaftctlError("IO_ERROR", `cannot write ${dataDir}/wal/1: EIO`);
  const began = performance.now();
  const refused = await client.kv.put("lost", "perhaps").then(() => undefined, (error: unknown) => toRaftctlError(error).code);
  const ended = toRaftctlError(await daemon.ended);
  expect(performance.now() - began).toBeLessThan(1_500);
  expect([ended.code, ended.exit]).toEqual(["IO_ERROR", 1]);
  expect(ended.message).toContain("EIO");
  expect(refused).toBe("UNKNOWN_OUTCOME");
  client.close();
  await daemon.stop({ transfer: false, drainMs: 0 });
  const again = await startNode(dataDir, { error: undefined });
  const reader = new Client({ endpoints: [again.clientAddress] });
  expect((await reader.kv.get("acknowledged")).record?.version).toBe(1);
  reader.close();
  await again.stop({ transfer: false, drainMs: 0 });
});
