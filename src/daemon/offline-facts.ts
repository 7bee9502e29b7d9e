// What the directory of a stopped node says of it: who it is, where its log ends, its term and vote, the membership in force. Opens everything
// read-only, takes no lock, changes nothing, and reads every byte of log and snapshot, so that damage is found here and not at the next start.
// It does not open the state: that can be rebuilt.

import { resolve } from "node:path";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { globalRegion } from "../base/ids.ts";
import { crc32 } from "../platform/crc32.ts";
import { NodeDisk } from "../platform/node-disk.ts";
import { entryTypes, type LogPosition } from "../raft/entry.ts";
import { decodeMembership } from "../raft/membership-codec.ts";
import { emptyMembership, type Membership } from "../raft/membership.ts";
import { layout, readIdentity, type Identity } from "../storage/data-dir.ts";
import { readSnapshotChunks, readSnapshotHeader } from "../storage/snapshot-file.ts";
import { readWal, recoveredRegions, type RecoveredRegion } from "../storage/wal/recovery.ts";
import type { NodeFacts, RaftFacts } from "../wire/node-facts.ts";
import { membershipFacts } from "./facts.ts";
import { versionReport } from "./reports.ts";

/** facts: readable. empty: no node has ever been here. wiped: an identity whose log is gone. damaged: anything else that a start would refuse. */
export type DirectoryFinding =
  | { readonly state: "facts"; readonly facts: NodeFacts }
  | { readonly state: "empty" }
  | { readonly state: "wiped" | "damaged"; readonly node: { readonly id: string; readonly name: string } | null; readonly code: string; readonly message: string };

interface Snapshot extends LogPosition {
  readonly membership: Membership;
}

const none: Snapshot = { index: 0, term: 0, membership: emptyMembership };
const untouched: RecoveredRegion = { hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 }, snapshot: none, entries: [] };

/** Never rejects: what cannot be read is a finding. */
export async function examineDirectory(dataDir: string): Promise<DirectoryFinding> {
  const directory = resolve(dataDir);
  const disk = new NodeDisk();
  let identity: Identity | undefined;
  try {
    identity = (await disk.exists(directory)) ? await readIdentity(disk, directory, crc32) : undefined;
    if (identity === undefined) return { state: "empty" };
    if (await lacksLog(disk, directory)) return { state: "wiped", node: nodeOf(identity), code: "CORRUPT", message: `${layout.wal(directory)} holds no log, but ${layout.identity(directory)} says that a node has lived here` };
    return { state: "facts", facts: await readFacts(disk, directory, identity) };
  } catch (error) {
    const { code, message } = toRaftctlError(error);
    return { state: "damaged", node: identity === undefined ? null : nodeOf(identity), code, message };
  }
}

function nodeOf({ nodeId, name }: Identity): { id: string; name: string } {
  return { id: nodeId, name };
}

async function lacksLog(disk: NodeDisk, directory: string): Promise<boolean> {
  const wal = layout.wal(directory);
  return !(await disk.exists(wal)) || (await disk.readDirectory(wal)).length === 0;
}

async function readFacts(disk: NodeDisk, directory: string, identity: Identity): Promise<NodeFacts> {
  const { clusterId, clusterIncarnation, nodeId, incarnation } = identity;
  const snapshot = await newestSnapshot(disk, directory);
  const image = await readWal({ disk, directory: layout.wal(directory), crc32, owner: { clusterId, nodeId, incarnation } });
  const { version, protocol, dataFormat } = versionReport(identity.name);
  return {
    source: "directory", clusterId, clusterIncarnation, nodeId, name: identity.name, incarnation, version, protocol, dataFormat, dataDir: directory,
    addresses: addressesOf(identity), electionTimeoutMs: null, masterEligible: identity.settings["masterEligible"] !== false, process: null,
    disk: { fsyncP99Ms: null, pendingMs: null, readOnly: false },
    raft: raftFacts(recoveredRegions(image).get(globalRegion) ?? untouched, snapshot),
    peers: [], warnings: [],
  };
}

/** Only as far as init or join were told; a port 0 was chosen by a daemon that is gone. */
function addressesOf({ settings }: Identity): NodeFacts["addresses"] {
  const peer = settings["advertisePeer"] ?? settings["listenPeer"];
  const client = settings["advertiseClient"] ?? settings["listenClient"];
  if (typeof peer !== "string" || typeof client !== "string") return null;
  return peer.endsWith(":0") || client.endsWith(":0") ? null : { peer, client };
}

async function newestSnapshot(disk: NodeDisk, directory: string): Promise<Snapshot> {
  const folder = layout.snapshots(directory, globalRegion);
  if (!(await disk.exists(folder))) return none;
  const newest = (await disk.readDirectory(folder)).findLast((name) => name.endsWith(".snapshot"));
  if (newest === undefined) return none;
  const file = await disk.open(`${folder}/${newest}`, "read");
  try {
    const { header } = await readSnapshotHeader(file, crc32);
    const content = readSnapshotChunks(file, crc32);
    while (!(await content.next()).done);
    return { index: header.index, term: header.term, membership: header.membership };
  } finally {
    await file.close();
  }
}

/** As a start would find it: the snapshot wins where the log is shorter or disagrees. */
function raftFacts(log: RecoveredRegion, snapshot: Snapshot): RaftFacts {
  if (log.snapshot.index > snapshot.index) {
    throw new RaftctlError("CORRUPT", `the log begins after index ${log.snapshot.index}, but the newest snapshot ends at ${snapshot.index}: a snapshot is missing`);
  }
  const agrees = log.snapshot.index === snapshot.index || log.entries.some((entry) => entry.index === snapshot.index && entry.term === snapshot.term);
  const entries = agrees ? log.entries.filter((entry) => entry.index > snapshot.index) : [];
  const last = entries.at(-1) ?? snapshot;
  const change = entries.findLast((entry) => entry.type === entryTypes.membership);
  const { hardState } = log;
  return {
    role: null, term: Math.max(hardState.currentTerm, snapshot.term), votedFor: hardState.votedFor ?? null, leader: null, lastContactMs: null,
    lastTerm: last.term, lastIndex: last.index, commitIndex: Math.max(hardState.commitIndex, snapshot.index), lastApplied: null, snapshotIndex: snapshot.index, votes: null,
    membershipIndex: change?.index ?? snapshot.index,
    removedAt: null, membership: membershipFacts(change === undefined ? snapshot.membership : decodeMembership(change.data)),
  };
}
