// What can be done without a daemon: look at a discovery source, time a disk; and in a data directory found a cluster, prepare for joining one, look who it
// is, move it aside. What changes a data directory takes its lock, so that none of this happens under a daemon that runs.

import { randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { resolve } from "node:path";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { parseClusterId } from "../base/ids.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import type { ProbedPeer } from "../host/transport.ts";
import { crc32 } from "../platform/crc32.ts";
import { acquireDirectoryLock } from "../platform/directory-lock.ts";
import { NodeDisk } from "../platform/node-disk.ts";
import { SystemClock } from "../platform/system-clock.ts";
import { createIdentity, dataFormat, readIdentity, type Identity } from "../storage/data-dir.ts";
import { firstClusterIncarnation } from "../wire/handshake.ts";
import type { Rehearsal } from "./backup/rehearsal.ts";
import { readForming } from "./formation/forming-file.ts";
import type { RepairReport, RepairRequest } from "./repair/verbs.ts";
import type { JoinIntent } from "./join-intent.ts";
import { randomNodeId, withProbe, type Probe } from "./probe.ts";
import type { SyncTiming, SyncTimingRequest } from "./sync-timing.ts";

export { compareFiles, isEqual } from "./backup/difference.ts";
export { withFileRecords } from "./backup/file-records.ts";
export { inspectFile } from "./backup/inspection.ts";
export { rehearseRestore, restoreFile } from "./backup/restore.ts";
export { probeSource } from "./discovery/probe-source.ts";
export { abandonForming, formDataDirectory, lookUpAddresses, readFormingDirectory } from "./formation/forming-directory.ts";
export { historyOf } from "./history/verbs.ts";
export { openLogDirectory, verifyDataDirectory } from "./log-inspection/verbs.ts";
export { examineDirectory } from "./offline-facts.ts";
export { applyPlanFile, collectDocument, readPlanDocument, recoveryPlanDocument, writeRecoveryDocument } from "./recovery/verbs.ts";

/** A whole daemon is loaded only when somebody wants one. */
export async function startRehearsal(file: string): Promise<Rehearsal> {
  return (await import("./backup/rehearsal.ts")).startRehearsal(file);
}

/** As `repairDirectory`, and nothing is changed. */
export async function rehearseRepair(dataDir: string, request: RepairRequest): Promise<RepairReport> {
  return (await import("./repair/verbs.ts")).rehearseRepair(dataDir, request);
}

/** @param approve is asked before anything is changed. @throws LOCKED, NOT_FOUND, NOT_INITIALIZED, UNSAFE, CORRUPT, INCOMPATIBLE, NO_SPACE, IO_ERROR */
export async function repairDirectory(dataDir: string, request: RepairRequest, approve: (report: RepairReport) => Promise<void>): Promise<RepairReport> {
  return (await import("./repair/verbs.ts")).repairDirectory(dataDir, request, approve);
}

/** @throws NO_SPACE, IO_ERROR; nothing is left behind then, too */
export async function timeSyncs(request: SyncTimingRequest): Promise<SyncTiming> {
  return (await import("./sync-timing.ts")).timeSyncs(new NodeDisk(), new SystemClock(), request);
}

export interface DirectoryIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly name: string;
}

export interface InitRequest {
  readonly name: string;
  readonly settings: IdentitySettings;
}

export interface JoinDirectoryRequest extends InitRequest {
  readonly seeds: readonly string[];
  /** Where the seeds are from, if not from an operator: the node looks there again when it hears of no leader. */
  readonly source?: string | undefined;
  readonly role: JoinIntent["role"];
  readonly promote: JoinIntent["promote"];
  /** For the first answer of a member, ms. */
  readonly timeoutMs: number;
  /** Until the newcomer is admitted and caught up, ms. */
  readonly giveUpMs: number;
}

/** @throws ALREADY_INITIALIZED, naming the cluster that the directory belongs to; LOCKED; NO_SPACE; IO_ERROR */
export async function initDataDirectory(dataDir: string, request: InitRequest): Promise<DirectoryIdentity> {
  const clusterId = parseClusterId(randomBytes(16).toString("hex"));
  return create(dataDir, { ...request, clusterId, clusterIncarnation: firstClusterIncarnation, foundedBy: "init" }, { ...request.settings });
}

/** @throws UNREACHABLE when no seed answers, besides what initDataDirectory throws */
export async function joinDataDirectory(dataDir: string, request: JoinDirectoryRequest): Promise<DirectoryIdentity> {
  const { seeds, source, role, promote, giveUpMs } = request;
  const cluster = await askCluster(request);
  const join: JoinIntent = { seeds: [...seeds], role, promote, giveUpMs };
  return create(dataDir, { ...request, ...cluster, foundedBy: "join" }, { ...request.settings, ...(source !== undefined && { discovery: { source } }), join });
}

/** Of a node that is still forming its cluster there is no cluster id yet. */
export interface FoundDirectory extends Omit<DirectoryIdentity, "clusterId"> {
  readonly clusterId: string | undefined;
  /** It was made to join that cluster; whether it was let in, only its log and the others know. */
  readonly joins: boolean;
  readonly settings: IdentitySettings;
}

export async function readDataDirectory(dataDir: string): Promise<FoundDirectory | undefined> {
  const disk = new NodeDisk();
  if (!(await disk.exists(dataDir))) return undefined;
  const identity = await readIdentity(disk, dataDir, crc32);
  if (identity === undefined) {
    const forming = await readForming(disk, dataDir, crc32);
    return forming === undefined ? undefined : { clusterId: undefined, joins: false, nodeId: forming.nodeId, name: forming.name, settings: forming.settings };
  }
  const { join: _join, discovery: _discovery, ...settings } = identity.settings;
  return { ...described(identity), joins: identity.foundedBy === "join", settings: settings as unknown as IdentitySettings };
}

/** Moves the directory of a node that has left out of the way, and answers where it is now. */
export async function archiveDataDirectory(dataDir: string): Promise<string> {
  const directory = resolve(dataDir);
  const lock = await acquireDirectoryLock(directory);
  await lock.release();
  const target = `${directory}.left-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  await rename(directory, target).catch((error: unknown) => {
    throw new RaftctlError("IO_ERROR", `${directory} cannot be moved to ${target}: ${toRaftctlError(error).message}`, { cause: error });
  });
  return target;
}

async function create(dataDir: string, made: Pick<Identity, "name" | "clusterId" | "clusterIncarnation" | "foundedBy">, settings: Record<string, unknown>): Promise<DirectoryIdentity> {
  const disk = new NodeDisk();
  await disk.makeDirectory(dataDir);
  const lock = await acquireDirectoryLock(dataDir);
  try {
    const { name, clusterId, clusterIncarnation, foundedBy } = made;
    const identity: Identity = { formatVersion: dataFormat, clusterId, clusterIncarnation, nodeId: randomNodeId(), incarnation: 1, name, foundedBy, settings };
    await refuseForming(disk, dataDir);
    await createIdentity(disk, dataDir, identity, crc32);
    return described(identity);
  } finally {
    await lock.release();
  }
}

/** A vote that was given must not be forgotten: the same machine would vote again as another node. */
async function refuseForming(disk: NodeDisk, dataDir: string): Promise<void> {
  const forming = await readForming(disk, dataDir, crc32);
  if (forming === undefined) return;
  throw new RaftctlError("ALREADY_INITIALIZED", `${dataDir} already holds node ${forming.name}, which forms a cluster of ${forming.expect}`, {
    hint: "raftctl daemon start goes on; raftctl init with the same --expect and --discovery too",
  });
}

/** Which cluster the seeds belong to: the first one that answers says so. */
async function askCluster({ seeds, name, timeoutMs, settings }: JoinDirectoryRequest): Promise<Pick<Identity, "clusterId" | "clusterIncarnation">> {
  const ask = (probe: Probe) => firstAnswer(seeds, async (seed) => {
    const peer = await probe(seed, { timeoutMs });
    return { seed, peer, cluster: clusterOf(seed, peer) };
  });
  const { seed, peer, cluster } = await withProbe(name, ask);
  const { peerTransport = "tcp" } = settings;
  if (peer.transport === peerTransport) return cluster;
  throw new RaftctlError("INCOMPATIBLE", `${peer.name} at ${seed} speaks ${peer.transport} with its peers, this node would speak ${peerTransport}`, {
    hint: `join with --peer-transport ${peer.transport} (peer.transport: ${peer.transport})`,
  });
}

function clusterOf(seed: string, { clusterId, clusterIncarnation, name }: ProbedPeer): Pick<Identity, "clusterId" | "clusterIncarnation"> {
  if (clusterId === undefined) throw new RaftctlError("NOT_READY", `${name} at ${seed} does not belong to a cluster yet`);
  return { clusterId: parseClusterId(clusterId), clusterIncarnation: clusterIncarnation ?? firstClusterIncarnation };
}

async function firstAnswer<T>(seeds: readonly string[], ask: (seed: string) => Promise<T>): Promise<T> {
  const reasons: string[] = [];
  for (const seed of seeds) {
    try {
      return await ask(seed);
    } catch (error) {
      reasons.push(`${seed}: ${toRaftctlError(error).message}`);
    }
  }
  throw new RaftctlError("UNREACHABLE", `no member answers: ${reasons.join("; ")}`, { hint: "name the peer address of a member that is up: raftctl member list shows them" });
}

function described({ clusterId, nodeId, name }: Identity): DirectoryIdentity {
  return { clusterId, nodeId, name };
}
