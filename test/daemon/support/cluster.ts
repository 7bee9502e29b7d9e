// A three-node cluster in this process with short timeouts, and a client for each of its nodes.

import { Client } from "../../../src/client/client.ts";
import { createCluster, type Cluster } from "../../../src/daemon/cluster.ts";
import type { Daemon } from "../../../src/daemon/daemon.ts";

export const electionTimeoutMs = 300;
const timeoutMs = 5_000;

export interface Fixture extends AsyncDisposable {
  readonly cluster: Cluster;
  leader(): Daemon;
  followers(): Daemon[];
  /** @param clearUpMs as long as a call may take, unless a test is about answers that come sooner: a disk that stands still for a moment is no failure. */
  client(node: Daemon, clearUpMs?: number): Client;
}

export async function startCluster(nodes: number, settings: Record<string, string> = {}): Promise<Fixture> {
  const cluster = await createCluster({ nodes, settings: { "raft.electionTimeout": `${electionTimeoutMs}ms`, "raft.heartbeatInterval": "50ms", "network.connectTimeout": "200ms", "wal.segmentBytes": "1MiB", ...settings } });
  const clients: Client[] = [];
  return {
    cluster,
    leader: () => cluster.nodes.find((node) => node.region.raft.core.role === "leader")!,
    followers: () => cluster.nodes.filter((node) => node.region.raft.core.role === "follower"),
    client: (node, clearUpMs = timeoutMs) => {
      const client = new Client({ endpoints: [node.clientAddress], timeoutMs, clearUpMs });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await cluster.stop();
    },
  };
}
