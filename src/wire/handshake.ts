// The first frame in each direction, one round trip: who dials says hello, who listens says welcome or refuses with an error and closes.
//
//   hello     ["raftctl", protocol, role, clusterId, clusterIncarnation, nodeId, incarnation, name, regions, expectNodeId, credentials]
//   welcome   ["raftctl", protocol, 0, clusterId, clusterIncarnation, nodeId, incarnation, name, regions, version, committed]
//   refusal   ["raftctl", protocol, 1, [code, message, hint, details]]
//
// What a connection is for is fixed here and so is its cluster: later frames carry only the region. Magic and protocol are read before the
// rest, so that a newer version gets INCOMPATIBLE and not a complaint about its fields.

import { RaftctlError } from "../base/errors.ts";
import type { ClusterId, NodeId, RegionId } from "../base/ids.ts";
import { describeValue, FieldReader } from "./check.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";

export const magic = "raftctl";
/** Goes up with every change that an older peer would misread. */
export const protocolVersion = 1;

/**
 * The numbers stand on the wire: never change or reuse one.
 * peer: consensus traffic. bulk: snapshot chunks. joiner: a node that is not a member and may only ask. probe: handshake and nothing else.
 */
export const roles = { peer: 1, bulk: 2, joiner: 3, probe: 4, client: 5 } as const;
export type Role = keyof typeof roles;

/** Of a cluster that never lost its quorum for good. */
export const firstClusterIncarnation = 1;

export interface Hello {
  readonly role: Role;
  /** undefined: a client, or a node that does not belong to a cluster yet. */
  readonly clusterId: ClusterId | undefined;
  /** How often the cluster was recovered, plus one; undefined without a cluster, and of a client. */
  readonly clusterIncarnation: number | undefined;
  /** undefined: a client. */
  readonly nodeId: NodeId | undefined;
  readonly incarnation: number;
  readonly name: string;
  readonly regions: readonly RegionId[];
  /** Whom the dialler believes to find here; anybody else refuses. */
  readonly expectNodeId: NodeId | undefined;
  readonly credentials: Uint8Array | undefined;
}

export interface Welcome {
  readonly clusterId: ClusterId | undefined;
  readonly clusterIncarnation: number | undefined;
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly name: string;
  readonly regions: readonly RegionId[];
  /** Of the program. */
  readonly version: string;
  /** How far the log of each of `regions` is known here to be committed: a client's session begins above it (machine/sessions.ts). Absent: not told. */
  readonly committed?: readonly number[];
}

/** Who this node is, read again at every handshake. */
export type LocalIdentity = Welcome;

export function encodeHello(hello: Hello): WireFields {
  return [
    magic, protocolVersion, roles[hello.role], hello.clusterId ?? null, hello.clusterIncarnation ?? null, hello.nodeId ?? null, hello.incarnation,
    hello.name, hello.regions, hello.expectNodeId ?? null, hello.credentials ?? null,
  ];
}

export function decodeHello(value: unknown): Hello {
  const reader = openHandshake(value, "hello");
  const hello: Hello = {
    role: reader.choice("role", roles),
    clusterId: reader.optionalClusterId("clusterId"),
    clusterIncarnation: reader.optionalInteger("clusterIncarnation", 1),
    nodeId: reader.optionalNodeId("nodeId"),
    incarnation: reader.integer("incarnation"),
    name: reader.text("name", limits.nameBytesMax),
    regions: reader.list("regions", limits.regionsPerNodeMax, (element) => element.regionId("region")),
    expectNodeId: reader.optionalNodeId("expectNodeId"),
    credentials: reader.optionalBytes("credentials", limits.credentialsBytesMax),
  };
  reader.end();
  if (hello.role !== "client" && hello.nodeId === undefined) throw new RaftctlError("BAD_REQUEST", `hello: a ${hello.role} says no nodeId`);
  return hello;
}

export function encodeWelcome(welcome: Welcome): WireFields {
  return [
    magic, protocolVersion, 0, welcome.clusterId ?? null, welcome.clusterIncarnation ?? null, welcome.nodeId, welcome.incarnation,
    welcome.name, welcome.regions, welcome.version, welcome.committed ?? [],
  ];
}

export function encodeRefusal(error: unknown): WireFields {
  return [magic, protocolVersion, 1, encodeError(error)];
}

/** Throws what the other side refused with, or INCOMPATIBLE or BAD_REQUEST when the answer makes no sense. */
export function decodeWelcome(value: unknown): Welcome {
  if (Array.isArray(value) && value[0] === magic && value[2] === 1) throw decodeError(new FieldReader("refusal", value, 3));
  const reader = openHandshake(value, "welcome");
  reader.integer("status", 0, 0);
  const welcome: Welcome = {
    clusterId: reader.optionalClusterId("clusterId"),
    clusterIncarnation: reader.optionalInteger("clusterIncarnation", 1),
    nodeId: reader.nodeId("nodeId"),
    incarnation: reader.integer("incarnation"),
    name: reader.text("name", limits.nameBytesMax),
    regions: reader.list("regions", limits.regionsPerNodeMax, (element) => element.regionId("region")),
    version: reader.text("version", limits.versionBytesMax),
    committed: reader.list("committed", limits.regionsPerNodeMax, (element) => element.integer("index")),
  };
  reader.end();
  return welcome;
}

/** What a peer listener demands of every node that dials it, whatever its owner demands beyond that. */
export function checkPeerHello(hello: Hello, local: LocalIdentity): void {
  if (hello.role === "client") throw new RaftctlError("DENIED", "this is a peer listener; clients use the client listener", { hint: "raftctl status" });
  if (hello.expectNodeId !== undefined && hello.expectNodeId !== local.nodeId) {
    throw new RaftctlError("PEER_IDENTITY_MISMATCH", `node ${hello.expectNodeId} was expected here, this is node ${local.nodeId} (${local.name})`);
  }
  if (hello.role === "probe") return;
  if (hello.nodeId === local.nodeId) throw new RaftctlError("PEER_IDENTITY_MISMATCH", `node ${local.nodeId} dialled itself, or two nodes have its id`);
  // Neither a newcomer nor one who asks a node that has no cluster yet can be of the wrong one.
  if (hello.role === "joiner" && (hello.clusterId === undefined || local.clusterId === undefined)) return;
  if (hello.clusterId !== local.clusterId) throw clusterMismatch(hello.clusterId, local.clusterId);
  checkFence({ incarnation: hello.clusterIncarnation, name: hello.name }, local.clusterIncarnation);
}

export interface Expected {
  readonly clusterId: ClusterId | undefined;
  readonly clusterIncarnation: number | undefined;
  readonly nodeId: NodeId | undefined;
}

/** What a dialler demands of whoever answers. */
export function checkWelcome(welcome: Welcome, expected: Expected): void {
  const { clusterId, clusterIncarnation, nodeId } = expected;
  if (clusterId !== undefined && welcome.clusterId !== clusterId) throw clusterMismatch(welcome.clusterId, clusterId);
  if (clusterIncarnation !== undefined) checkFence({ incarnation: welcome.clusterIncarnation, name: welcome.name }, clusterIncarnation);
  if (nodeId !== undefined && welcome.nodeId !== nodeId) {
    throw new RaftctlError("PEER_IDENTITY_MISMATCH", `node ${welcome.nodeId} (${welcome.name}) answered where node ${nodeId} was expected`);
  }
}

/**
 * The fence of a recovery, on both sides of a connection: whoever was not part of it holds another history under the same cluster id, so neither may
 * count the other. Who says no incarnation has the first one.
 */
function checkFence(theirs: { incarnation: number | undefined; name: string }, ours: number | undefined): void {
  const [left, right] = [theirs.incarnation ?? firstClusterIncarnation, ours ?? firstClusterIncarnation];
  if (left === right) return;
  const whose = left < right ? `node ${theirs.name}` : "this node";
  throw new RaftctlError("CLUSTER_RECOVERED", `the cluster lost its quorum and was recovered as incarnation ${Math.max(left, right)}; ${whose} is of incarnation ${Math.min(left, right)} and was given up`, {
    hint: "on the node that was given up: raftctl join HOST:PORT --fresh (it moves the old data aside)",
    details: { theirs: left, ours: right },
  });
}

function clusterMismatch(theirs: ClusterId | undefined, ours: ClusterId | undefined): RaftctlError {
  return new RaftctlError("CLUSTER_MISMATCH", `the other node belongs to cluster ${theirs ?? "(none)"}, this one to ${ours ?? "(none)"}`);
}

function openHandshake(value: unknown, message: string): FieldReader {
  if (!Array.isArray(value) || value[0] !== magic) throw new RaftctlError("INCOMPATIBLE", `${message}: the other side does not speak raftctl's protocol`);
  if (value[1] !== protocolVersion) {
    throw new RaftctlError("INCOMPATIBLE", `${message}: protocol ${describeValue(value[1])} (this version speaks ${protocolVersion})`, {
      hint: "run versions of raftctl that are next to each other",
    });
  }
  return new FieldReader(message, value, 2);
}
