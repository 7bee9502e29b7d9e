// What the directory of a stopped node says of it: who it is, where its log ends, its term and vote, the membership in force. Opens everything
// read-only, takes no lock, changes nothing, and reads every byte of log and snapshot, so that damage is found here and not at the next start
// (recovery/directory-log.ts). It does not open the state: that can be rebuilt.

import { resolve } from "node:path";
import { toRaftctlError } from "../base/errors.ts";
import { crc32 } from "../platform/crc32.ts";
import { NodeDisk } from "../platform/node-disk.ts";
import { entryTypes } from "../raft/entry.ts";
import { decodeMembership } from "../raft/membership-codec.ts";
import { layout, readIdentity, type Identity } from "../storage/data-dir.ts";
import type { NodeFacts, RaftFacts } from "../wire/node-facts.ts";
import { membershipFacts } from "./facts.ts";
import { readForming } from "./formation/forming-file.ts";
import { readDirectoryLog, type DirectoryLog } from "./recovery/directory-log.ts";
import { versionReport } from "./reports.ts";

/** facts: readable. empty: no node has ever been here. forming: one that belongs to no cluster yet. wiped: an identity whose log is gone. damaged: anything else that a start would refuse. */
export type DirectoryFinding =
  | { readonly state: "facts"; readonly facts: NodeFacts }
  | { readonly state: "empty" }
  | { readonly state: "forming"; readonly name: string; readonly source: string; readonly expect: number }
  | { readonly state: "wiped" | "damaged"; readonly node: { readonly id: string; readonly name: string } | null; readonly code: string; readonly message: string };

/** Never rejects: what cannot be read is a finding. */
export async function examineDirectory(dataDir: string): Promise<DirectoryFinding> {
  const directory = resolve(dataDir);
  const disk = new NodeDisk();
  let identity: Identity | undefined;
  try {
    if (!(await disk.exists(directory))) return { state: "empty" };
    identity = await readIdentity(disk, directory, crc32);
    if (identity === undefined) return await withoutIdentity(disk, directory);
    if (await lacksLog(disk, directory)) return { state: "wiped", node: nodeOf(identity), code: "CORRUPT", message: `${layout.wal(directory)} holds no log, but ${layout.identity(directory)} says that a node has lived here` };
    return { state: "facts", facts: await readFacts(disk, directory, identity) };
  } catch (error) {
    const { code, message } = toRaftctlError(error);
    return { state: "damaged", node: identity === undefined ? null : nodeOf(identity), code, message };
  }
}

async function withoutIdentity(disk: NodeDisk, directory: string): Promise<DirectoryFinding> {
  const forming = await readForming(disk, directory, crc32);
  if (forming === undefined) return { state: "empty" };
  const { name, source, expect } = forming;
  return { state: "forming", name, source, expect };
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
  const { log } = await readDirectoryLog(disk, directory, identity, crc32);
  const { version, protocol, dataFormat } = versionReport(identity.name);
  return {
    source: "directory", clusterId, clusterIncarnation, nodeId, name: identity.name, incarnation, version, protocol, dataFormat, dataDir: directory,
    addresses: addressesOf(identity), electionTimeoutMs: null, masterEligible: identity.settings["masterEligible"] !== false, process: null,
    disk: { fsyncP99Ms: null, pendingMs: null, readOnly: false },
    raft: raftFacts(log),
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

function raftFacts({ hardState, snapshot, entries }: DirectoryLog): RaftFacts {
  const last = entries.at(-1) ?? snapshot;
  const change = entries.findLast((entry) => entry.type === entryTypes.membership);
  return {
    role: null, term: hardState.currentTerm, votedFor: hardState.votedFor ?? null, leader: null, lastContactMs: null,
    lastTerm: last.term, lastIndex: last.index, commitIndex: hardState.commitIndex, lastApplied: null, snapshotIndex: snapshot.index, votes: null,
    membershipIndex: change?.index ?? snapshot.index,
    removedAt: null, divergence: null, membership: membershipFacts(change === undefined ? snapshot.membership : decodeMembership(change.data)),
  };
}
