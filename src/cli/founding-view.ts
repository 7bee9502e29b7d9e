// What init returns and prints.

import type { MemberReport, NodeStatus } from "../wire/admin-protocol.ts";
import { globalRegionName } from "../base/ids.ts";
import type { StartedDaemon } from "./daemon-process.ts";
import type { DirectoryIdentity, Founding } from "./founding.ts";
import { visible } from "./terminal.ts";

/** A single voter elects itself after one election timeout. */
export const leaderWaitMs = 30_000;

export interface FoundedDocument {
  applied: boolean;
  clusterId: string | null;
  nodeId: string | null;
  name: string;
  dataDir: string;
  members: Pick<MemberReport, "id" | "name" | "role" | "peerAddress" | "clientAddress">[];
  region: string;
  /** Of the node's certificate; null while peers talk without one. */
  fingerprint: null;
  socket: string;
  pid: number | null;
}

export interface Running {
  readonly daemon: StartedDaemon;
  readonly status: NodeStatus;
}

export function plannedDocument(plan: Founding): FoundedDocument {
  const { name, dataDir, loaded } = plan;
  return {
    applied: false, clusterId: null, nodeId: null, name, dataDir, members: [], region: globalRegionName, fingerprint: null,
    socket: loaded.config.adminSocket, pid: null,
  };
}

/** @param running undefined when the daemon was not started. */
export function foundedDocument(plan: Founding, { clusterId, nodeId, name }: DirectoryIdentity, running: Running | undefined): FoundedDocument {
  return {
    ...plannedDocument(plan), applied: true, clusterId, nodeId, name,
    members: membersOf(running?.status),
    ...(running && { socket: running.daemon.socket, pid: running.daemon.pid }),
  };
}

export function membersOf(status: NodeStatus | undefined): FoundedDocument["members"] {
  const region = status?.regions.find((report) => report.region === globalRegionName);
  return (region?.members ?? []).map(({ id, name, role, peerAddress, clientAddress }) => ({ id, name, role, peerAddress, clientAddress }));
}

export function foundedText(document: FoundedDocument): string {
  if (!document.applied) return `would make node ${visible(document.name)} of a new cluster in ${visible(document.dataDir)}`;
  const lines = [`cluster ${document.clusterId} with node ${visible(document.name)} (${document.nodeId}) in ${visible(document.dataDir)}`];
  const [self] = document.members;
  if (document.pid === null) lines.push("not started: raftctl daemon start");
  else lines.push(`serving (pid ${document.pid})${self === undefined ? "" : `: clients ${visible(self.clientAddress)}, peers ${visible(self.peerAddress)}`}`);
  if (self !== undefined) lines.push(`on another node: raftctl join ${visible(self.peerAddress)}`);
  return lines.join("\n");
}
