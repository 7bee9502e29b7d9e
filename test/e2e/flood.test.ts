// A daemon that may open few files, and clients that want more of them than there are.

import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { cleanEnvironment, executable, raftctl } from "./support/command-line.ts";
import { until } from "./support/until.ts";

const connections = 1_000;

test("with 200 open files and 1,000 connections the log rotates, writes go on, and the admin socket answers (T8, H47)", { timeout: 90_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), "raftctl-flood-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const dataDir = join(home, "data");
  const addresses = ["--listen-peer", "127.0.0.1:0", "--listen-client", "127.0.0.1:0"];
  expect((await raftctl(home, ["init", "--name", "n1", "--data-dir", dataDir, ...addresses, "--no-start"])).exit).toBe(0);
  const daemon = execa("bash", ["-c", 'ulimit -n 200 && exec "$0" "$@"', process.execPath, executable, "daemon", "run", "--data-dir", dataDir], {
    env: cleanEnvironment(home, { RAFTCTL_WAL_SEGMENT_BYTES: "64KiB", RAFTCTL_COMPACTION_LOG_BYTES: "64KiB", RAFTCTL_COMPACTION_TRAILING_BYTES: "16KiB" }), extendEnv: false, reject: false,
    stdin: "ignore", stdout: "ignore", stderr: "ignore",
  });
  onTestFinished(async () => {
    daemon.kill("SIGKILL");
    await daemon;
  });
  const admin = new Client({ socket: join(dataDir, "admin.sock") });
  onTestFinished(() => admin.close());
  const { clientAddress } = await until("the daemon's status", () => admin.admin.call("status", {}).catch(() => undefined));
  const sockets = await flood(Number(clientAddress.split(":")[1]));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const before = (await admin.admin.call("status", {})).regions[0]!.snapshotIndex;
  const value = "x".repeat(8 * 1024);
  for (let number = 0; number < 200; number += 1) await admin.kv.put(`key-${number % 10}`, value);
  await until("a snapshot", async () => ((await admin.admin.call("status", {})).regions[0]!.snapshotIndex > before ? true : undefined));
  expect((await admin.kv.get("key-9")).record?.version).toBe(20);
  expect(sockets.filter((socket) => !socket.destroyed).length).toBeLessThan(120);
});

/** Resolves when every connection was either taken or dropped. */
async function flood(port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: connections }, () => connect({ host: "127.0.0.1", port }).on("error", () => undefined).resume());
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once("connect", resolve).once("close", () => resolve()))));
  // Who is over the bound is dropped after having been taken.
  await until("the bound", () => (sockets.filter((socket) => !socket.destroyed).length < connections / 2 ? true : undefined));
  return sockets;
}
