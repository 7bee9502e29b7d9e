// What init does before and around a forming daemon: the directories and sockets that it does not take for its own, and what it prints.

import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formCluster, type Offline } from "../../src/cli/formation.ts";
import { awaitFormed } from "../../src/cli/formation-progress.ts";
import { formedText, type FormedDocument } from "../../src/cli/formation-view.ts";
import { alreadyInitialized, type Founding } from "../../src/cli/founding.ts";
import { checkHealth } from "../../src/cli/health-check.ts";
import { Client } from "../../src/client/client.ts";
import { FormingNodes } from "../daemon/formation/support/forming-nodes.ts";

const flags = { start: true, timeout: 300, quiet: true } as unknown as Parameters<typeof formCluster>[2];
const untouchable = new Proxy({} as Offline, { get: (_target, name) => () => Promise.reject(new Error(`${String(name)} was called`)) });
const planFor = (dataDir: string, adminSocket: string): Founding => ({ name: "n2", dataDir, settings: { listenPeer: "a:1", listenClient: "a:2" }, loaded: { config: { adminSocket } }, warnings: [] }) as unknown as Founding;

test("a daemon that runs the node of another directory is not taken for this one's; one behind a link to the same directory is", async () => {
  await using forming = await FormingNodes.make(2);
  const node = forming.nodes[0]!;
  const { socket } = await node.start();
  const other = join(forming.home, "other");
  await mkdir(other);
  const request = { source: forming.source, expect: 2, members: undefined };
  await expect(formCluster(planFor(other, socket), request, flags, untouchable)).rejects.toMatchObject({
    code: "CONFLICT", message: `the daemon at ${socket} runs the node in ${node.dataDir}, not the one in ${other}`, hint: expect.stringContaining("--socket") as string,
  });
  const link = join(forming.home, "link");
  await symlink(node.dataDir, link);
  await expect(formCluster(planFor(link, socket), request, flags, untouchable)).rejects.toMatchObject({ code: "UNHEALTHY", message: expect.stringContaining("1 of 2 nodes found") as string });
});

test("a cluster that may not be joined is a conflict that no waiting mends, also with others in the same place (S71)", async () => {
  await using forming = await FormingNodes.make(1);
  await (await forming.nodes[0]!.start()).entered;
  const late = [await forming.add("n2", 2, { "discovery.join": "never" }), await forming.add("n3", 2, { "discovery.join": "never" })];
  await forming.publish(forming.nodes);
  const [second] = await Promise.all(late.map((node) => node.start()));
  const wait = { name: "n2", source: forming.source, expect: 2, timeoutMs: 20_000, quiet: true };
  await expect(awaitFormed(second!.socket, wait)).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("discovery.join is never") as string });
});

test("health of a forming node: alive, not ready, with whom it waits for, also when a bound on lag is asked for", async () => {
  await using forming = await FormingNodes.make(2);
  const { socket } = await forming.nodes[0]!.start();
  const client = new Client({ socket, timeoutMs: 5_000 });
  try {
    expect(await checkHealth(client, { scope: "live", maxLag: undefined })).toMatchObject({ healthy: true, live: true, ready: false });
    const ready = await checkHealth(client, { scope: "ready", maxLag: 10 });
    expect(ready).toMatchObject({ healthy: false, live: true, ready: false });
    expect(ready.checks.filter(({ ok }) => !ok)).toEqual([
      { name: "formed", ok: false, detail: expect.stringMatching(/^still forming a cluster of 2: /) as string },
      { name: "max-lag", ok: false, detail: "this node has no log yet" },
    ]);
  } finally {
    client.close();
  }
});

test("a directory that is taken says whose node it holds, how that goes on, and how to begin anew", () => {
  const found = { clusterId: "c1", nodeId: "7", name: "n2", joins: false, settings: {} as never };
  expect(alreadyInitialized("/d", found)).toMatchObject({ code: "ALREADY_INITIALIZED", message: "/d already holds node n2 of cluster c1", details: { clusterId: "c1", nodeId: "7", name: "n2" }, hint: "raftctl daemon start, or another --data-dir" });
  const joining = alreadyInitialized("/d", { ...found, joins: true });
  expect(joining.message).toBe("/d already holds node n2 which joined cluster c1 or was about to");
  expect(joining.hint).toMatch(/daemon start goes on.*join HOST:PORT --fresh.*another --data-dir/);
  const forming = alreadyInitialized("/d", { ...found, clusterId: undefined });
  expect([forming.message, forming.hint]).toEqual(["/d already holds node n2 which is forming a cluster", expect.stringMatching(/daemon start goes on.*--expect.*another --data-dir/)]);
});

test("only voters are printed as voters", () => {
  const members = [["n1", "voter"], ["n2", "learner"], ["n3", "voter"]].map(([name, role]) => ({ name, role }));
  const document = { applied: true, name: "n1", nodeId: "1", dataDir: "/d", clusterId: "c", members, pid: 7, formation: { source: "file:/n", expect: 2 } } as unknown as FormedDocument;
  expect(formedText(document)).toBe("cluster c with node n1 (1) in /d\nvoters: n1, n3 (pid 7)");
});
