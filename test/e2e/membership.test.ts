// Nodes come and go by request alone. What fails leaves nothing behind: no half member, no changed quorum, no directory that cannot be used again.

import { access } from "node:fs/promises";
import { expect, test } from "vitest";
import type { TestCluster } from "./support/cluster.ts";
import { freePort } from "./support/ports.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

async function membersOf(cluster: TestCluster): Promise<string[]> {
  const report = await (await cluster.leader()).region();
  return report.members.map((member) => `${member.name} ${member.role}`).toSorted();
}

test("a single node leads at once, and grows to three voters by joins alone, each with a listener for clients and one for peers (S84, S80, S1, H30)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  await cluster.client().kv.put("k", "v");
  await cluster.addNode();
  await cluster.addNode();
  expect(await membersOf(cluster)).toEqual(["n1 voter", "n2 voter", "n3 voter"]);
  await cluster.waitFor("one node that may fail, once the change is complete", (report) => report.failureTolerance === 1 && !report.joint, [await cluster.leader()]);
  for (const node of cluster.nodes) {
    expect(await node.status()).toMatchObject({ peerAddress: node.peerAddress, clientAddress: node.endpoint });
    await node.client.kv.put(`by/${node.name}`, "x");
  }
  await cluster.waitForAgreement();
});

test("a join that reaches nobody fails with 3, names the address, and writes nothing that hinders the next try (S84, S59)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const node = await cluster.newNode();
  const dead = `127.0.0.1:${await freePort()}`;
  const failed = await cluster.raftctl(["join", dead, ...cluster.identityFlags(node), "--timeout", "2s", "--json"]);
  expect(failed.exit, failed.stdout).toBe(3);
  expect(failed.json?.error?.message).toContain(dead);
  expect(await exists(node.dataDir)).toBe(false);
  const second = await cluster.raftctl(["join", cluster.nodes[0]!.peerAddress, ...cluster.identityFlags(node), "--json"]);
  expect(second.exit, second.stdout).toBe(0);
  cluster.adopt(second.json?.result?.["pid"]);
  await cluster.waitFor("second voter", (report) => report.members.filter((member) => member.role === "voter").length === 2);
});

test("init and join refuse a directory that belongs to a cluster already, and name the cluster (S51, S84, H47, PRODUCT row 11)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const [node] = cluster.nodes;
  const { clusterId } = await node!.status();
  await node!.kill9();
  const init = await cluster.raftctl(["init", ...cluster.identityFlags(node!), "--no-start", "--json"]);
  expect([init.exit, init.json?.error?.code]).toEqual([6, "ALREADY_INITIALIZED"]);
  expect(init.json?.error?.message).toContain(clusterId);
  await node!.start();
  const join = await cluster.raftctl(["join", node!.peerAddress, ...cluster.identityFlags(node!), "--json"]);
  expect(join.exit, join.stdout).toBe(6);
});

test("a second node with a name that is taken is refused with 6 and does not become a member (S84, S59)", async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const twin = await cluster.newNode();
  const flags = cluster.identityFlags(twin).with(1, "n1");
  const joined = await cluster.raftctl(["join", cluster.nodes[0]!.peerAddress, ...flags, "--timeout", "5s", "--json"]);
  expect(joined.exit, joined.stdout).toBe(6);
  expect(await membersOf(cluster)).toEqual(["n1 voter"]);
});

test("a node that leaves is gone from the membership and its data is moved aside; the last voter may not leave (S84, H30)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 2, settings: fast });
  await cluster.client().kv.put("k", "v");
  const leaving = cluster.node("n2");
  const left = await cluster.raftctl(["leave", "--data-dir", leaving.dataDir, "--socket", leaving.socket, "--yes", "--json"]);
  expect(left.exit, left.stdout).toBe(0);
  expect(await exists(String(left.json?.result?.["dataMovedTo"]))).toBe(true);
  expect(await exists(leaving.dataDir)).toBe(false);
  await leaving.terminate();
  expect(await membersOf(cluster)).toEqual(["n1 voter"]);
  const last = cluster.node("n1");
  const refused = await cluster.raftctl(["leave", "--data-dir", last.dataDir, "--socket", last.socket, "--yes", "--json"]);
  expect(refused.exit, refused.stdout).toBe(9);
  await cluster.client({ endpoints: [last.endpoint] }).kv.put("k", "still here");
});

test("leadership moves on request, to the node that was named, and never to one that is not eligible (S96, U8, S84)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 2, settings: fast });
  const idle = await cluster.addNode({ masterEligible: false });
  const leader = await cluster.leader();
  const target = cluster.nodes.find((node) => node !== leader && node !== idle)!;
  const moved = await cluster.raftctl(["leader", "transfer", target.name, "--endpoint", leader.endpoint, "--json"]);
  expect(moved.exit, moved.stdout).toBe(0);
  expect((await cluster.leader()).name).toBe(target.name);
  const refused = await cluster.raftctl(["leader", "transfer", idle.name, "--endpoint", leader.endpoint, "--json"]);
  expect(refused.exit, refused.stdout).toBe(6);
  const resigned = await cluster.raftctl(["leader", "resign", "--endpoint", idle.endpoint, "--json"]);
  expect(resigned.exit, resigned.stdout).toBe(0);
  expect((await cluster.leader()).name).toBe(leader.name);
});
