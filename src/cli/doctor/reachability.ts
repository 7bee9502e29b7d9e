// Who reaches whom: each node's knocks and the connections that Raft holds, as one matrix. A knock is newer than a connection's last error, and a
// connection that stands proves more than a knock that came back too late.

import type { NodeFacts, PeerFacts } from "../../wire/node-facts.ts";
import { kindOf, shortReason, type Trouble, type TroubleKind } from "./examined.ts";
import type { Picture } from "./picture.ts";

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly reached: boolean;
  /** Why not. */
  readonly kind: TroubleKind | undefined;
  readonly reason: string | undefined;
}

export interface EdgeDocument {
  readonly from: string;
  readonly to: string;
  readonly reached: boolean;
  readonly reason: string | null;
}

/** undefined where nobody has tried: the node is stopped, or does not know the other. */
export function edgeBetween(picture: Picture, from: string, to: string): Edge | undefined {
  const peer = picture.nodes.get(from)?.peers.find(({ id }) => id === to);
  if (peer === undefined || from === to) return undefined;
  const trouble = troubleOf(peer, picture);
  if (trouble === undefined) return { from, to, reached: true, kind: undefined, reason: undefined };
  return { from, to, reached: false, kind: kindOf(trouble), reason: shortReason(trouble) };
}

export function edgesOf(picture: Picture): Edge[] {
  const running = [...picture.nodes.values()].filter(({ source }) => source === "live").map(({ nodeId }) => nodeId);
  return running.flatMap((from) => targetsOf(picture.nodes.get(from)!).flatMap((to) => edgeBetween(picture, from, to) ?? []));
}

/** With names for ids. */
export function matrixDocument(picture: Picture): EdgeDocument[] {
  return edgesOf(picture).map(({ from, to, reached, reason }) => ({ from: picture.name(from), to: picture.name(to), reached, reason: reason ?? null }));
}

function targetsOf({ nodeId, peers }: NodeFacts): string[] {
  return peers.map(({ id }) => id).filter((id) => id !== nodeId);
}

function troubleOf({ id, address, link, knock }: PeerFacts, picture: Picture): Trouble | undefined {
  if (knock.ok) {
    if (knock.nodeId !== id) return { code: "PEER_IDENTITY_MISMATCH", message: `${knock.name} answers at ${address}` };
    if (knock.clusterId !== null && knock.clusterId !== picture.clusterId) return { code: "CLUSTER_MISMATCH", message: `cluster ${knock.clusterId}` };
    return refusalOf(link);
  }
  const late = kindOf(knock) === "stalled" || kindOf(knock) === "silent";
  const proven = link?.state === "connected" && picture.nodes.get(id)?.source === "live";
  return late && proven ? undefined : knock;
}

/** A knock is let in by anybody; Raft's own connection may be refused for what only members have to show. */
function refusalOf(link: PeerFacts["link"]): Trouble | undefined {
  if (link === null || link.state === "connected" || link.lastError === null) return undefined;
  if (/comes with incarnation/.test(link.lastError)) return { code: "INCARNATION_REFUSED", message: link.lastError };
  if (/cluster incarnation|was recovered/.test(link.lastError)) return { code: "CLUSTER_RECOVERED", message: link.lastError };
  return kindOf({ code: "", message: link.lastError }) === "tls" ? { code: "PEER_IDENTITY_MISMATCH", message: link.lastError } : undefined;
}
