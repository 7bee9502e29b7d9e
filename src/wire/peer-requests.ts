// Requests between nodes: [requestId, type, region, ...fields], fields in the order of Figure 2, a blob last so that it reaches the socket
// without being copied. Encoders leave the request id 0; the connection sets it. Decoders refuse with BAD_REQUEST, which can be answered.
// Bytes in a decoded request are views on the chunk that was received.

import type { RegionId } from "../base/ids.ts";
import { checkPlainParams, FieldReader } from "./check.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";
import { decodeMembership, encodeMembership } from "./membership-codec.ts";
import { peerMessageTypes, type PeerCalls, type PeerMessageType, type ProposeRpc } from "./peer-protocol.ts";
import { checkpointFields, readCheckpoint } from "./state-checkpoint.ts";

type RequestOf<Type extends PeerMessageType> = PeerCalls[Type]["request"];

/** One request as it arrives. */
export type PeerRequest = { [Type in PeerMessageType]: { readonly type: Type; readonly region: RegionId; readonly rpc: RequestOf<Type> } }[PeerMessageType];

export const waits = { committed: 0, applied: 1 } as const;

/** Behind the blob, and only when a trace is wanted: the frame of any other proposal is as it always was. */
export function withTrace(fields: unknown[], { trace }: { readonly trace?: boolean }): WireFields {
  if (trace === true) fields.push(true);
  return fields;
}

export function readTrace<Request extends { readonly trace?: boolean }>(request: Request, fields: FieldReader): Request {
  return fields.atEnd ? request : { ...request, trace: fields.boolean("trace") };
}

/** A core request may begin a term; no message comes from before the first one. */
const termMin = 1;

const encoders: { readonly [Type in PeerMessageType]: (region: RegionId, rpc: RequestOf<Type>) => WireFields } = {
  requestVote: (region, rpc) => [
    0, peerMessageTypes.requestVote, region, rpc.requestId, rpc.term, rpc.candidateId, rpc.lastLogIndex, rpc.lastLogTerm, rpc.leadershipTransfer,
  ],
  preVote: (region, rpc) => [
    0, peerMessageTypes.preVote, region, rpc.requestId, rpc.term, rpc.candidateId, rpc.lastLogIndex, rpc.lastLogTerm,
  ],
  appendEntries: (region, rpc) => [
    0, peerMessageTypes.appendEntries, region, rpc.requestId, rpc.term, rpc.leaderId, rpc.prevLogIndex, rpc.prevLogTerm, rpc.leaderCommit,
    rpc.round, ...checkpointFields(rpc.checkpoint), rpc.entries,
  ],
  installSnapshot: (region, rpc) => [
    0, peerMessageTypes.installSnapshot, region, rpc.requestId, rpc.term, rpc.leaderId, rpc.snapshot.index, rpc.snapshot.term,
    encodeMembership(rpc.snapshot.membership), rpc.offset, rpc.done, rpc.data,
  ],
  timeoutNow: (region, rpc) => [0, peerMessageTypes.timeoutNow, region, rpc.requestId, rpc.term, rpc.leaderId],
  propose: (region, rpc) => withTrace([0, peerMessageTypes.propose, region, rpc.hops, waits[rpc.waitFor], rpc.timeoutMs, rpc.command], rpc),
  readIndex: (region, rpc) => [0, peerMessageTypes.readIndex, region, rpc.timeoutMs],
  admin: (region, rpc) => [0, peerMessageTypes.admin, region, rpc.hops, rpc.method, rpc.timeoutMs, rpc.params],
};

const decoders: { readonly [Type in PeerMessageType]: (fields: FieldReader) => RequestOf<Type> } = {
  requestVote: (fields) => ({
    type: "requestVote",
    requestId: fields.integer("requestId"),
    term: fields.integer("term", termMin),
    candidateId: fields.nodeId("candidateId"),
    lastLogIndex: fields.integer("lastLogIndex"),
    lastLogTerm: fields.integer("lastLogTerm"),
    leadershipTransfer: fields.boolean("leadershipTransfer"),
  }),
  preVote: (fields) => ({
    type: "preVote",
    requestId: fields.integer("requestId"),
    term: fields.integer("term", termMin),
    candidateId: fields.nodeId("candidateId"),
    lastLogIndex: fields.integer("lastLogIndex"),
    lastLogTerm: fields.integer("lastLogTerm"),
  }),
  appendEntries: (fields) => ({
    type: "appendEntries",
    requestId: fields.integer("requestId"),
    term: fields.integer("term", termMin),
    leaderId: fields.nodeId("leaderId"),
    prevLogIndex: fields.integer("prevLogIndex"),
    prevLogTerm: fields.integer("prevLogTerm"),
    leaderCommit: fields.integer("leaderCommit"),
    round: fields.integer("round"),
    checkpoint: readCheckpoint(fields),
    entries: fields.bytes("entries", limits.peerFrameBytesMax),
  }),
  installSnapshot: (fields) => ({
    type: "installSnapshot",
    requestId: fields.integer("requestId"),
    term: fields.integer("term", termMin),
    leaderId: fields.nodeId("leaderId"),
    snapshot: {
      index: fields.integer("snapshot.index"),
      term: fields.integer("snapshot.term"),
      membership: decodeMembership(fields, "snapshot.membership"),
    },
    offset: fields.integer("offset"),
    done: fields.boolean("done"),
    data: fields.bytes("data", limits.snapshotChunkBytesMax),
  }),
  timeoutNow: (fields) => ({
    type: "timeoutNow",
    requestId: fields.integer("requestId"),
    term: fields.integer("term", termMin),
    leaderId: fields.nodeId("leaderId"),
  }),
  propose: (fields) => readTrace<ProposeRpc>({
    type: "propose",
    hops: fields.integer("hops", 0, 255),
    waitFor: fields.choice("waitFor", waits),
    timeoutMs: fields.integer("timeoutMs", 0, limits.timeoutMsMax),
    command: fields.bytes("command", limits.commandBytesMax),
  }, fields),
  readIndex: (fields) => ({ type: "readIndex", timeoutMs: fields.integer("timeoutMs", 0, limits.timeoutMsMax) }),
  admin: (fields) => {
    const hops = fields.integer("hops", 0, 255);
    const method = fields.text("method", limits.methodBytesMax);
    const timeoutMs = fields.integer("timeoutMs", 0, limits.timeoutMsMax);
    const params = fields.take("params");
    checkPlainParams(method, params);
    return { type: "admin", hops, method, params, timeoutMs };
  },
};

const typeByNumber = new Map(Object.entries(peerMessageTypes).map(([type, number]) => [number as number, type as PeerMessageType]));

/** The request id is left 0, for the connection to set. */
export function encodePeerRequest<Type extends PeerMessageType>(type: Type, region: RegionId, rpc: RequestOf<Type>): WireFields {
  return encoders[type](region, rpc);
}

/** Throws BAD_REQUEST. */
export function decodePeerRequest(fields: WireFields): PeerRequest {
  const type = typeof fields[1] === "number" ? typeByNumber.get(fields[1]) : undefined;
  const envelope = new FieldReader(type ?? "peer request", fields, 1);
  if (type === undefined) throw envelope.refusal("type", fields[1], `one of ${[...typeByNumber.keys()].join(", ")}`);
  envelope.take("type");
  const region = envelope.regionId("region");
  const rpc = decoders[type](envelope);
  envelope.end();
  return { type, region, rpc } as PeerRequest;
}
