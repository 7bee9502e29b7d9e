// `join --fresh`: what the directory holds of an earlier node is moved aside first, never deleted, so that a node that was removed can come back as a
// new one.

import { RaftctlError } from "../base/errors.ts";
import { loadConfig } from "../config/load.ts";
import { confirm } from "./confirmation.ts";
import type { ReadFoundDirectory } from "./founding.ts";
import { loadRequest, type NodeFlags } from "./node-flags.ts";

/** daemon/offline.ts, which this floor may not know. */
export interface OldDirectories {
  readonly readDataDirectory: ReadFoundDirectory;
  readFormingDirectory(dataDir: string): Promise<{ readonly vote: string | undefined } | undefined>;
  archiveDataDirectory(dataDir: string): Promise<string>;
}

/**
 * @returns where the old data is now; undefined when there was none.
 * @throws UNSAFE when it is not confirmed, or the directory holds a founding vote, which nobody may forget; LOCKED while its daemon runs
 */
export async function startFresh(flags: NodeFlags, yes: boolean, offline: OldDirectories): Promise<string | undefined> {
  const { config } = await loadConfig(loadRequest(flags, process.env, process.cwd()));
  const found = await offline.readDataDirectory(config.dataDir);
  if (found === undefined) return undefined;
  const forming = await offline.readFormingDirectory(config.dataDir);
  if (forming?.vote !== undefined) {
    throw new RaftctlError("UNSAFE", `${config.dataDir} holds the vote of a node that is forming a cluster: without it two clusters could be founded`, { hint: "raftctl daemon start goes on; docs/operations.md says how to begin anew" });
  }
  const cluster = found.clusterId === undefined ? "" : ` of cluster ${found.clusterId}`;
  await confirm(`the data of node ${found.name}${cluster} in ${config.dataDir} is moved aside, and it joins as a new node`, yes);
  return offline.archiveDataDirectory(config.dataDir);
}
