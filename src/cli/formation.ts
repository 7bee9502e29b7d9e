// `raftctl init` with --expect and --discovery, or with --members: the directory of a forming node is made or taken up again, its daemon started
// or found running, and then this waits until the node is a voter of the cluster that has formed. --members is a static source that expects all of them.

import { realpath } from "node:fs/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { configWarnings } from "../config/checks.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { DaemonStatus } from "../wire/admin-protocol.ts";
import { startDaemon, type ReadyDaemon, type StartedDaemon } from "./daemon-process.ts";
import { awaitFormed } from "./formation-progress.ts";
import type { FormationRequest } from "./formation-request.ts";
import type { Formed } from "./formation-view.ts";
import { rememberDirectory } from "./fresh-directory.ts";
import { alreadyInitialized, type Founding, type ReadFoundDirectory } from "./founding.ts";
import { daemonStatus } from "./local-daemon.ts";
import { defaultNodeName, forwardedFlags, identitySettings, loadRequest, type NodeFlags } from "./node-flags.ts";
import { endProcess } from "./process-identity.ts";

interface RunFlags extends NodeFlags {
  readonly start: boolean;
  readonly timeout: number | undefined;
  readonly quiet: boolean;
}

/** daemon/offline.ts, which this floor may not know. */
export interface Offline {
  readonly readDataDirectory: ReadFoundDirectory;
  formDataDirectory(dataDir: string, request: { name: string; settings: IdentitySettings; source: string; expect: number }): Promise<{ nodeId: string; name: string; continued: boolean }>;
  abandonForming(dataDir: string): Promise<boolean>;
  lookUpAddresses(source: string): Promise<readonly string[]>;
}

/** Long enough to run the same command on the other nodes. */
const formedWaitMs = 120_000;

/**
 * Reads and checks everything that was said, and makes nothing.
 * @throws ALREADY_INITIALIZED naming the cluster that is there; USAGE when --members does not name this node
 */
export async function prepareFormation(flags: NodeFlags, request: FormationRequest, offline: Offline): Promise<Founding> {
  const loaded = await loadConfig(loadRequest(flags, process.env, process.cwd()));
  const { config } = loaded;
  const found = await offline.readDataDirectory(config.dataDir);
  if (found?.clusterId !== undefined) throw alreadyInitialized(config.dataDir, found);
  const name = config.name ?? found?.name ?? defaultNodeName();
  const peer = peerAddressOf(config);
  if (request.members !== undefined) checkOwnMember(request.members, name, peer);
  const warnings = [...configWarnings(config), ...(await sourceWarnings(request.source, peer, offline))];
  return { name, dataDir: config.dataDir, settings: identitySettings(config), loaded, warnings };
}

export async function formCluster(plan: Founding, request: FormationRequest, flags: RunFlags, offline: Offline): Promise<Formed> {
  const { source, expect } = request;
  const terms = { name: plan.name, settings: plan.settings, source, expect };
  const running = await daemonStatus({ socket: plan.loaded.config.adminSocket });
  if (running !== undefined) {
    await refuseOtherDirectory(running, plan.dataDir);
    return settle(plan, request, flags, { pid: running.pid, socket: running.socket });
  }
  const directory = await rememberDirectory(plan.dataDir);
  let daemon: StartedDaemon | undefined;
  let continued = false;
  try {
    const made = await offline.formDataDirectory(plan.dataDir, terms);
    continued = made.continued;
    if (!flags.start) return { nodeId: made.nodeId, name: made.name, clusterId: undefined, running: undefined };
    daemon = await startDaemon({ dataDir: plan.dataDir, configFile: plan.loaded.file, flags: forwardedFlags(flags), env: process.env, lifeline: false });
    return await settle(plan, request, flags, daemon);
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    // The daemon goes on forming by itself.
    if (daemon !== undefined && error.code === "UNHEALTHY") throw error;
    if (daemon !== undefined) await endProcess(daemon.process, 5_000);
    const untouched = continued || error.code === "LOCKED" || error.code === "ALREADY_INITIALIZED" || (error.code === "CONFLICT" && daemon === undefined);
    // A vote that was given outlives the failure: the same machine must not vote again as another node.
    if (!untouched && (await offline.abandonForming(plan.dataDir).catch(() => false))) await directory.undo();
    throw error;
  }
}

async function settle(plan: Founding, { source, expect }: FormationRequest, flags: RunFlags, daemon: Pick<ReadyDaemon, "socket" | "pid">): Promise<Formed> {
  const { socket, pid } = daemon;
  const status = await awaitFormed(socket, { name: plan.name, source, expect, timeoutMs: flags.timeout ?? formedWaitMs, quiet: flags.quiet });
  return { nodeId: status.nodeId, name: status.name, clusterId: status.clusterId, running: { daemon: { socket, pid }, status } };
}

/** A socket that several nodes of one machine were given would let one of them answer for another. */
async function refuseOtherDirectory({ socket, dataDir }: DaemonStatus, wanted: string): Promise<void> {
  const [theirs, ours] = await Promise.all([dataDir, wanted].map((directory) => realpath(directory).catch(() => directory)));
  if (theirs === ours) return;
  throw new RaftctlError("CONFLICT", `the daemon at ${socket} runs the node in ${dataDir}, not the one in ${wanted}`, { hint: "--socket with a path of its own" });
}

function peerAddressOf({ advertise, listen }: Config): string {
  return (advertise.peer ?? listen.peer).toLowerCase();
}

function checkOwnMember(members: ReadonlyMap<string, string>, name: string, peer: string): void {
  const listed = members.get(name);
  if (listed === undefined) {
    throw new RaftctlError("USAGE", `--members does not name this node: ${name} is not among ${[...members.keys()].join(", ")}`, { hint: "--name" });
  }
  if (listed !== peer) {
    throw new RaftctlError("USAGE", `--members says that ${name} is at ${listed}, and this node tells others to dial ${peer}`, { hint: `--listen-peer ${listed}, or --advertise-peer ${listed}` });
  }
}

/** A source that cannot be read yet may be readable later: the daemon asks again. */
async function sourceWarnings(source: string, peer: string, offline: Offline): Promise<Founding["warnings"]> {
  try {
    const addresses = await offline.lookUpAddresses(source);
    if (addresses.includes(peer)) return [];
    return [{ code: "NOT_DISCOVERABLE", message: `${source} does not name ${peer}, which is what other nodes have to dial to find this one` }];
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code === "INVALID_ARGUMENT") throw error;
    return [{ code: "SOURCE_UNREADABLE", message: error.message }];
  }
}
