// What a node says of itself when the doctor asks, and what its directory says once it is stopped: real nodes in this process.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { globalRegion, parseClusterId, type NodeId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { questionMs } from "../../src/cli/doctor/consultation.ts";
import type { Daemon } from "../../src/daemon/daemon.ts";
import { nodeFacts, type FactSources } from "../../src/daemon/facts.ts";
import { examineDirectory } from "../../src/daemon/offline.ts";
import type { ProbedPeer, Transport } from "../../src/host/transport.ts";
import { crc32 } from "../../src/platform/crc32.ts";
import { NodeDisk } from "../../src/platform/node-disk.ts";
import type { Identity } from "../../src/storage/data-dir.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import type { NodeFacts } from "../../src/wire/node-facts.ts";
import { startCluster } from "./support/cluster.ts";

const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-facts-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Every file with its size and time of change: nothing may be touched. */
const inventory = (directory: string): string[] => readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted()
  .map((name) => `${name} ${statSync(join(directory, name)).size} ${statSync(join(directory, name)).mtimeMs}`);

async function factsIn(directory: string): Promise<NodeFacts> {
  const finding = await examineDirectory(directory);
  if (finding.state !== "facts") throw new Error(`${directory}: ${JSON.stringify(finding)}`);
  return finding.facts;
}

test("each node tells its term, log, configuration and disk, and whom it reaches (N1)", async () => {
  await using fixture = await startCluster(3);
  const leader = fixture.leader();
  await fixture.client(leader).kv.put("k", "v");
  const facts = await Promise.all(fixture.cluster.nodes.map((node) => fixture.client(node).admin.call("diagnose", {})));
  expect(facts.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  for (const one of facts) {
    expect(one).toMatchObject({ source: "live", incarnation: 1, protocol: 1, masterEligible: true, disk: { readOnly: false }, electionTimeoutMs: 300 });
    expect(one.raft).toMatchObject({ leader: leader.region.raft.id, lastTerm: leader.region.raft.core.currentTerm, votes: null, membership: { votersOutgoing: [], learners: [] } });
    expect(one.raft.membership.voters).toHaveLength(3);
    expect(one.peers.map(({ knock }) => knock)).toEqual(facts.map(({ nodeId, name }) => expect.objectContaining({ ok: true, nodeId, name, clusterId: one.clusterId })));
    expect(one.process?.wallClockMs).toBeGreaterThan(Date.now() - 60_000);
  }
  const led = facts.find(({ raft }) => raft.role === "leader")!;
  expect(led.peers.filter(({ id }) => id !== led.nodeId).every(({ lastContactMs, link }) => lastContactMs !== null && lastContactMs < 1_000 && link?.state === "connected")).toBe(true);
});

/** What this daemon would say, with nothing remarkable but its members. */
function sourcesOf({ region, peerAddress, clientAddress }: Daemon): Omit<FactSources, "transport"> {
  const identity: Identity = { formatVersion: 1, clusterId: parseClusterId("a".repeat(32)), clusterIncarnation: 1, nodeId: region.raft.id, incarnation: 1, name: "n1", foundedBy: "init", settings: {} };
  const view = { raft: region.raft, transport: { peerConnectsTotal: 0, peers: [] }, now: 0, electionTimeout: 300, fsyncP99Ms: undefined };
  return {
    identity, masterEligible: true, wal: { pendingSinceMs: undefined }, wallClockJumpMs: () => 0, joining: () => undefined, removedAt: () => undefined,
    node: () => ({ peerAddress, clientAddress, eventLoopLagP99Ms: 0, warnings: [] }) as unknown as ReturnType<FactSources["node"]>,
    daemon: () => ({ pid: 1, state: "ready", uptimeMs: 1, dataDir: "/d" }) as ReturnType<FactSources["daemon"]>,
    view: () => view as unknown as ReturnType<FactSources["view"]>,
  };
}

test("a member that does not answer in time is knocked at once more, one that refuses is not, and nothing is asked for longer than a question lasts", async () => {
  await using fixture = await startCluster(3);
  const knocks: string[] = [];
  const [first, second, third] = fixture.cluster.nodes.map(({ peerAddress }) => peerAddress) as [string, string, string];
  const identity: ProbedPeer = { nodeId: fixture.leader().region.raft.id, name: "n1", clusterId: "a".repeat(32), clusterIncarnation: 1, incarnation: 1, regions: [] };
  const probe: Transport["probe"] = (address, { timeoutMs }) => {
    knocks.push(address);
    expect(2 * timeoutMs).toBeLessThan(questionMs(1));
    if (address === first || (address === second && knocks.filter((one) => one === second).length > 1)) return Promise.resolve(identity);
    return Promise.reject(new RaftctlError(address === third ? "CLUSTER_MISMATCH" : "UNREACHABLE", "no answer within 10 ms"));
  };
  const { peers } = await nodeFacts({ ...sourcesOf(fixture.leader()), transport: { probe } });
  expect(peers.map(({ address, knock }) => [address, knock.ok])).toEqual([[first, true], [second, true], [third, false]]);
  expect(knocks.toSorted((left, right) => left.localeCompare(right))).toEqual([first, second, second, third].toSorted((left, right) => left.localeCompare(right)));
});

test("without a leader and without a majority a node still answers, and says why it reaches nobody (K4)", async () => {
  await using fixture = await startCluster(3);
  const [left, ...gone] = fixture.cluster.nodes;
  await Promise.all(gone.map((node) => node.stop({ transfer: false, drainMs: 0 })));
  const facts = await fixture.client(left!).admin.call("diagnose", {});
  const knocks = facts.peers.filter(({ id }) => id !== facts.nodeId).map(({ knock }) => knock);
  expect(knocks).toEqual([expect.objectContaining({ ok: false, message: expect.stringContaining("ECONNREFUSED") }), expect.objectContaining({ ok: false })]);
});

test("the directory of a stopped node says what the node said, and reading changes nothing and takes no lock (N1)", async () => {
  await using fixture = await startCluster(3);
  const follower = fixture.followers()[0]!;
  for (let write = 0; write < 5; write += 1) await fixture.client(follower).kv.put(`k${write}`, "v");
  const told = await fixture.client(follower).admin.call("diagnose", {});
  const directory = dirname(follower.socket);
  await follower.stop({ transfer: false, drainMs: 0 });
  const before = inventory(directory);
  const [read, again] = await Promise.all([factsIn(directory), factsIn(directory)]);
  expect(inventory(directory)).toEqual(before);
  expect(again).toEqual(read);
  const { clusterId, clusterIncarnation, nodeId, name, incarnation, dataFormat, dataDir } = told;
  expect(read).toMatchObject({ source: "directory", clusterId, clusterIncarnation, nodeId, name, incarnation, dataFormat, dataDir, process: null, peers: [] });
  const { term, lastTerm, lastIndex, membership, membershipIndex } = told.raft;
  expect(read.raft).toMatchObject({ role: null, leader: null, term, lastTerm, lastIndex, membership, membershipIndex });
});

test("after a compaction the directory still knows the configuration and where the log ends, and a snapshot is read to its last byte (S38)", async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  await fixture.client(node!).kv.put("k", "v");
  await node!.region.raft.takeSnapshot();
  const { index } = node!.region.raft.storage.currentSnapshot!;
  expect(index).toBeGreaterThan(0);
  const told = await fixture.client(node!).admin.call("diagnose", {});
  await node!.stop({ transfer: false, drainMs: 0 });
  const read = await factsIn(dirname(node!.socket));
  expect(read.raft).toMatchObject({ snapshotIndex: index, lastIndex: told.raft.lastIndex, membership: told.raft.membership });

  const snapshots = join(dirname(node!.socket), "regions/1/snapshots");
  const snapshot = join(snapshots, readdirSync(snapshots).find((name) => name.endsWith(".snapshot"))!);
  const bytes = readFileSync(snapshot);
  bytes[bytes.length - 40]! ^= 0x10;
  writeFileSync(snapshot, bytes);
  expect(await examineDirectory(dirname(node!.socket))).toMatchObject({ state: "damaged", code: "CORRUPT", message: expect.stringContaining(".snapshot is damaged at byte") });
});

test("a snapshot that is not this node's, or does not fit to its log, is what a start would refuse, and is found here (S38)", async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  await fixture.client(node!).kv.put("k", "v");
  await node!.region.raft.takeSnapshot();
  const { index, term } = node!.region.raft.storage.currentSnapshot!;
  const directory = dirname(node!.socket);
  const { clusterId, nodeId } = (await fixture.client(node!).admin.call("diagnose", {}));
  await node!.stop({ transfer: false, drainMs: 0 });
  const folder = join(directory, "regions/1/snapshots");
  const membership = { voters: [nodeId as NodeId], votersOutgoing: [], learners: [], learnersNext: [], members: [{ id: nodeId as NodeId, name: "n1", peerAddress: "a:1", clientAddress: "a:2", incarnation: 1, masterEligible: true }] };
  const replace = async (cluster: string, snapshotTerm: number): Promise<void> => {
    rmSync(folder, { recursive: true });
    const disk = new NodeDisk();
    const store = await SnapshotStore.open({ disk, directory: folder, crc32, clusterId: parseClusterId(cluster), region: globalRegion, logger: silentLogger });
    await store.write({ index, term: snapshotTerm, membership }, []);
  };
  await replace("f".repeat(32), term);
  expect(await examineDirectory(directory)).toMatchObject({ state: "damaged", code: "CORRUPT", message: expect.stringContaining("it belongs to region 1 of cluster ffff") });
  await replace(clusterId, term);
  expect(await factsIn(directory)).toMatchObject({ raft: { snapshotIndex: index } });
});

test("an empty, a wiped and a damaged directory are findings, not failures (S38, H12)", async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  await fixture.client(node!).kv.put("k", "v");
  const home = scratch();
  const directory = dirname(node!.socket);
  await node!.stop({ transfer: false, drainMs: 0 });
  const copy = (name: string): string => {
    const target = join(home, name);
    cpSync(directory, target, { recursive: true, filter: (file) => !file.endsWith(".sock") });
    return target;
  };
  expect(await examineDirectory(join(home, "nowhere"))).toEqual({ state: "empty" });
  mkdirSync(join(home, "new"));
  expect(await examineDirectory(join(home, "new"))).toEqual({ state: "empty" });

  const wiped = copy("wiped");
  rmSync(join(wiped, "wal"), { recursive: true });
  expect(await examineDirectory(wiped)).toMatchObject({ state: "wiped", node: { name: "n1" }, code: "CORRUPT" });

  const damaged = copy("damaged");
  const segment = readdirSync(join(damaged, "wal")).toSorted().find((name) => readFileSync(join(damaged, "wal", name)).subarray(4096).some((byte) => byte !== 0))!;
  const path = join(damaged, "wal", segment);
  const bytes = readFileSync(path);
  bytes[4096 + 40]! ^= 0x10;
  writeFileSync(path, bytes);
  expect(await examineDirectory(damaged)).toMatchObject({ state: "damaged", node: { name: "n1" }, code: "CORRUPT", message: expect.stringContaining(segment) });

  const unnamed = copy("unnamed");
  rmSync(join(unnamed, "identity"));
  expect(await examineDirectory(unnamed)).toMatchObject({ state: "damaged", node: null, code: "CORRUPT" });
});
