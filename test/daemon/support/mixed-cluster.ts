// A cluster in this process whose nodes know different cluster versions, as in the middle of an upgrade. A node can be restarted with another program.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../src/base/logger.ts";
import { Client } from "../../../src/client/client.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { initDataDirectory, joinDataDirectory } from "../../../src/daemon/offline.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import type { ClusterVersions } from "../../../src/wire/cluster-version.ts";

const loopback = "127.0.0.1:0";
const timing = { "raft.electionTimeout": "300ms", "raft.heartbeatInterval": "50ms", "network.connectTimeout": "200ms", "wal.segmentBytes": "1MiB" };

export class MixedCluster implements AsyncDisposable {
  readonly nodes = new Map<string, Daemon>();
  readonly #directory: string;
  readonly #clients: Client[] = [];

  /** Named n1, n2, … in the order of the tables; n1 founds it. */
  static async start(tables: readonly ClusterVersions[]): Promise<MixedCluster> {
    const cluster = new MixedCluster(await mkdtemp(join(tmpdir(), "raftctl-mixed-")));
    try {
      for (const [place, versions] of tables.entries()) await cluster.add(`n${place + 1}`, versions);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  client(name: string): Client {
    const client = new Client({ endpoints: [this.nodes.get(name)!.clientAddress], timeoutMs: 5_000 });
    this.#clients.push(client);
    return client;
  }

  leader(): string {
    return [...this.nodes].find(([, node]) => node.region.raft.core.role === "leader")![0];
  }

  async stop(name: string): Promise<void> {
    await this.nodes.get(name)!.stop({ transfer: true, drainMs: 0 });
  }

  /** The same node, in its directory and at its addresses, under another program. */
  async upgrade(name: string, versions: ClusterVersions): Promise<Daemon> {
    const { peerAddress, clientAddress } = this.nodes.get(name)!;
    await this.stop(name);
    return this.#run(name, versions, { "listen.peer": peerAddress, "listen.client": clientAddress });
  }

  /** Resolves when it has its place; rejects with what stopped it before. */
  async add(name: string, versions: ClusterVersions): Promise<void> {
    const request = { name, settings: { listenPeer: loopback, listenClient: loopback } };
    const [first] = this.nodes.values();
    if (first === undefined) await initDataDirectory(this.#place(name), request);
    else await joinDataDirectory(this.#place(name), { ...request, seeds: [first.peerAddress], role: "voter", promote: "auto", timeoutMs: 5_000, giveUpMs: 30_000 });
    const node = await this.#run(name, versions, { "listen.peer": loopback, "listen.client": loopback });
    const failure = await Promise.race([node.entered.then(() => undefined), node.ended]);
    if (failure !== undefined) throw failure;
  }

  async #run(name: string, versions: ClusterVersions, addresses: Readonly<Record<string, string>>): Promise<Daemon> {
    const dataDir = this.#place(name);
    const loaded = await loadConfig({ flags: { dataDir, adminSocket: join(dataDir, "admin.sock"), ...addresses, ...timing }, env: {}, cwd: dataDir });
    const daemon = await Daemon.start(loaded, { ...(await systemParts(silentLogger)), versions });
    this.nodes.set(name, daemon);
    return daemon;
  }

  #place(name: string): string {
    return join(this.#directory, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([...this.nodes.values()].map((node) => node.stop({ transfer: false, drainMs: 0 })));
    await rm(this.#directory, { recursive: true, force: true });
  }
}
