// Requests of clients: [requestId, operation, region, ...fields], a blob last (behind that of a proposal only the wish for a trace, and behind a range only how
// many records are wanted in all). Encoders leave the request id 0; the connection sets it. Decoders refuse with BAD_REQUEST, which can be answered. Bytes in a
// decoded request are views on the chunk that was received.

import type { RegionId } from "../base/ids.ts";
import { checkPlainParams, FieldReader } from "./check.ts";
import {
  clientOperations, type AdminRequest, type ClientRequest, type CloseViewRequest, type Consistency, type GetRequest, type LeaseKeepAliveRequest, type PageRequest, type ProposeRequest, type RangeRequest, type ReadOptions, type WatchRequest,
} from "./client-protocol.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";
import { leaseIdBytes, leaseIdsBytes, leaseIdsIn } from "./lease-command.ts";
import { readTrace, waits, withTrace } from "./peer-requests.ts";

const consistencies = { linearizable: 0, leader: 1, stale: 2, lease: 3 } as const satisfies Record<Consistency, number>;

/** The request id is left 0, for the connection to set. */
export function encodeClientRequest(request: ClientRequest): WireFields {
  switch (request.operation) {
    case "propose":
      return withTrace([0, clientOperations.propose, request.region, waits[request.waitFor], request.timeoutMs, request.command], request);
    case "get":
      return [0, clientOperations.get, request.region, ...encodeReadOptions(request), request.key];
    case "range":
      return [
        0, clientOperations.range, request.region, ...encodeReadOptions(request), request.start ?? null, request.end ?? null, request.limit,
        request.keysOnly, request.countOnly, ...(request.wanted === undefined ? [] : [request.wanted]),
      ];
    case "admin":
      return [0, clientOperations.admin, request.region, request.method, request.timeoutMs, request.params];
    case "watch":
      return [
        0, clientOperations.watch, request.region, request.start ?? null, request.end ?? null, request.fromIndex, request.waitMs, request.eventsMax, request.bytesMax,
        request.puts, request.deletes, request.keysOnly,
      ];
    case "leaseKeepAlive":
      return [0, clientOperations.leaseKeepAlive, request.region, request.timeoutMs, leaseIdsBytes(request.leases)];
    case "page":
      return [0, clientOperations.page, request.region, request.view, request.start ?? null, request.end ?? null, request.limit, request.keysOnly, request.wanted];
    case "closeView":
      return [0, clientOperations.closeView, request.region, request.view];
  }
}

function encodeReadOptions(options: ReadOptions): WireFields {
  return [consistencies[options.consistency], options.minIndex ?? null, options.maxLagMs ?? null, options.timeoutMs];
}

/** Throws BAD_REQUEST. */
export function decodeClientRequest(fields: WireFields): ClientRequest {
  const reader = new FieldReader("client request", fields, 1);
  const operation = reader.choice("operation", clientOperations);
  const region = reader.regionId("region");
  const request = decoders[operation](reader, region);
  reader.end();
  return request;
}

const decoders: Readonly<Record<keyof typeof clientOperations, (fields: FieldReader, region: RegionId) => ClientRequest>> = {
  propose: decodePropose,
  get: decodeGet,
  range: decodeRange,
  admin: decodeAdmin,
  watch: decodeWatch,
  leaseKeepAlive: decodeLeaseKeepAlive,
  page: decodePage,
  closeView: decodeCloseView,
};

function decodePropose(fields: FieldReader, region: RegionId): ProposeRequest {
  const request: ProposeRequest = {
    operation: "propose",
    region,
    waitFor: fields.choice("waitFor", waits),
    timeoutMs: fields.integer("timeoutMs", 0, limits.timeoutMsMax),
    command: fields.bytes("command", limits.commandBytesMax),
  };
  return readTrace(request, fields);
}

function decodeGet(fields: FieldReader, region: RegionId): GetRequest {
  return {
    operation: "get",
    region,
    consistency: fields.choice("consistency", consistencies),
    minIndex: fields.optionalInteger("minIndex"),
    maxLagMs: fields.optionalInteger("maxLagMs"),
    timeoutMs: fields.integer("timeoutMs", 0, limits.timeoutMsMax),
    key: fields.bytes("key", limits.keyBytesMax),
  };
}

function decodeRange(fields: FieldReader, region: RegionId): RangeRequest {
  const request: RangeRequest = {
    operation: "range",
    region,
    consistency: fields.choice("consistency", consistencies),
    minIndex: fields.optionalInteger("minIndex"),
    maxLagMs: fields.optionalInteger("maxLagMs"),
    timeoutMs: fields.integer("timeoutMs", 0, limits.timeoutMsMax),
    // The key behind the longest one.
    start: fields.optionalBytes("start", limits.keyBytesMax + 1),
    end: fields.optionalBytes("end", limits.keyBytesMax + 1),
    limit: fields.integer("limit", 0, limits.rangeRecordsMax),
    keysOnly: fields.boolean("keysOnly"),
    countOnly: fields.boolean("countOnly"),
  };
  return fields.atEnd ? request : { ...request, wanted: fields.integer("wanted") };
}

function decodePage(fields: FieldReader, region: RegionId): PageRequest {
  return {
    operation: "page",
    region,
    view: fields.text("view", limits.viewBytesMax),
    start: fields.optionalBytes("start", limits.keyBytesMax + 1),
    end: fields.optionalBytes("end", limits.keyBytesMax + 1),
    limit: fields.integer("limit", 1, limits.rangeRecordsMax),
    keysOnly: fields.boolean("keysOnly"),
    wanted: fields.integer("wanted"),
  };
}

function decodeCloseView(fields: FieldReader, region: RegionId): CloseViewRequest {
  return { operation: "closeView", region, view: fields.text("view", limits.viewBytesMax) };
}

function decodeAdmin(fields: FieldReader, region: RegionId): AdminRequest {
  const method = fields.text("method", limits.methodBytesMax);
  const timeoutMs = fields.integer("timeoutMs", 0, limits.timeoutMsMax);
  const params = fields.take("params");
  checkPlainParams(method, params);
  return { operation: "admin", region, method, params, timeoutMs };
}

function decodeWatch(fields: FieldReader, region: RegionId): WatchRequest {
  return {
    operation: "watch",
    region,
    start: fields.optionalBytes("start", limits.keyBytesMax),
    end: fields.optionalBytes("end", limits.keyBytesMax + 1),
    fromIndex: fields.integer("fromIndex", 1),
    waitMs: fields.integer("waitMs", 0, limits.timeoutMsMax),
    eventsMax: fields.integer("eventsMax", 1, limits.watchEventsMax),
    bytesMax: fields.integer("bytesMax", 1, limits.watchBytesMax),
    puts: fields.boolean("puts"),
    deletes: fields.boolean("deletes"),
    keysOnly: fields.boolean("keysOnly"),
  };
}

/** The ids follow each other, 8 bytes each, little-endian. */
function decodeLeaseKeepAlive(fields: FieldReader, region: RegionId): LeaseKeepAliveRequest {
  const timeoutMs = fields.integer("timeoutMs", 0, limits.timeoutMsMax);
  const bytes = fields.bytes("leases", limits.leasesPerRequestMax * leaseIdBytes);
  const leases = leaseIdsIn(bytes);
  if (leases === undefined || leases.length === 0) throw fields.refusal("leases", bytes, "ids of 8 bytes each, one at least, none of them 0");
  return { operation: "leaseKeepAlive", region, timeoutMs, leases };
}
