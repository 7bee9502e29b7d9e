// A whole cluster in one process, for tests and for trying things: full nodes, each with its own ports, data directory and admin socket, sharing
// nothing but the process (S81, S82).

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, type Logger } from "../base/logger.ts";
import { RaftctlError } from "../base/errors.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import type { Raft } from "../host/region.ts";
import { Daemon } from "./daemon.ts";
import { initDataDirectory, joinDataDirectory } from "./offline.ts";
import { systemParts } from "./parts.ts";

export interface ClusterOptions {
  readonly nodes: number;
  /** Parent of the data directories; a temporary one that `stop` removes when absent. */
  readonly directory?: string;
  /** By dotted key, as on a command line: `{ "raft.electionTimeout": "300ms" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly logger?: Logger;
}

/** `await using` stops it at the end of its block. */
export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly Daemon[];
  /** host:port of every client listener. */
  readonly endpoints: readonly string[];
  /** The log as the leader has it, or, without one, the node that knows of the latest term (S103). */
  readonly auditTrail: Raft["auditTrail"];
  stop(): Promise<void>;
}

const loopback = "127.0.0.1:0";
const joinTimeoutMs = 30_000;

/** Resolves when every node is a voter. */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "raftctl-")));
  const nodes: Daemon[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop({ transfer: false, drainMs: 0 })));
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
  };
  try {
    for (let number = 1; number <= options.nodes; number += 1) {
      nodes.push(await startNode(join(directory, `n${number}`), `n${number}`, nodes[0], options));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    endpoints: nodes.map((node) => node.clientAddress),
    get auditTrail() {
      return leadingReplica(nodes).auditTrail;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function leadingReplica(nodes: readonly Daemon[]): Raft {
  const replicas = nodes.map(({ region }) => region.raft);
  const rank = ({ core }: Raft): number => 2 * core.currentTerm + (core.role === "leader" ? 1 : 0);
  return replicas.reduce((best, replica) => (rank(replica) > rank(best) ? replica : best));
}

async function startNode(dataDir: string, name: string, first: Daemon | undefined, options: ClusterOptions): Promise<Daemon> {
  const settings: IdentitySettings = { listenPeer: loopback, listenClient: loopback, ...(options.settings?.["peer.transport"] === "http" && { peerTransport: "http" }) };
  if (first === undefined) await initDataDirectory(dataDir, { name, settings });
  else {
    await joinDataDirectory(dataDir, { name, settings, seeds: [first.peerAddress], role: "voter", promote: "auto", timeoutMs: 5_000, giveUpMs: joinTimeoutMs });
  }
  const daemon = await Daemon.start(await configOf(dataDir, options), await systemParts(options.logger ?? silentLogger));
  if ((await daemon.entered) === "failed") {
    await daemon.stop({ transfer: false, drainMs: 0 });
    throw new RaftctlError("NOT_READY", `${name} could not join`);
  }
  return daemon;
}

function configOf(dataDir: string, { settings = {} }: ClusterOptions): Promise<LoadedConfig> {
  return loadConfig({
    flags: { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": loopback, "listen.client": loopback, ...settings },
    env: {}, cwd: dataDir,
  });
}
