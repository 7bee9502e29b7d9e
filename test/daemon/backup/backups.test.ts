// Backups of real nodes in one process: whose word a state is, what a node that stops does with an export, and a restored node that starts.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Client } from "../../../src/client/client.ts";
import { SnapshotExport } from "../../../src/client/snapshot-export.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { restoreFile, type RestoreRequest } from "../../../src/daemon/backup/restore.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import { codeOf } from "../../host/support/members.ts";
import { startCluster } from "../support/cluster.ts";

const timeouts = { openMs: 2_000, readMs: 5_000 };
const request: RestoreRequest = { name: "r", members: [], token: undefined, keepClusterId: false, bumpIndex: 0, settings: { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" } };

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-backups-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function bytesOf(client: Client, linearizable: boolean): Promise<Uint8Array> {
  const source = await SnapshotExport.open(client.admin, { linearizable, compression: "none" }, timeouts);
  const pieces: Uint8Array[] = [];
  for await (const piece of source.pieces()) pieces.push(piece.slice());
  return new Uint8Array(Buffer.concat(pieces));
}

async function startRestored(directory: string): Promise<Daemon> {
  const dataDir = join(directory, "data");
  const flags = { dataDir, adminSocket: join(directory, "admin.sock"), "listen.peer": "127.0.0.1:0", "listen.client": "127.0.0.1:0" };
  return Daemon.start(await loadConfig({ flags, env: {}, cwd: directory }), await systemParts(silentLogger));
}

test("every member's confirmed state holds what was acknowledged before, and all of them are the same bytes", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3);
  const { cluster, client, leader } = fixture;
  for (let round = 0; round < 5; round += 1) {
    const { index } = (await client(leader()).kv.put(`k${round}`, "v"));
    const opened = await Promise.all(cluster.nodes.map((node) => SnapshotExport.open(client(node).admin, { linearizable: true, compression: "none" }, timeouts)));
    for (const source of opened) {
      expect([source.opened.index >= index, source.opened.keys]).toEqual([true, round + 1]);
      await source.close();
    }
  }
  const files = await Promise.all(cluster.nodes.map((node) => bytesOf(client(node), true)));
  expect(files.every((file) => Buffer.from(file).equals(files[0]!))).toBe(true);
});

test("without a majority nothing is confirmed, and a node's own state can still be had (S110)", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3);
  const { cluster, client } = fixture;
  const [survivor, ...others] = cluster.nodes;
  await client(survivor!).kv.put("k", "v");
  await Promise.all(others.map((node) => node.stop({ transfer: false, drainMs: 0 })));
  expect(await codeOf(bytesOf(client(survivor!), true))).toBe("NO_LEADER");
  expect((await bytesOf(client(survivor!), false)).length).toBeGreaterThan(100);
});

test("a node stops in order while somebody reads an export, and the reader is told", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  const client = fixture.client(node!);
  for (let key = 0; key < 4; key += 1) await client.kv.put(`k${key}`, "x".repeat(1_000_000));
  const source = await SnapshotExport.open(client.admin, { linearizable: true, compression: "none" }, timeouts);
  const pieces = source.pieces();
  await pieces.next();
  await node!.stop({ transfer: false, drainMs: 0 });
  expect(await node!.ended).toBeUndefined();
  const rest = (async () => {
    for (;;) if ((await pieces.next()).done === true) return;
  })();
  expect(["STOPPED", "CONNECTION_LOST", "UNREACHABLE"]).toContain(await codeOf(rest));
});

test("a node's own snapshot can be restored as well, from the directory of a node that is gone", { timeout: 30_000 }, async () => {
  const directory = temporary();
  {
    await using fixture = await startCluster(1);
    const client = fixture.client(fixture.cluster.nodes[0]!);
    await client.kv.put("k", "v");
    await client.admin.call("snapshotTake", { trailing: 0, dryRun: false });
    const [own] = (await client.admin.call("snapshotList", {})).snapshots;
    await expect(restoreFile(own!.path, join(directory, "kept"), { ...request, keepClusterId: true })).rejects.toMatchObject({ code: "INCOMPATIBLE" });
    await restoreFile(own!.path, join(directory, "data"), request);
  }
  const restored = await startRestored(directory);
  await restored.entered;
  expect([restored.region.raft.core.role, restored.region.raft.storage.appliedMembership.members.map(({ name }) => name)]).toEqual(["leader", ["r"]]);
  await restored.stop({ transfer: false, drainMs: 0 });
});

test("a restored node leads its own cluster; without the state that it was restored with it does not start", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  const client = fixture.client(node!);
  await client.kv.put("k", "v");
  const directory = temporary();
  const file = join(directory, "backup");
  await writeFile(file, await bytesOf(client, true));
  const { plan } = await restoreFile(file, join(directory, "data"), request);
  const restored = await startRestored(directory);
  await restored.entered;
  expect(restored.region.raft.core.role).toBe("leader");
  const own = fixture.client(restored);
  expect(Buffer.from((await own.kv.get("k")).records[0]!.value).toString()).toBe("v");
  expect(own.server?.clusterId).toBe(plan.identity.clusterId);
  await restored.stop({ transfer: false, drainMs: 0 });
  expect(await codeOf(restoreFile(file, join(directory, "data"), request))).toBe("ALREADY_INITIALIZED");

  const second = temporary();
  await restoreFile(file, join(second, "data"), request);
  const snapshots = join(second, "data", "regions", "1", "snapshots");
  expect(readdirSync(snapshots)).toHaveLength(1);
  rmSync(join(snapshots, readdirSync(snapshots)[0]!));
  await expect(startRestored(second)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("was restored from a backup") as string });
});
