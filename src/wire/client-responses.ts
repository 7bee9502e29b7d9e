// Responses to clients: [requestId, 0, ...fields], or [requestId, 1, error]. Which response it is follows from the request that it answers.
// Encoders leave the request id 0; the connection sets it. Records are [key, value, version, createIndex, modIndex]; the events of
// a watch are one binary field (watch-events.ts).

import type { FieldReader } from "./check.ts";
import type { AdminResponse, ClientRequest, ClientResponse, CloseViewResponse, KeyValueRecord, LeaseKeepAliveResponse, ProposeResponse, ReadResponse, WatchResponse } from "./client-protocol.ts";
import { openResponse } from "./envelope.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";
import { decodeWatchEvents, encodeWatchEvents } from "./watch-events.ts";

/** The request id is left 0, for the connection to set. */
export function encodeClientResponse(response: ClientResponse): WireFields {
  switch (response.operation) {
    case "propose":
      return [0, 0, response.term, response.index, response.forwardedBy ?? null, response.leader ?? null, response.result];
    case "read":
      return [
        0, 0, response.index, response.term, response.leader ?? null, response.servedBy, response.staleMs ?? null, response.count, response.more,
        response.records.map(encodeRecord), ...(response.view === undefined ? [] : [response.view]),
      ];
    case "admin":
      return [0, 0, response.result];
    case "watch":
      return [
        0, 0, response.nextIndex, response.firstRetained, response.index, response.term, response.leader ?? null, response.servedBy, encodeWatchEvents(response.events),
      ];
    case "leaseKeepAlive":
      return [0, 0, response.remainingMs.map((remaining) => remaining ?? null)];
    case "closeView":
      return [0, 0, response.wasOpen];
  }
}

function encodeRecord(record: KeyValueRecord): WireFields {
  return [record.key, record.value, record.version, record.createIndex, record.modIndex];
}

/**
 * @param operation of the request that was asked.
 * Throws the error that the response carries, or BAD_FRAME when it is no response to such a request.
 */
export function decodeClientResponse(operation: ClientRequest["operation"], fields: WireFields): ClientResponse {
  const reader = openResponse(`${operation} response`, fields);
  const response = decoders[operation](reader);
  reader.end();
  return response;
}

const decoders: Readonly<Record<ClientRequest["operation"], (fields: FieldReader) => ClientResponse>> = {
  propose: decodePropose,
  get: decodeRead,
  range: decodeRead,
  admin: decodeAdmin,
  watch: decodeWatch,
  leaseKeepAlive: decodeLeaseKeepAlive,
  page: decodeRead,
  closeView: decodeCloseView,
};

function decodePropose(fields: FieldReader): ProposeResponse {
  return {
    operation: "propose",
    term: fields.integer("term"),
    index: fields.integer("index"),
    forwardedBy: fields.optionalText("forwardedBy", limits.nameBytesMax),
    leader: fields.optionalText("leader", limits.nameBytesMax),
    result: fields.bytes("result", limits.clientFrameBytesMax),
  };
}

function decodeRead(fields: FieldReader): ReadResponse {
  const response: ReadResponse = {
    operation: "read",
    index: fields.integer("index"),
    term: fields.integer("term"),
    leader: fields.optionalText("leader", limits.nameBytesMax),
    servedBy: fields.text("servedBy", limits.nameBytesMax),
    staleMs: fields.optionalQuantity("staleMs"),
    count: fields.integer("count"),
    more: fields.boolean("more"),
    records: fields.list("records", limits.rangeRecordsMax, (element) => element.group("record", decodeRecord)),
  };
  return fields.atEnd ? response : { ...response, view: fields.text("view", limits.viewBytesMax) };
}

function decodeRecord(fields: FieldReader): KeyValueRecord {
  return {
    key: fields.bytes("key", limits.keyBytesMax),
    value: fields.bytes("value", limits.clientFrameBytesMax),
    version: fields.integer("version"),
    createIndex: fields.integer("createIndex"),
    modIndex: fields.integer("modIndex"),
  };
}

function decodeAdmin(fields: FieldReader): AdminResponse {
  return { operation: "admin", result: fields.take("result") };
}

function decodeWatch(fields: FieldReader): WatchResponse {
  return {
    operation: "watch",
    nextIndex: fields.integer("nextIndex"),
    firstRetained: fields.integer("firstRetained"),
    index: fields.integer("index"),
    term: fields.integer("term"),
    leader: fields.optionalText("leader", limits.nameBytesMax),
    servedBy: fields.text("servedBy", limits.nameBytesMax),
    events: decodeWatchEvents(fields.bytes("events", limits.clientFrameBytesMax)),
  };
}

function decodeLeaseKeepAlive(fields: FieldReader): LeaseKeepAliveResponse {
  return { operation: "leaseKeepAlive", remainingMs: fields.list("remainingMs", limits.leasesPerRequestMax, (element) => element.optionalInteger("remaining")) };
}

function decodeCloseView(fields: FieldReader): CloseViewResponse {
  return { operation: "closeView", wasOpen: fields.boolean("wasOpen") };
}
