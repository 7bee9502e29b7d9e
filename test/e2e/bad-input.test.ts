// What an operator gets wrong: each mistake ends with one line that names the value and the remedy, with the documented exit code, without a stack,
// and without anything changed.

import { chmod, mkdtemp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { raftctl } from "./support/command-line.ts";
import type { Printed } from "./support/command-line.ts";
import { freePort } from "./support/ports.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "raftctl-e2e-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

/** A line for people and, with --json, a document; neither with a stack. */
function expectOneLine(printed: Printed): void {
  expect(printed.stdout).toBe("");
  expect(printed.stderr).not.toMatch(/^\s+at /m);
  expect(printed.stderr.trim().split("\n").length, printed.stderr).toBeLessThanOrEqual(4);
  expect(printed.stderr.trim()).not.toBe("");
}

describe("arguments (K4)", () => {
  test.for([
    [["put"], "key"],
    [["put", "k"], "value"],
    [["put", "k", "v", "--no-such-flag"], "no-such-flag"],
    [["put", "k", "v", "--timeout", "soon"], "soon"],
    [["put", "k", "v", "--endpoint", "nowhere"], "nowhere"],
    [["put", "k", "v", "--if-version", "-1"], "-1"],
    [["put", "k", "{oops", "--encoding", "json"], "json"],
    [["get", "k", "--consistency", "eventual"], "eventual"],
    [["get", "a", "b", "c"], "b"],
    [["putt", "k", "v"], "putt"],
    [["leader", "transferr"], "transferr"],
    [["init", "--name", "has space", "--no-start"], "has space"],
    [["init", "--listen-peer", "127.0.0.1:99999", "--no-start"], "99999"],
    [["join"], "address"],
  ] as const)("raftctl %j ends with 2 and names what is wrong", async ([args, named]) => {
    const home = await temporaryHome();
    const printed = await raftctl(home, [...args]);
    expect(printed.exit, printed.stderr).toBe(2);
    expectOneLine(printed);
    expect(printed.stderr.toLowerCase()).toContain(named.toLowerCase());
    const json = await raftctl(home, [...args, "--json"]);
    expect(json.exit).toBe(2);
    expect(json.json).toMatchObject({ ok: false, error: { exit: 2 } });
  });

  test("an unreachable daemon is 3, with the address, where it came from, and what to do", async () => {
    const home = await temporaryHome();
    const endpoint = `127.0.0.1:${await freePort()}`;
    const printed = await raftctl(home, ["get", "k", "--endpoint", endpoint]);
    expect(printed.exit).toBe(3);
    expectOneLine(printed);
    expect(printed.stderr).toContain(endpoint);
    expect(printed.stderr).toContain("--endpoint");
    const bySocket = await raftctl(home, ["status", "--json"], { env: { RAFTCTL_SOCKET: join(home, "none.sock") } });
    expect(bySocket.json).toMatchObject({ ok: false, error: { code: "UNREACHABLE", exit: 3 } });
    expect(bySocket.json?.error?.message).toContain("RAFTCTL_SOCKET");
  });
});

describe("configuration (U2, T18, T19)", () => {
  test.for([
    [{ raft: { electionTimeout: "soon" } }, "raft.electionTimeout"],
    [{ raft: { electionTimout: "1s" } }, "electionTimout"],
    [{ network: { connectTimeout: "3s" } }, "network.connectTimeout"],
    [{ raft: { heartbeatInterval: "900ms" } }, "heartbeatInterval"],
    [{ wal: { segmentBytes: "1" } }, "wal.segmentBytes"],
    [{ wal: { fsync: "never" } }, "wal.fsync"],
  ] as const)("%j is refused before anything starts, with the path of the key", async ([settings, named]) => {
    const home = await temporaryHome();
    await writeFile(join(home, "raftctl.config.json"), JSON.stringify(settings));
    const printed = await raftctl(home, ["daemon", "run", "--data-dir", join(home, "data"), "--config", join(home, "raftctl.config.json")]);
    expect(printed.exit, printed.stderr).toBe(2);
    expect(printed.stderr).toContain(named);
    expect(printed.stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(home)).not.toContain("data");
  });

  test("a listener beyond loopback without TLS needs --insecure (9)", async () => {
    const home = await temporaryHome();
    const args = ["init", "--data-dir", join(home, "data"), "--listen-peer", "192.0.2.1:17401", "--no-start", "--json"];
    const refused = await raftctl(home, args);
    expect([refused.exit, refused.json?.error?.code]).toEqual([9, "INSECURE"]);
    expect((await raftctl(home, [...args, "--insecure"])).exit).toBe(0);
  });

  test("a daemon on a directory that was never initialised is 4 and says what to run", async () => {
    const home = await temporaryHome();
    const printed = await raftctl(home, ["daemon", "run", "--data-dir", join(home, "data")]);
    expect(printed.exit, printed.stderr).toBe(4);
    expect(printed.stderr).toMatch(/raftctl (?:init|join)/);
  });

  test("a data directory is private, and one that others may write is refused (T19)", async () => {
    const home = await temporaryHome();
    const dataDir = join(home, "data");
    const init = await raftctl(home, ["init", "--data-dir", dataDir, "--listen-peer", "127.0.0.1:17402", "--listen-client", "127.0.0.1:17403", "--no-start"]);
    expect(init.exit, init.stderr).toBe(0);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    await chmod(dataDir, 0o777);
    const printed = await raftctl(home, ["daemon", "run", "--data-dir", dataDir]);
    expect(printed.exit).not.toBe(0);
    expect(printed.stderr).toContain(dataDir);
  });
});

describe("places that are taken (S51, H47, T18)", () => {
  test("a second daemon on the same directory is refused with 6, and the first one goes on", async () => {
    const cluster = await startCluster({ nodes: 1, settings: fast });
    const [node] = cluster.nodes;
    const printed = await cluster.raftctl(["daemon", "run", "--data-dir", node!.dataDir, "--config", node!.configFile]);
    expect(printed.exit, printed.stderr).toBe(6);
    expect(printed.stderr).toContain(node!.dataDir);
    await cluster.client().kv.put("k", "v");
  });

  test("a busy port is 3 and names the port", async () => {
    const home = await temporaryHome();
    const [port, other] = [await freePort(), await freePort()];
    const server = createServer().listen(port, "127.0.0.1");
    onTestFinished(() => { server.close(); });
    const dataDir = join(home, "data");
    await raftctl(home, ["init", "--data-dir", dataDir, "--listen-peer", `127.0.0.1:${port}`, "--listen-client", `127.0.0.1:${other}`, "--no-start"]);
    const printed = await raftctl(home, ["daemon", "run", "--data-dir", dataDir]);
    expect(printed.exit, printed.stderr).toBe(3);
    expect(printed.stderr).toContain(String(port));
  });

  test("the admin socket is for its owner alone, survives a kill -9, and a path that is too long finds a shorter place (T18)", async () => {
    const cluster = await startCluster({ nodes: 1, settings: fast });
    const [node] = cluster.nodes;
    expect((await stat(node!.socket)).mode & 0o777).toBe(0o600);
    await node!.kill9();
    await node!.start();
    expect((await cluster.raftctl(["status", "--socket", node!.socket])).exit).toBe(0);
    const deep = join(cluster.home, "d".repeat(60), "e".repeat(60));
    await mkdir(deep, { recursive: true });
    const dataDir = join(deep, "data");
    const [peer, client] = [await freePort(), await freePort()];
    const init = await cluster.raftctl(["init", "--data-dir", dataDir, "--listen-peer", `127.0.0.1:${peer}`, "--listen-client", `127.0.0.1:${client}`, "--json"]);
    expect(init.exit, init.stdout).toBe(0);
    cluster.adopt(init.json?.result?.["pid"]);
    const socket = String(init.json?.result?.["socket"]);
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(107);
    expect((await cluster.raftctl(["daemon", "stop", "--socket", socket])).exit).toBe(0);
  });
});

test("no secret that is given by environment or file shows up in arguments, output or logs (T20)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const canary = "canary-5f2a91";
  const printed = await cluster.raftctl(["put", "k", "-", "--endpoint", cluster.endpoints[0]!], { input: canary });
  expect(printed.exit, printed.stderr).toBe(0);
  expect(printed.stdout + printed.stderr).not.toContain(canary);
  expect(await cluster.nodes[0]!.logTail()).not.toContain(canary);
});

test("control characters in keys and values do not reach a table or an error raw (T24)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const key = "\u001B]0;owned\u0007\nfake: line";
  const endpoint = cluster.endpoints[0]!;
  expect((await cluster.raftctl(["put", key, "v", "--endpoint", endpoint])).exit).toBe(0);
  const listed = await cluster.raftctl(["get", "--prefix", "\u001B", "--endpoint", endpoint]);
  expect(listed.stdout).not.toContain("\u001B]0;");
  const missing = await cluster.raftctl(["get", `${key}x`, "--endpoint", endpoint]);
  expect(missing.exit).toBe(4);
  expect(missing.stderr).not.toContain("\u001B");
});
