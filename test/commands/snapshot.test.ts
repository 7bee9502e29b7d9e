// The snapshot verbs as a shell sees them, against one real node: what they print, what they leave behind, and their exit codes.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { awaitEnd, identifyProcess } from "../../src/cli/process-identity.ts";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { raftctl, type Outcome, type RunOptions } from "./run-raftctl.ts";

let cluster: Cluster;
const directory = mkdtempSync(join(tmpdir(), "raftctl-snapshot-"));
const path = (name: string): string => join(directory, name);
const run = (words: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  raftctl(words, { ...options, env: { RAFTCTL_ENDPOINT: cluster.endpoints[0]!, TMPDIR: directory, ...options.env } });

beforeAll(async () => {
  cluster = await createCluster({ nodes: 1 });
  const client = new Client({ endpoints: cluster.endpoints });
  for (const key of ["app/a", "app/b", "other"]) await client.kv.put(key, `value of ${key}`);
  client.close();
});
afterAll(async () => {
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("a backup is written whole, says its SHA-256 and position, and does not replace a file", { timeout: 60_000 }, async () => {
  const { code, json } = await run(["snapshot", "--output", path("first"), "--verify", "--json"]);
  expect(code).toBe(0);
  const sha256 = createHash("sha256").update(readFileSync(path("first"))).digest("hex");
  expect(json).toMatchObject({ schema: "raftctl.snapshot/v1", result: { applied: true, file: path("first"), sha256, region: "global", keys: 3, streams: 0, verified: true, members: ["n1"], compression: "none" } });
  expect(json.result.lastIndex).toMatch(/^\d+$/);
  const again = await run(["snapshot", "--output", path("first"), "--json"]);
  expect([again.code, again.json.error?.code, again.json.error?.message]).toEqual([6, "CONFLICT", expect.stringContaining(path("first"))]);
  expect((await run(["snapshot", "weekly", "--output", directory, "--compression", "zstd"])).stdout).toContain(`${path("weekly-")}${json.result.lastIndex}.raftbak`);
  const planned = await run(["snapshot", "--output", path("never"), "--from", "local", "--dry-run", "--json"]);
  expect([planned.code, planned.json.result.applied, planned.json.result.sha256, existsSync(path("never"))]).toEqual([0, false, null, false]);
});

test("a backup goes to the standard output as it is, with the remarks on stderr", { timeout: 60_000 }, async () => {
  const { code, bytes, stderr } = await run(["snapshot", "--output", "-", "--from", "n1"]);
  expect([code, bytes.subarray(0, 7).toString()]).toEqual([0, "RAFTBAK"]);
  expect(stderr).toContain(`sha256 ${createHash("sha256").update(bytes).digest("hex")}`);
  expect((await run(["snapshot", "--output", "-", "--json"])).code).toBe(2);
  const stranger = await run(["snapshot", "--output", path("x"), "--from", "n7", "--json"]);
  expect([stranger.code, stranger.json.error?.code]).toEqual([4, "NOT_FOUND"]);
});

test("a pipe whose reader goes away before the end is no success", { timeout: 60_000 }, async () => {
  const client = new Client({ endpoints: cluster.endpoints });
  for (const key of ["big/a", "big/b"]) await client.kv.put(key, "x".repeat(1_000_000));
  const child = spawn(process.execPath, [resolve(import.meta.dirname, "../../bin/dev.js"), "snapshot", "--output", "-"], { env: { PATH: process.env["PATH"], RAFTCTL_ENDPOINT: cluster.endpoints[0] }, stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(1);
  for (const key of ["big/a", "big/b"]) await client.kv.delete(key);
  client.close();
});

test.each([
  [["snapshot", "foo"], "names a backup file"],
  [["snapshot", "../foo", "--output", "."], "is no name for a backup"],
  [["snapshot", "--trailing", "1", "--compact"], "--trailing"],
  [["snapshot", "--output", "x", "--compact"], "--output"],
  [["snapshot", "--verify"], "--output"],
  [["snapshot", "prune", "--keep", "0"], "--keep 0"],
  [["snapshot", "restore", "file"], "with --data-dir and --name, or with --into-cluster"],
  [["snapshot", "restore", "file", "--data-dir", "d"], "with --data-dir and --name, or with --into-cluster"],
  [["snapshot", "restore", "file", "--into-cluster", "--name", "n1"], "--into-cluster"],
  [["snapshot", "restore", "file", "--into-cluster", "--listen-peer", "127.0.0.1:1"], "--into-cluster"],
])("%s is a usage error", async (words, text) => {
  const { code, stderr } = await run(words);
  expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
});

test("the node's own snapshots are taken, listed and pruned", { timeout: 60_000 }, async () => {
  const planned = await run(["snapshot", "--dry-run", "--json"]);
  expect(planned.json.result).toMatchObject({ applied: false, bytes: null });
  const taken = await run(["snapshot", "--compact", "--json"]);
  expect(taken.json.result).toMatchObject({ applied: true, node: "n1", file: null, stateBytes: { before: expect.any(Number), after: expect.any(Number) } });
  expect(Number(taken.json.result.logFirstIndex)).toBe(Number(taken.json.result.lastIndex) + 1);
  const { json } = await run(["snapshot", "list", "--json"]);
  expect(json.result.snapshots).toMatchObject([{ lastIndex: taken.json.result.lastIndex, bytes: taken.json.result.bytes, current: true }]);
  const inspected = await run(["snapshot", "inspect", json.result.snapshots[0].path, "--json"]);
  expect(inspected.json.result).toMatchObject({ kind: "snapshot", lastIndex: taken.json.result.lastIndex, records: { rows: 3 } });
  expect((await run(["snapshot", "prune", "--json"])).json.result).toMatchObject({ applied: true, removed: [], kept: [{ current: true }] });
});

test("snapshot --compact gives back the space of what was deleted, and a snapshot without it does not", { timeout: 60_000 }, async () => {
  const client = new Client({ endpoints: cluster.endpoints });
  for (let number = 0; number < 8; number += 1) await client.kv.put(`large/${number}`, "x".repeat(500_000));
  await client.kv.deletePrefix("large/");
  client.close();
  const plain = await run(["snapshot", "--json"]);
  expect([plain.code, plain.json.result.stateBytes]).toEqual([0, null]);
  const { code, stdout } = await run(["snapshot", "--compact"]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/; the state takes [\d.]+KiB, before [\d.]+MiB\n$/)]);
  expect((await run(["get", "app/a", "--output", "raw"])).stdout).toBe("value of app/a");
});

test("a file is inspected, compared and restored without a daemon, and damage ends all of it with 13", { timeout: 120_000 }, async () => {
  await run(["snapshot", "--output", path("whole")]);
  const none = { env: { RAFTCTL_ENDPOINT: "127.0.0.1:1" } };
  const inspected = await run(["snapshot", "inspect", path("whole"), "--keys", "--json"], none);
  expect(inspected.json.result).toMatchObject({ kind: "backup", keys: [{ prefix: { value: "app/" }, keys: 2 }, { prefix: { value: "other" }, keys: 1 }], moreKeys: false });
  expect((await run(["snapshot", "diff", path("whole"), path("whole")], none)).code).toBe(0);
  const client = new Client({ endpoints: cluster.endpoints });
  await client.kv.put("more", "1");
  client.close();
  await run(["snapshot", "--output", path("later")]);
  const difference = await run(["snapshot", "diff", path("whole"), path("later"), "--json"], none);
  expect([difference.code, difference.json.error?.code, difference.json.result.keys]).toEqual([12, "DIFFERENT", [{ change: "added", key: { value: "more", encoding: "utf8" } }]]);
  const planned = await run(["snapshot", "restore", path("whole"), "--data-dir", path("n"), "--name", "a", "--dry-run", "--json"], none);
  expect([planned.code, planned.json.result.applied, existsSync(path("n"))]).toEqual([0, false, false]);

  const damaged = readFileSync(path("whole"));
  damaged[Math.floor(damaged.length / 2)]! ^= 4;
  writeFileSync(path("damaged"), damaged);
  for (const words of [["inspect"], ["verify"], ["verify", "--rehearse"], ["restore", "--data-dir", path("n"), "--name", "a"]]) {
    const { code, stderr } = await run(["snapshot", words[0]!, path("damaged"), ...words.slice(1)], none);
    expect([code, stderr], words.join(" ")).toEqual([13, expect.stringContaining("is damaged at byte")]);
  }
  expect(readdirSync(directory).filter((name) => name === "n" || name.startsWith("raftctl-rehearsal-") || name.endsWith(".tmp"))).toEqual([]);
  expect((await run(["snapshot", "verify", path("nothing")], none)).code).toBe(4);
});

test("init --from-snapshot founds a cluster of its own with the state of a backup, each time another one, and leaves nothing of a damaged one", { timeout: 60_000 }, async () => {
  await run(["snapshot", "--output", path("origin")]);
  const none = { env: { RAFTCTL_ENDPOINT: "127.0.0.1:1" } };
  const init = (into: string, file: string, ...more: string[]): Promise<Outcome> =>
    run(["init", "--from-snapshot", path(file), "--name", "fresh", "--data-dir", path(into), "--listen-peer", "127.0.0.1:1", "--listen-client", "127.0.0.1:2", "--no-start", "--json", ...more], none);
  const planned = await init("founded", "origin", "--dry-run");
  expect([planned.code, planned.json.result.applied, existsSync(path("founded"))]).toEqual([0, false, false]);
  const founded = await init("founded", "origin");
  expect([founded.code, founded.json.result]).toEqual([0, expect.objectContaining({ applied: true, name: "fresh", clusterId: expect.stringMatching(/^[0-9a-f]{32}$/) })]);
  const again = await init("founded-again", "origin");
  const original = await run(["snapshot", "inspect", path("origin"), "--json"], none);
  expect(new Set([founded, again, original].map(({ json }) => json.result.clusterId)).size).toBe(3);
  const inspected = await run(["snapshot", "inspect", join(path("founded"), "regions/1/snapshots", readdirSync(join(path("founded"), "regions/1/snapshots"))[0]!), "--json"], none);
  expect(inspected.json.result).toMatchObject({ records: original.json.result.records, members: [{ name: "fresh", voter: true }] });
  const damaged = readFileSync(path("origin"));
  damaged[damaged.length - 40]! ^= 1;
  writeFileSync(path("origin-damaged"), damaged);
  expect([(await init("never", "origin-damaged")).code, existsSync(path("never")), (await init("never", "nothing")).code]).toEqual([13, false, 4]);
  expect((await init("founded", "origin")).code).toBe(6);
  expect((await init("never", "origin", "--expect", "3")).code).toBe(2);
});

test("a cluster that runs is given the keys of a backup: what differs, once somebody agrees, and nothing of a damaged file", { timeout: 60_000 }, async () => {
  const client = new Client({ endpoints: cluster.endpoints });
  const keys = async (): Promise<string[]> => (await client.kv.range({})).records.map(({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`);
  const before = await keys();
  await run(["snapshot", "--output", path("into")]);
  await client.kv.put("app/a", "changed");
  await client.kv.delete("app/b");
  await client.kv.put("new", "since then");
  const damaged = readFileSync(path("into"));
  damaged[damaged.length - 40]! ^= 1;
  writeFileSync(path("into-damaged"), damaged);
  expect((await run(["snapshot", "restore", path("into-damaged"), "--into-cluster", "--yes"])).code).toBe(13);
  const refused = await run(["snapshot", "restore", path("into"), "--into-cluster", "--json"]);
  expect([refused.code, refused.json.error?.code]).toEqual([9, "UNSAFE"]);
  const planned = await run(["snapshot", "restore", path("into"), "--into-cluster", "--dry-run", "--json"]);
  expect(planned.json).toMatchObject({ schema: "raftctl.snapshot-restore/v1", result: { applied: false, intoCluster: true, put: 2, deleted: 1, unchanged: before.length - 2 } });
  expect(await keys()).not.toEqual(before);
  const done = await run(["snapshot", "restore", path("into"), "--into-cluster", "--yes"]);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining(`2 keys written, 1 deleted, ${before.length - 2} left alone: as in ${path("into")}`)]);
  expect(await keys()).toEqual(before);
  expect((await run(["snapshot", "restore", path("into"), "--into-cluster", "--yes", "--json"])).json.result).toMatchObject({ put: 0, deleted: 0, unchanged: before.length });
  client.close();
});

test("a backup is rehearsed: a node serves it to a command, whose failure is ours, and nothing stays behind (N13)", { timeout: 120_000 }, async () => {
  await run(["snapshot", "--output", path("real")]);
  const reads = `test -S "$RAFTCTL_SOCKET" && test "$RAFTCTL_ENDPOINT" != ${cluster.endpoints[0]} && echo looked >> ${path("log")}`;
  const good = await run(["snapshot", "verify", path("real"), "--rehearse", "--exec", reads, "--json"]);
  expect([good.code, good.json.result]).toEqual([0, expect.objectContaining({ valid: true, rehearsal: expect.objectContaining({ sameState: true, exitCode: 0 }) })]);
  expect(readFileSync(path("log"), "utf8")).toBe("looked\n");
  const bad = await run(["snapshot", "verify", path("real"), "--rehearse", "--exec", "exit 7", "--json"]);
  expect([bad.code, bad.json.error?.code, bad.json.result.rehearsal.exitCode]).toEqual([11, "UNHEALTHY", 7]);
  expect(readdirSync(directory).filter((name) => name.startsWith("raftctl-rehearsal-"))).toEqual([]);
});

test("a rehearsal that is interrupted leaves neither its directory nor its command behind (N13)", { timeout: 120_000 }, async () => {
  await run(["snapshot", "--output", path("interrupted")]);
  let sent = false;
  const outcome = await run(["snapshot", "verify", path("interrupted"), "--rehearse", "--exec", `sleep 600 & echo $! > ${path("pid")}; echo started; wait`], {
    onOutput: (kill, output) => {
      if (sent || !output.includes("started")) return;
      sent = true;
      kill("SIGTERM");
    },
  });
  expect([outcome.code, readdirSync(directory).filter((name) => name.startsWith("raftctl-rehearsal-"))]).toEqual([143, []]);
  expect(await awaitEnd(identifyProcess(Number(readFileSync(path("pid"), "utf8"))), 5_000)).toBe(true);
});
