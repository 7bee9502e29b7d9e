// The node of this machine as the daemon commands see it: its effective configuration, and its daemon, started or found.

import { RaftctlError } from "../base/errors.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import type { DaemonStatus } from "../wire/admin-protocol.ts";
import { startDaemon } from "./daemon-process.ts";
import { daemonStatus } from "./local-daemon.ts";
import { forwardedFlags, loadRequest, type NodeFlags } from "./node-flags.ts";

export interface OwnNode {
  readonly loaded: LoadedConfig;
  readonly socket: string;
  readonly dataDir: string;
  readonly initialized: boolean;
}

/** daemon/offline.ts, which this floor may not know. */
export type ReadDirectory = (dataDir: string) => Promise<{ readonly settings: IdentitySettings } | undefined>;

export async function findOwnNode(flags: NodeFlags, readDirectory: ReadDirectory): Promise<OwnNode> {
  let initialized = false;
  const identitySettings = async (dataDir: string): Promise<IdentitySettings | undefined> => {
    const found = await readDirectory(dataDir);
    initialized = found !== undefined;
    return found?.settings;
  };
  const loaded = await loadConfig({ ...loadRequest(flags, process.env, process.cwd()), identitySettings });
  return { loaded, socket: loaded.config.adminSocket, dataDir: loaded.config.dataDir, initialized };
}

/** @param timeoutMs until it serves. @throws NOT_INITIALIZED; whatever the daemon ended with */
export async function startOwnNode(node: OwnNode, flags: NodeFlags, timeoutMs: number | undefined): Promise<DaemonStatus> {
  if (!node.initialized) {
    throw new RaftctlError("NOT_INITIALIZED", `${node.dataDir} holds no node`, { hint: "raftctl init, or raftctl join <peer-address>" });
  }
  await startDaemon({
    dataDir: node.dataDir,
    configFile: node.loaded.file,
    flags: forwardedFlags(flags),
    env: process.env,
    lifeline: false,
    ...(timeoutMs !== undefined && { readyTimeoutMs: timeoutMs }),
  });
  const status = await daemonStatus(node);
  if (status === undefined) throw new RaftctlError("UNREACHABLE", `the daemon was ready and does not answer on ${node.socket}`);
  return status;
}
