// Whole nodes with real disks, logs that were compacted, and real sockets: what a plan promises is what the started node holds.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../src/base/logger.ts";
import type { PlanDocument } from "../../../src/cli/recover/documents.ts";
import { verifyRecovery } from "../../../src/cli/recover/verification.ts";
import { Client } from "../../../src/client/client.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { createCluster, type Cluster } from "../../../src/daemon/cluster.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { applyPlanFile, joinDataDirectory, writeRecoveryDocument } from "../../../src/daemon/offline.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import { applyRecovery } from "../../../src/daemon/recovery/apply.ts";
import { makeRecoveryPlan } from "../../../src/daemon/recovery/make-plan.ts";
import { planDocument } from "../../../src/daemon/recovery/plan-file.ts";
import type { RecoveryPlan } from "../../../src/daemon/recovery/recovery-plan.ts";

const settings = {
  "raft.electionTimeout": "300ms", "raft.heartbeatInterval": "50ms", "network.connectTimeout": "200ms", "wal.segmentBytes": "1MiB",
  "compaction.logBytes": "1MiB", "compaction.trailingEntries": "10", "compaction.trailingBytes": "64KiB",
};
const stopNow = { transfer: false, drainMs: 0 };
const keys = Array.from({ length: 400 }, (_, position) => `key/${position}`);

class Home {
  readonly #directory: string;
  readonly #clients: Client[] = [];
  readonly #daemons: Daemon[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async make(): Promise<Home> {
    const directory = await mkdtemp(join(tmpdir(), "raftctl-recovery-"));
    const home = new Home(directory);
    onTestFinished(async () => {
      for (const client of home.#clients) client.close();
      await Promise.all(home.#daemons.map((daemon) => daemon.stop(stopNow)));
      await rm(directory, { recursive: true, force: true });
    });
    return home;
  }

  async cluster(nodes: number): Promise<Cluster> {
    const cluster = await createCluster({ nodes, directory: this.#directory, settings });
    this.#daemons.push(...cluster.nodes);
    return cluster;
  }

  dataDir(name: string): string {
    return join(this.#directory, name);
  }

  async start(name: string, peerAddress = "127.0.0.1:0"): Promise<Daemon> {
    const dataDir = this.dataDir(name);
    const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": peerAddress, "listen.client": "127.0.0.1:0", ...settings };
    const daemon = await Daemon.start(await loadConfig({ flags, env: {}, cwd: dataDir }), await systemParts(silentLogger));
    this.#daemons.push(daemon);
    return daemon;
  }

  client(daemon: Daemon): Client {
    const client = new Client({ endpoints: [daemon.clientAddress], timeoutMs: 5_000 });
    this.#clients.push(client);
    return client;
  }

  async recover(name: string, dead: readonly string[]): Promise<RecoveryPlan> {
    const plan = await makeRecoveryPlan({ directories: [this.dataDir(name)], files: [], dead, timeoutMs: 300 });
    expect((await applyRecovery(plan, this.dataDir(name))).stage).toBe("planned");
    return plan;
  }
}

async function isVerified(client: Client, plan: RecoveryPlan): Promise<void> {
  const { checks } = await verifyRecovery(client, planDocument(plan).content as PlanDocument);
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
}

test("a survivor with a snapshot and a purged log leads alone with everything that was acknowledged, and again after a second loss (N3)", { timeout: 120_000 }, async () => {
  const home = await Home.make();
  const { nodes } = await home.cluster(3);
  const writer = home.client(nodes[0]!);
  await Promise.all(keys.map((key) => writer.kv.put(key, "v".repeat(8_000))));
  await expect.poll(() => nodes[0]!.region.raft.storage.currentSnapshot?.index ?? 0, { timeout: 20_000 }).toBeGreaterThan(100);
  const { peerAddress } = nodes[0]!;
  await Promise.all(nodes.map((node) => node.stop(stopNow)));

  const plan = await home.recover("n1", ["n2", "n3"]);
  expect(plan).toMatchObject({ deadCouldDecide: true, fromIncarnation: 1, clusterIncarnation: 2, loss: { unknownFrom: plan.loss.committedUpTo + 1 } });
  const recovered = await home.start("n1", peerAddress);
  const client = home.client(recovered);
  await isVerified(client, plan);
  expect((await client.kv.range({ start: "key/", keysOnly: true })).count).toBe(keys.length);
  await client.kv.put("after", "recovery");

  const revived = await home.start("n2");
  await expect.poll(async () => (await home.client(revived).admin.call("status", {})).warnings.map(({ code }) => code), { timeout: 20_000 }).toContain("CLUSTER_RECOVERED");
  expect(revived.region.raft.core.role).not.toBe("leader");
  await revived.stop(stopNow);

  await joinDataDirectory(home.dataDir("n4"), {
    name: "n4", settings: { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" }, seeds: [peerAddress], role: "voter", promote: "auto", timeoutMs: 5_000, giveUpMs: 30_000,
  });
  const newcomer = await home.start("n4");
  expect(await newcomer.entered).toBe("voter");
  await Promise.all([recovered, newcomer].map((node) => node.stop(stopNow)));

  const second = await home.recover("n4", ["n1"]);
  expect(second).toMatchObject({ fromIncarnation: 2, clusterIncarnation: 3, deadCouldDecide: false, loss: { unknownFrom: undefined, entries: [] } });
  const last = home.client(await home.start("n4"));
  await isVerified(last, second);
  expect((await last.kv.range({ start: "", keysOnly: true, limit: 1 })).records).toHaveLength(1);
  expect((await last.kv.get("after")).record).toBeDefined();
});

test("a plan is not carried out once a node that was given up is back, and neither rehearsed (N3)", async () => {
  const home = await Home.make();
  const { nodes } = await home.cluster(3);
  const dead = nodes[1]!.peerAddress;
  await Promise.all(nodes.map((node) => node.stop(stopNow)));
  const plan = await makeRecoveryPlan({ directories: [home.dataDir("n1")], files: [], dead: ["n2", "n3"], timeoutMs: 300 });
  const planFile = join(home.dataDir("n1"), "plan");
  await writeRecoveryDocument(planFile, planDocument(plan));
  const revived = await home.start("n2", dead);
  for (const dryRun of [true, false]) {
    await expect(applyPlanFile({ planFile, dataDir: home.dataDir("n1"), dryRun })).rejects.toMatchObject({ code: "UNSAFE", message: `n2 answers at ${dead}: it is not dead` });
  }
  await revived.stop(stopNow);
  expect((await applyPlanFile({ planFile, dataDir: home.dataDir("n1"), dryRun: true })).stage).toBe("planned");
  expect((await applyPlanFile({ planFile, dataDir: home.dataDir("n1"), dryRun: false })).stage).toBe("planned");
  // What is done is done, whoever runs by now.
  const again = await home.start("n2", dead);
  expect((await applyPlanFile({ planFile, dataDir: home.dataDir("n1"), dryRun: false })).stage).toBe("applied");
  await again.stop(stopNow);
});

test("a node that leads alone is not recovered: its quorum is not lost (N3)", async () => {
  const home = await Home.make();
  const { nodes } = await home.cluster(1);
  await nodes[0]!.stop(stopNow);
  await expect(home.recover("n1", [])).rejects.toMatchObject({ code: "UNSAFE", message: "the quorum is not lost: a majority of the 1 voters is here (n1)" });
});
