// Whole nodes in one process: real sockets, real files, real LMDB.

import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { expect, test, vi } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import type { RaftctlError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { systemParts } from "../../src/daemon/parts.ts";
import { decodeCommand } from "../../src/wire/command.ts";
import { electionTimeoutMs, startCluster } from "./support/cluster.ts";

const caught = (promise: Promise<unknown>): Promise<RaftctlError> => promise.then(
  () => expect.unreachable("the call was expected to fail"),
  (error: RaftctlError) => error,
);

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : utf8Text(bytes));

test("three full nodes run in one process, each with ports and a directory of its own, and agree on one leader (S1, S81, S82, S90)", async () => {
  await using fixture = await startCluster(3);
  const { nodes } = fixture.cluster;
  expect(new Set(nodes.map((node) => node.peerAddress)).size).toBe(3);
  expect(new Set(nodes.map((node) => node.clientAddress)).size).toBe(3);
  expect(new Set(nodes.map((node) => node.socket)).size).toBe(3);
  const statuses = nodes.map((node) => node.region.raft.core.status());
  expect(statuses.filter((status) => status.role === "leader")).toHaveLength(1);
  for (const status of statuses) expect(status.membership.voters).toHaveLength(3);
  const directory = dirname(nodes[0]!.socket);
  await fixture.cluster.stop();
  expect(existsSync(directory)).toBe(false);
});

test("`cluster.auditTrail` is the leader's log, and the next leader's when that one is gone (S103)", async () => {
  await using fixture = await startCluster(3);
  const { cluster } = fixture;
  const follower = fixture.followers()[0]!;
  const client = fixture.client(follower);
  const { index } = await client.kv.put("colour", "green");
  const written = (): unknown => {
    const [entry] = cluster.auditTrail.entries(index, index);
    const command = decodeCommand(entry!.data);
    return command.operation === "put" && [text(command.key), text(command.value)];
  };
  expect(cluster.auditTrail.last).toBeGreaterThanOrEqual(index);
  expect(written()).toEqual(["colour", "green"]);
  await fixture.leader().stop({ transfer: true, drainMs: 0 });
  const later = await client.kv.put("colour", "blue", { timeoutMs: 15_000 });
  expect(cluster.auditTrail.last).toBeGreaterThanOrEqual(later.index);
  expect(written()).toEqual(["colour", "green"]);
});

test("a follower takes a write, hands it to its leader, and every node reads it at once (S83, S117, S118, U7)", async () => {
  await using fixture = await startCluster(3);
  const follower = fixture.followers()[0]!;
  const receipt = await fixture.client(follower).kv.put("colour", "green");
  expect(receipt.forwardedBy).toBeDefined();
  expect(receipt.leader).not.toBe(receipt.forwardedBy);
  for (const node of fixture.cluster.nodes) {
    const { record } = await fixture.client(node).kv.get("colour");
    expect(text(record?.value)).toBe("green");
  }
});

test("a write and a read after leadership has moved see everything from before, on the old leader too (S118, U8, H21)", async () => {
  await using fixture = await startCluster(3);
  const old = fixture.leader();
  const client = fixture.client(old);
  await client.kv.put("k", "1");
  const rehearsed = await client.admin.call("leaderTransfer", { to: null, dryRun: true });
  expect([rehearsed.applied, rehearsed.old === rehearsed.new]).toEqual([false, false]);
  expect((await caught(client.admin.call("leaderTransfer", { to: "n9", dryRun: true }))).code).toBe("NOT_FOUND");
  const { new: successor } = await client.admin.call("leaderTransfer", { to: null, dryRun: false });
  await client.kv.put("k", "2");
  expect(text((await client.kv.get("k")).record?.value)).toBe("2");
  const again = await fixture.client(old).admin.call("leaderTransfer", { to: null, dryRun: false });
  expect(again.old).toBe(successor);
  expect(again.new).not.toBe(successor);
});

test("writes that arrive while leadership moves to and fro all succeed exactly once (H20, H31, S109)", async () => {
  await using fixture = await startCluster(3);
  const clients = fixture.cluster.nodes.map((node) => fixture.client(node));
  const progress = { moving: true };
  const moves = (async () => {
    for (let round = 0; round < 4; round += 1) await clients[0]!.admin.call("leaderTransfer", { to: null, dryRun: false });
  })().finally(() => (progress.moving = false));
  let acknowledged = 0;
  while (progress.moving) {
    await Promise.all(clients.map((client, lane) => client.kv.put(`lane-${lane}`, String(acknowledged))));
    acknowledged += 1;
  }
  await moves;
  for (const lane of [0, 1, 2]) {
    const { record } = await clients[0]!.kv.get(`lane-${lane}`);
    expect(record?.version).toBe(acknowledged);
  }
});

const nothing = { promote: [], demote: [], remove: [], update: [], transferTo: null };

test("a member leaves by request alone, and the last voter never does (S84)", async () => {
  await using fixture = await startCluster(2);
  const leader = fixture.leader();
  const [other] = fixture.followers();
  const client = fixture.client(leader);
  const { members } = await client.admin.call("memberList", {});
  const leaving = members.find((member) => !member.leader)!;
  const dry = await client.admin.call("memberChange", { ...nothing, remove: [leaving.name], force: false, dryRun: true });
  expect(dry).toMatchObject({ applied: false, before: { voters: ["n1", "n2"] }, after: { voters: [expect.any(String)] } });
  const removal = await client.admin.call("memberChange", { ...nothing, remove: [leaving.name], force: false, dryRun: false });
  expect(removal.applied).toBe(true);
  expect((await client.admin.call("memberList", {})).members.map((member) => member.name)).not.toContain(leaving.name);
  const last = await caught(client.admin.call("memberChange", { ...nothing, remove: [members.find((member) => member.leader)!.name], force: true, dryRun: false }));
  expect(last.code).toBe("UNSAFE");
  expect(last.message).toContain("no voter would remain");
  expect(other!.region.raft.core.role).not.toBe("leader");
});

test("a leader that is asked to remove itself hands leadership over first (S84, H30)", async () => {
  await using fixture = await startCluster(3);
  const leader = fixture.leader();
  const { members } = await fixture.client(leader).admin.call("memberList", {});
  const self = members.find((member) => member.leader)!;
  const removal = await fixture.client(leader).admin.call("memberChange", { ...nothing, remove: [self.name], force: false, dryRun: false });
  expect(removal).toMatchObject({ applied: true, after: { voters: { length: 2 } } });
  const [rest] = fixture.cluster.nodes.filter((node) => node !== leader);
  const receipt = await fixture.client(rest!).kv.put("after", "x");
  expect(receipt.leader).not.toBe(self.name);
});

test("a second daemon on the same directory is refused and disturbs nothing (S51, H47)", async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  const dataDir = dirname(node!.socket);
  const loaded = await loadConfig({ flags: { dataDir, adminSocket: `${dataDir}/other.sock`, "listen.peer": "127.0.0.1:0", "listen.client": "127.0.0.1:0" }, env: {}, cwd: dataDir });
  const error = await caught(Daemon.start(loaded, await systemParts(silentLogger)));
  expect(error.code).toBe("LOCKED");
  expect(error.message).toContain(String(process.pid));
  await fixture.client(node!).kv.put("still", "here");
});

test("a restarted node serves what it acknowledged, replayed before its client listener opened (S40, S73, S107, S122)", async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  const dataDir = dirname(node!.socket);
  for (let number = 0; number < 50; number += 1) await fixture.client(node!).kv.put(`key-${number}`, String(number));
  const applied = node!.region.raft.core.lastApplied;
  await node!.stop({ transfer: false, drainMs: 0 });
  const loaded = await loadConfig({ flags: { dataDir, adminSocket: node!.socket, "listen.peer": "127.0.0.1:0", "listen.client": "127.0.0.1:0" }, env: {}, cwd: dataDir });
  const again = await Daemon.start(loaded, await systemParts(silentLogger));
  try {
    expect(again.region.raft.core.lastApplied).toBeGreaterThanOrEqual(applied - 1);
    const client = fixture.client(again);
    for (const number of [0, 25, 49]) expect(text((await client.kv.get(`key-${number}`)).record?.value)).toBe(String(number));
  } finally {
    await again.stop({ transfer: false, drainMs: 0 });
  }
});

test("without a majority a write fails within two election timeouts and names the missing votes (S83, H20)", async () => {
  await using fixture = await startCluster(3);
  const leader = fixture.leader();
  const client = fixture.client(leader, 2 * electionTimeoutMs);
  await client.kv.put("before", "1");
  await Promise.all(fixture.followers().map((node) => node.stop({ transfer: false, drainMs: 0 })));
  const began = performance.now();
  const first = await caught(client.kv.put("k", "v"));
  expect(["UNKNOWN_OUTCOME", "NO_LEADER"]).toContain(first.code);
  expect(performance.now() - began).toBeLessThan(2 * electionTimeoutMs + 100);
  await vi.waitUntil(() => leader.region.raft.core.leader === undefined, { timeout: 5_000 });
  const second = await caught(client.kv.put("k", "v"));
  expect(second.code).toBe("NO_LEADER");
  expect(second.message).toMatch(/need 2 of 3 votes/);
  expect(second.details?.["missing"]).toHaveLength(2);
});

test("no synchronous file call is made while requests are served (S49)", async () => {
  await using fixture = await startCluster(3);
  const client = fixture.client(fixture.leader());
  await client.kv.put("warm", "up");
  const names = Object.keys(fs).filter((name) => name.endsWith("Sync") && typeof (fs as Record<string, unknown>)[name] === "function");
  const called: string[] = [];
  const module = fs as unknown as Record<string, (...parameters: unknown[]) => unknown>;
  const original = new Map(names.map((name) => [name, module[name]!]));
  for (const name of names) {
    module[name] = (...parameters) => {
      called.push(name);
      return original.get(name)!(...parameters);
    };
  }
  syncBuiltinESMExports();
  try {
    await Promise.all(Array.from({ length: 200 }, (_, number) => client.kv.put(`key-${number}`, "x".repeat(1024))));
    await client.kv.get("key-7");
  } finally {
    for (const [name, call] of original) module[name] = call;
    syncBuiltinESMExports();
  }
  expect(names.length).toBeGreaterThan(30);
  expect(called).toEqual([]);
});

test("after it has stopped, a cluster leaves no socket, no timer and no server behind (S53)", async () => {
  const handles = (): string[] => process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|Immediate|CloseReq|MessagePort)$/.test(name)).toSorted();
  const before = handles();
  const fixture = await startCluster(3);
  await fixture.client(fixture.leader()).kv.put("k", "v");
  await fixture[Symbol.asyncDispose]();
  await vi.waitUntil(() => handles().length <= before.length, { timeout: 5_000 });
});
