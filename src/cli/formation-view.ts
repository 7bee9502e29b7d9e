// What init returns and prints of a node that forms a cluster with others.

import type { NodeStatus } from "../wire/admin-protocol.ts";
import type { ReadyDaemon } from "./daemon-process.ts";
import type { FormationRequest } from "./formation-request.ts";
import type { Founding } from "./founding.ts";
import { membersOf, plannedDocument, type FoundedDocument } from "./founding-view.ts";
import { visible } from "./terminal.ts";

export interface Formed {
  readonly nodeId: string;
  readonly name: string;
  /** undefined: the daemon was not started. */
  readonly clusterId: string | undefined;
  readonly running: { readonly daemon: Pick<ReadyDaemon, "socket" | "pid">; readonly status: NodeStatus } | undefined;
}

export interface FormedDocument extends FoundedDocument {
  readonly formation: { readonly source: string; readonly expect: number };
}

/** @param formed undefined: nothing was done. */
export function formedDocument(plan: Founding, { source, expect }: FormationRequest, formed: Formed | undefined): FormedDocument {
  const document = { ...plannedDocument(plan), formation: { source, expect } };
  if (formed === undefined) return document;
  const { nodeId, name, clusterId, running } = formed;
  return {
    ...document, applied: true, nodeId, name, clusterId: clusterId ?? null, members: membersOf(running?.status),
    ...(running && { socket: running.daemon.socket, pid: running.daemon.pid }),
  };
}

export function formedText({ applied, name, nodeId, dataDir, clusterId, members, pid, formation }: FormedDocument): string {
  const terms = `a cluster of ${formation.expect} from ${visible(formation.source)}`;
  if (!applied) return `would form ${terms} with node ${visible(name)} in ${visible(dataDir)}`;
  if (clusterId === null) return `node ${visible(name)} (${nodeId}) forms ${terms} as soon as it is started: raftctl daemon start`;
  return `cluster ${clusterId} with node ${visible(name)} (${nodeId}) in ${visible(dataDir)}\nvoters: ${members.filter(({ role }) => role === "voter").map((member) => visible(member.name)).join(", ")} (pid ${pid})`;
}
