// Real daemons form one cluster from empty directories, and what they do when others are missing, late, cut off or configured otherwise. The hundred
// rounds in random order are in test/e2e/formation.test.ts.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Timer } from "../../../src/base/clock.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { globalRegion, type ClusterId, type NodeId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import { Client } from "../../../src/client/client.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { TcpTransport } from "../../../src/platform/tcp-transport.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import { readDataDirectory, readFormingDirectory, formDataDirectory, abandonForming } from "../../../src/daemon/offline.ts";
import type { FormationProgress } from "../../../src/wire/admin-protocol.ts";
import { FormingNodes, type FormingDaemon } from "./support/forming-nodes.ts";

const until = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 10_000, interval: 20 });

async function ask<T>(node: FormingDaemon, question: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ socket: node.daemon!.socket, timeoutMs: 5_000 });
  try {
    return await question(client);
  } finally {
    client.close();
  }
}

const progressOf = (node: FormingDaemon): Promise<FormationProgress | null> => ask(node, (client) => client.admin.call("formation", {}));

async function entered(nodes: readonly FormingDaemon[]): Promise<void> {
  expect(await Promise.all(nodes.map(({ daemon }) => daemon!.entered))).toEqual(nodes.map(() => "voter"));
}

test("two nodes that are given only a discovery source find each other and form one cluster, keeping their ids (S16, S69, S71)", async () => {
  await using forming = await FormingNodes.make(2);
  const ids = await Promise.all(forming.nodes.map(async ({ dataDir }) => (await readFormingDirectory(dataDir))!.nodeId));
  for (const node of forming.nodes) expect((await node.start()).state).toBe("forming");
  await entered(forming.nodes);
  expect(await forming.clusters()).toHaveLength(1);
  const [first] = forming.nodes;
  await until(() => expect(first!.daemon!.region.raft.core.membership.voters.toSorted()).toEqual(ids.toSorted()));
  for (const { dataDir } of forming.nodes) expect(await readFormingDirectory(dataDir)).toBeUndefined();
  for (const node of forming.nodes) {
    await node.kill();
    expect((await node.start()).state).not.toBe("forming");
  }
  await entered(forming.nodes);
});

test("with one node missing nothing is formed, and it is said who is missing (S71)", async () => {
  await using forming = await FormingNodes.make(3);
  const [first, second, third] = forming.nodes as [FormingDaemon, FormingDaemon, FormingDaemon];
  await first.start();
  await second.start();
  await until(async () => expect((await progressOf(first))?.found).toBe(2));
  const progress = (await progressOf(first))!;
  expect(progress).toMatchObject({ expect: 3, vote: null, problem: null, source: forming.source });
  expect(progress.waitsFor).toContain(`2 of 3 nodes found; ${third.peer}: `);
  expect(progress.addresses.map(({ state }) => state).toSorted()).toEqual(["forming", "self", "silent"]);
  expect(await ask(first, (client) => client.admin.call("health", {}))).toEqual({
    healthy: false, live: true, ready: false,
    checks: [{ name: "live", ok: true, detail: "the process answers" }, { name: "formed", ok: false, detail: `still forming a cluster of 3: ${progress.waitsFor}` }],
  });
  await expect(ask(first, (client) => client.admin.call("status", {}))).rejects.toMatchObject({ code: "NOT_READY", message: expect.stringContaining("2 of 3 nodes found") as string });
  expect(await ask(first, (client) => client.admin.call("daemonStatus", {}))).toMatchObject({ state: "forming", listeners: { peer: first.peer } });
  expect(await forming.clusters()).toEqual([]);
  await third.start();
  await entered(forming.nodes);
});

test("a node that comes later finds the cluster and joins it by itself (S71)", async () => {
  await using forming = await FormingNodes.make(3);
  for (const node of forming.nodes) await node.start();
  await entered(forming.nodes);
  const later = await forming.add("n4", 3);
  await forming.publish(forming.nodes);
  await later.start();
  await entered([later]);
  expect(await forming.clusters()).toHaveLength(1);
  await until(() => expect(forming.nodes[0]!.daemon!.region.raft.core.membership.voters).toHaveLength(4));
});

test("a node that has joined and asks one that still forms is told to wait, not that it is of the wrong cluster", async () => {
  await using forming = await FormingNodes.make(2);
  const [asked] = forming.nodes as [FormingDaemon];
  await asked.start();
  const transport = new TcpTransport({
    clock: new SystemClock(), prng: new Prng(1), address: { host: "127.0.0.1", port: 0 }, directory: { addressOf: () => undefined, refusalOf: () => undefined },
    identity: { clusterId: "0123456789abcdef0123456789abcdef" as ClusterId, clusterIncarnation: 1, nodeId: "77" as NodeId, incarnation: 1, name: "n7", regions: [], version: "1" },
  });
  const call = (method: string): Promise<unknown> => transport.callAddress(asked.peer, globalRegion, { type: "admin", hops: 0, method, params: {}, timeoutMs: 2_000 }, { timeoutMs: 2_000 });
  await expect(call("join")).rejects.toMatchObject({ code: "NOT_READY" });
  await expect(call("daemonStop")).rejects.toMatchObject({ code: "NOT_READY" });
  await transport.stop();
});

test("with discovery.join never a node that comes later stays out, and says why", async () => {
  await using forming = await FormingNodes.make(1);
  await forming.nodes[0]!.start();
  await entered(forming.nodes);
  const later = await forming.add("n2", 1, { "discovery.join": "never" });
  await forming.publish(forming.nodes);
  await later.start();
  await until(async () => expect((await progressOf(later))?.problem).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("discovery.join is never") as string }));
  expect(forming.nodes[0]!.daemon!.region.raft.core.membership.voters).toHaveLength(1);
});

test("two halves that cannot see each other never form two clusters, and one when they can (S71)", async () => {
  await using forming = await FormingNodes.make(4, 2);
  // Each half reads a source that names all, and reaches its own half only: the others listen elsewhere for now.
  const halves = [forming.nodes.slice(0, 2), forming.nodes.slice(2)];
  for (const node of halves[0]!) await node.start();
  await until(async () => expect((await progressOf(halves[0]![0]!))?.vote).not.toBeNull());
  await until(async () => expect((await progressOf(halves[0]![1]!))?.vote).not.toBeNull());
  for (const node of halves[0]!) await node.kill();
  for (const node of halves[1]!) await node.start();
  await until(async () => expect((await progressOf(halves[1]![0]!))?.vote).not.toBeNull());
  await until(async () => expect((await progressOf(halves[1]![1]!))?.vote).not.toBeNull());
  // Both halves have voted, each for a candidate of its own, and neither is more than half of the four.
  expect(await forming.clusters()).toEqual([]);
  const votes = await Promise.all(forming.nodes.map(async ({ dataDir }) => (await readFormingDirectory(dataDir))!.vote));
  expect(new Set(votes).size).toBe(2);
  for (const node of halves[0]!) await node.start();
  await entered(forming.nodes);
  expect(await forming.clusters()).toHaveLength(1);
});

test("a node that expects another number is refused by name and number, and stops nobody else", async () => {
  await using forming = await FormingNodes.make(2);
  const odd = await forming.add("n3", 3);
  await forming.publish(forming.nodes);
  await odd.start();
  await forming.nodes[0]!.start();
  await until(async () => expect((await progressOf(odd))?.problem?.message).toContain("forms a cluster of 2 nodes, n3 one of 3"));
  expect((await progressOf(forming.nodes[0]!))?.found).toBe(1);
  await forming.nodes[1]!.start();
  // Two of three addresses is more than half; the third node then joins what is there.
  await entered(forming.nodes);
  expect(await forming.clusters()).toHaveLength(1);
});

test("a later node with the name of a member is refused before it joins, and joins under another one", async () => {
  await using forming = await FormingNodes.make(1);
  await forming.nodes[0]!.start();
  await entered(forming.nodes);
  const later = await forming.add("later", 1);
  const { settings, source, expect: expected } = (await readFormingDirectory(later.dataDir))!;
  await formDataDirectory(later.dataDir, { name: "n1", settings, source, expect: expected });
  await forming.publish([...forming.nodes]);
  await later.start();
  await until(async () => expect((await progressOf(later))?.problem?.message).toContain("has a member called n1 already"));
  await later.kill();
  await formDataDirectory(later.dataDir, { name: "n2", settings, source, expect: expected });
  await later.start();
  await entered([later]);
  expect(await forming.clusters()).toHaveLength(1);
});

test("two nodes of one name do not form a cluster", async () => {
  await using forming = await FormingNodes.make(2);
  const [first, second] = forming.nodes as [FormingDaemon, FormingDaemon];
  const { settings, source, expect: expected } = (await readFormingDirectory(second.dataDir))!;
  await formDataDirectory(second.dataDir, { name: first.name, settings, source, expect: expected });
  await first.start();
  await second.start();
  await until(async () => expect((await progressOf(first))?.problem?.message).toContain(`two nodes are called ${first.name}`));
  expect(await forming.clusters()).toEqual([]);
});

test("a member that vanishes from discovery stays a member, and one that discovery names is none for that (S69, S91)", async () => {
  await using forming = await FormingNodes.make(3);
  for (const node of forming.nodes) await node.start();
  await entered(forming.nodes);
  const { raft } = forming.nodes[0]!.daemon!.region;
  await until(() => expect(raft.core.membership.voters).toHaveLength(3));
  const before = raft.core.status().membershipIndex;
  await writeFile(join(forming.home, "nodes"), "127.0.0.1:1\n");
  for (const node of forming.nodes) {
    await node.kill();
    await node.start();
  }
  await entered(forming.nodes);
  const after = forming.nodes[0]!.daemon!.region.raft;
  await after.waitForLeader(5_000);
  expect([after.core.membership.voters.length, after.core.membership.members.length]).toEqual([3, 3]);
  // Only the addresses of clients changed: their ports are chosen anew at every start.
  expect(after.core.status().membershipIndex).toBeGreaterThanOrEqual(before);
});

test("members that have all moved at once find each other by discovery, by id, and the log learns their addresses (S16, S91)", async () => {
  await using forming = await FormingNodes.make(3);
  for (const node of forming.nodes) await node.start();
  await entered(forming.nodes);
  await until(() => expect(forming.nodes[0]!.daemon!.region.raft.core.membership.voters).toHaveLength(3));
  for (const node of forming.nodes) await node.kill();
  for (const node of forming.nodes) await node.move();
  await forming.publish(forming.nodes);
  for (const node of forming.nodes) await node.start();
  const addresses = forming.nodes.map(({ peer }) => peer).toSorted();
  for (const { daemon } of forming.nodes) {
    await until(() => expect(daemon!.region.raft.core.membership.members.map(({ peerAddress }) => peerAddress).toSorted()).toEqual(addresses));
    expect(daemon!.region.raft.core.membership.voters).toHaveLength(3);
  }
  expect(await forming.clusters()).toHaveLength(1);
});

/** Knows which of its timers may still fire. */
class CountedClock extends SystemClock {
  readonly armed = new Set<object>();

  override at(time: number, call: () => void): Timer {
    const token = {};
    this.armed.add(token);
    const timer = super.at(time, () => {
      this.armed.delete(token);
      call();
    });
    return {
      cancel: () => {
        this.armed.delete(token);
        timer.cancel();
      },
    };
  }
}

test("a node that is told to stop while it goes over from forming to serving stops whole, with nothing left that would wake it", async () => {
  await using forming = await FormingNodes.make(1);
  const clock = new CountedClock();
  const node = forming.nodes[0]!;
  const { openStore } = await systemParts(silentLogger);
  let stopping: Promise<void> | undefined;
  await node.start({
    clock,
    openStore: (directory, logger) => {
      stopping = node.daemon!.stop({ transfer: false, drainMs: 0 });
      return openStore(directory, logger);
    },
  });
  await until(() => expect(stopping).toBeDefined());
  await stopping;
  await until(() => expect(clock.armed.size).toBe(0));
});

/** A disk that fails for good at the nth change of a name: before the change, or with it done and not yet made durable. */
function failingDisk(changes: number, moment: "before" | "after"): Disk {
  const disk = new NodeDisk();
  let count = 0;
  const failure = new RaftctlError("IO_ERROR", "the disk is gone");
  return new Proxy(disk, {
    get(target, key: keyof Disk) {
      const method = target[key].bind(target) as (...words: unknown[]) => Promise<unknown>;
      return async (...words: unknown[]) => {
        const changesName = key === "rename" || key === "unlink";
        if (changesName) count += 1;
        if (count > changes || (count === changes && (!changesName || moment === "before"))) throw failure;
        const result = await method(...words);
        if (count === changes && changesName) throw failure;
        return result;
      };
    },
  });
}

for (const changes of [1, 2, 3, 4, 5, 6]) {
  for (const moment of ["before", "after"] as const) {
    test(`a node whose disk fails ${moment} the ${changes}. change of a name ends, and goes on where it stood: one cluster (S71, S73)`, async () => {
      await using forming = await FormingNodes.make(2);
      for (const victim of forming.nodes) {
        for (const other of forming.nodes) if (other !== victim && other.daemon === undefined) await other.start();
        await victim.start({ disk: failingDisk(changes, moment) }).then((daemon) => Promise.race([daemon.ended, daemon.entered]), () => undefined);
        await victim.kill();
        await victim.start();
      }
      await entered(forming.nodes);
      expect(await forming.clusters()).toHaveLength(1);
    });
  }
}

test("a directory that forms is taken up again under the same id, and given up only while it has not voted", async () => {
  await using forming = await FormingNodes.make(1);
  const { dataDir } = forming.nodes[0]!;
  const first = (await readFormingDirectory(dataDir))!;
  const request = { name: "n1", settings: first.settings, source: first.source };
  expect(await formDataDirectory(dataDir, { ...request, expect: 2 })).toEqual({ nodeId: first.nodeId, name: "n1", continued: true });
  const node = forming.nodes[0]!;
  const second = await forming.add("n2", 2);
  await forming.publish([...forming.nodes, second]);
  await writeFile(join(forming.home, "nodes"), `${node.peer}\n${second.peer}\n127.0.0.1:1\n127.0.0.1:2\n`);
  await node.start();
  await second.start();
  await until(async () => expect((await progressOf(node))?.vote).not.toBeNull());
  await node.kill();
  await expect(formDataDirectory(dataDir, { ...request, expect: 1 })).rejects.toMatchObject({ code: "CONFLICT", message: "n1 forms a cluster of 2 and has voted in it; it cannot go on with one of 1" });
  expect(await abandonForming(dataDir)).toBe(false);
  expect((await readDataDirectory(dataDir))).toMatchObject({ clusterId: undefined, name: "n1", settings: { listenPeer: node.peer } });
});
