// Signals and lifelines: what a supervisor, a terminal and a dying parent do to the daemon and to a command.

import { execa } from "execa";
import { mkdtemp, readFile, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cleanEnvironment, executable } from "./support/command-line.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

test.for(["SIGTERM", "SIGINT"] as const)("%s stops a daemon in order: it ends by itself and serves again after a start (S53)", async (signal) => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const [node] = cluster.nodes;
  await cluster.client().kv.put("k", signal);
  const { pid } = node!;
  process.kill(pid, signal);
  await until("end of the daemon", () => (node!.isRunning ? undefined : true), { timeoutMs: 10_000 });
  expect(await node!.exitCode()).toBe(0);
  await node!.start();
  await cluster.leader();
  const { record } = await cluster.client().kv.get("k");
  expect(new TextDecoder().decode(record?.value)).toBe(signal);
});

test("a command that waits ends at once with 130 on SIGINT and 143 on SIGTERM, without a stack (K4)", async () => {
  const home = await mkdtemp(join(tmpdir(), "raftctl-e2e-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const cluster = await startCluster({ nodes: 1, settings: fast });
    const waiting = execa(process.execPath, [executable, "wait", "--for", "voters=9", "--timeout", "60s", "--endpoint", cluster.endpoints[0]!], {
      env: cleanEnvironment(home), extendEnv: false, reject: false, cwd: home,
    });
    await until("connection of the waiting command", async () =>
      ((await isConnectedTo(waiting.pid!, cluster.nodes[0]!.place.clientPort)) ? true : undefined));
    waiting.kill(signal);
    const ended = await waiting;
    expect(ended.exitCode ?? (ended.signal === signal ? code : -1)).toBe(code);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  }
});

test("a daemon whose lifeline ends stops by itself: no orphan is left when its parent dies (S53)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const [node] = cluster.nodes;
  const { pid } = node!;
  node!.cutLifeline();
  await until("end of the daemon", () => (node!.isRunning ? undefined : true), { timeoutMs: 10_000 });
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

/** Whether one of the process's sockets is an established connection to this port on loopback. */
async function isConnectedTo(pid: number, port: number): Promise<boolean> {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const table = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const inodes = new Set(table.filter((fields) => fields[2] === remote && fields[3] === "01").map((fields) => `socket:[${fields[9]}]`));
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return links.some((link) => inodes.has(link));
}
