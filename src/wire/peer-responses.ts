// Responses between nodes: [requestId, 0, ...fields], or [requestId, 1, error]. Which response it is follows from the request that it answers.
// Encoders leave the request id 0; the connection sets it.

import type { Pledge } from "../raft/message.ts";
import type { FieldReader } from "./check.ts";
import { openResponse } from "./envelope.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";
import type { PeerCalls, PeerMessageType } from "./peer-protocol.ts";
import { checkpointFields, readCheckpoint } from "./state-checkpoint.ts";

type ResponseOf<Type extends PeerMessageType> = PeerCalls[Type]["response"];

/** Behind all others, and only of a node with lease reads: the frame of any other acknowledgement is as it always was. */
function pledgeFields(pledge: Pledge | undefined): readonly number[] {
  return pledge === undefined ? [] : [pledge.durationMs, pledge.clockMs];
}

function readPledge(fields: FieldReader): { readonly pledge?: Pledge } {
  return fields.atEnd ? {} : { pledge: { durationMs: fields.quantity("pledge.durationMs"), clockMs: fields.quantity("pledge.clockMs") } };
}

const encoders: { readonly [Type in PeerMessageType]: (response: ResponseOf<Type>) => WireFields } = {
  requestVote: (response) => [0, 0, response.requestId, response.term, response.voteGranted],
  preVote: (response) => [0, 0, response.requestId, response.term, response.voteGranted],
  appendEntries: (response) => [
    0, 0, response.requestId, response.term, response.success, response.matchIndex, response.conflictIndex, response.conflictTerm,
    response.lastLogIndex, response.round, ...checkpointFields(response.checkpoint), ...pledgeFields(response.pledge),
  ],
  installSnapshot: (response) => [
    0, 0, response.requestId, response.term, response.accepted, response.matchIndex, response.nextOffset,
  ],
  timeoutNow: (response) => [0, 0, response.requestId, response.term],
  propose: (response) => [0, 0, response.term, response.index, response.result],
  readIndex: (response) => [0, 0, response.term, response.index],
  admin: (response) => [0, 0, response.result],
};

const decoders: { readonly [Type in PeerMessageType]: (fields: FieldReader) => ResponseOf<Type> } = {
  requestVote: (fields) => ({
    type: "requestVoteResponse",
    requestId: fields.integer("requestId"),
    term: fields.integer("term"),
    voteGranted: fields.boolean("voteGranted"),
  }),
  preVote: (fields) => ({
    type: "preVoteResponse",
    requestId: fields.integer("requestId"),
    term: fields.integer("term"),
    voteGranted: fields.boolean("voteGranted"),
  }),
  appendEntries: (fields) => ({
    type: "appendEntriesResponse",
    requestId: fields.integer("requestId"),
    term: fields.integer("term"),
    success: fields.boolean("success"),
    matchIndex: fields.integer("matchIndex"),
    conflictIndex: fields.integer("conflictIndex"),
    conflictTerm: fields.integer("conflictTerm"),
    lastLogIndex: fields.integer("lastLogIndex"),
    round: fields.integer("round"),
    checkpoint: readCheckpoint(fields),
    ...readPledge(fields),
  }),
  installSnapshot: (fields) => ({
    type: "installSnapshotResponse",
    requestId: fields.integer("requestId"),
    term: fields.integer("term"),
    accepted: fields.boolean("accepted"),
    matchIndex: fields.integer("matchIndex"),
    nextOffset: fields.integer("nextOffset"),
  }),
  timeoutNow: (fields) => ({ type: "timeoutNowResponse", requestId: fields.integer("requestId"), term: fields.integer("term") }),
  propose: (fields) => ({
    type: "proposeResponse",
    term: fields.integer("term"),
    index: fields.integer("index"),
    result: fields.bytes("result", limits.peerFrameBytesMax),
  }),
  readIndex: (fields) => ({ type: "readIndexResponse", term: fields.integer("term"), index: fields.integer("index") }),
  admin: (fields) => ({ type: "adminResponse", result: fields.take("result") }),
};

/** The request id is left 0, for the connection to set. */
export function encodePeerResponse<Type extends PeerMessageType>(type: Type, response: ResponseOf<Type>): WireFields {
  return encoders[type](response);
}

/** Throws the error that the response carries, or BAD_FRAME when it is no response to a request of this type. */
export function decodePeerResponse<Type extends PeerMessageType>(type: Type, fields: WireFields): ResponseOf<Type> {
  const reader = openResponse(`${type} response`, fields);
  const response = decoders[type](reader);
  reader.end();
  return response;
}
