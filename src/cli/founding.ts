// The order in which init and join make a node, for both: check the configuration, make the data directory, start the daemon, wait. If anything
// fails before the node has its place, the daemon is stopped and what this call made of the directory is removed again.

import { RaftctlError } from "../base/errors.ts";
import { configWarnings } from "../config/checks.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { startDaemon, type StartedDaemon } from "./daemon-process.ts";
import { rememberDirectory } from "./fresh-directory.ts";
import { defaultNodeName, forwardedFlags, identitySettings, loadRequest, type NodeFlags } from "./node-flags.ts";
import { endProcess } from "./process-identity.ts";

export interface Founding {
  readonly name: string;
  readonly dataDir: string;
  readonly settings: IdentitySettings;
  readonly loaded: LoadedConfig;
  readonly warnings: { code: string; message: string }[];
}

export interface DirectoryIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly name: string;
}

export interface FoundDirectory {
  /** undefined: still forming. */
  readonly clusterId: string | undefined;
  readonly nodeId: string;
  readonly name: string;
  readonly joins: boolean;
  readonly settings: IdentitySettings;
}

/** daemon/offline.ts, which this floor may not know. */
export type ReadFoundDirectory = (dataDir: string) => Promise<FoundDirectory | undefined>;

/** Reads and checks everything that was said, and makes nothing. @throws ALREADY_INITIALIZED naming the cluster that is there */
export async function prepareFounding(flags: NodeFlags, readDirectory: ReadFoundDirectory): Promise<Founding> {
  const loaded = await loadConfig(loadRequest(flags, process.env, process.cwd()));
  const { config } = loaded;
  const found = await readDirectory(config.dataDir);
  if (found !== undefined) throw alreadyInitialized(config.dataDir, found);
  const name = config.name ?? defaultNodeName();
  return { name, dataDir: config.dataDir, settings: identitySettings(config), loaded, warnings: configWarnings(config) };
}

/** What is there may be what an earlier command left on the way: then it says how that goes on, and how to begin anew. */
export function alreadyInitialized(dataDir: string, { clusterId, nodeId, name, joins }: FoundDirectory): RaftctlError {
  const whose = clusterId === undefined ? "which is forming a cluster" : joins ? `which joined cluster ${clusterId} or was about to` : `of cluster ${clusterId}`;
  return new RaftctlError("ALREADY_INITIALIZED", `${dataDir} already holds node ${name} ${whose}`, {
    details: { clusterId: clusterId ?? null, nodeId, name },
    hint: clusterId === undefined
      ? "raftctl daemon start goes on, and so does raftctl init with the same --expect and --discovery; or another --data-dir"
      : joins
        ? "raftctl daemon start goes on, also when it was not let in yet; raftctl join HOST:PORT --fresh begins anew; for a new cluster another --data-dir"
        : "raftctl daemon start, or another --data-dir",
  });
}

/**
 * @param make makes the directory.
 * @param settle waits until the started daemon has its place in the cluster.
 */
export async function foundNode<T>(
  { dataDir, loaded }: Founding,
  flags: NodeFlags,
  make: () => Promise<DirectoryIdentity>,
  settle: (daemon: StartedDaemon, identity: DirectoryIdentity) => Promise<T>,
): Promise<T> {
  const directory = await rememberDirectory(dataDir);
  let daemon: StartedDaemon | undefined;
  try {
    const identity = await make();
    daemon = await startDaemon({ dataDir, configFile: loaded.file, flags: forwardedFlags(flags), env: process.env, lifeline: false });
    return await settle(daemon, identity);
  } catch (error) {
    if (daemon !== undefined && isUnmetWait(error)) throw error;
    if (daemon !== undefined) await endProcess(daemon.process, 5_000);
    // Somebody else's daemon or node may be what stands in the way; its directory is not ours to clean.
    if (!isTaken(error)) await directory.undo();
    throw error;
  }
}

/** The daemon goes on towards what was waited for. */
function isUnmetWait(error: unknown): boolean {
  return error instanceof RaftctlError && error.code === "UNHEALTHY";
}

function isTaken(error: unknown): boolean {
  return error instanceof RaftctlError && (error.code === "LOCKED" || error.code === "ALREADY_INITIALIZED");
}
