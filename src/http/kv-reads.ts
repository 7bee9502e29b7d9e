// GET of one key, and of a range of keys: as much of it as fits into one answer, or page by page (kv-pages.ts).

import { RaftctlError } from "../base/errors.ts";
import { readDocument, type ReadDocument } from "../cli/read.ts";
import { prefixEnd } from "../client/key-range.ts";
import type { RangeQuery, ReadOptions } from "../client/reads.ts";
import { bytesDocument } from "../cli/envelope.ts";
import type { Consistency, ReadResponse } from "../wire/client-protocol.ts";
import type { Finding, RawFinding } from "./answers.ts";
import { keyOf, type Call } from "./call.ts";
import { pageParameters, readPage } from "./kv-pages.ts";
import { keyParameter, type Query } from "./query.ts";

const readParameters = ["consistency", "maxLag", "minIndex", "keyEncoding"];
export const getParameters = readParameters;
export const rangeParameters = [...readParameters, "prefix", "start", "end", "limit", "keysOnly", "countOnly", ...pageParameters];

/** Only the leader answers these. */
export function wantsLeader(query: Query): boolean {
  // A further page is on the node that answered the first one, whoever leads.
  return consistencyOf(query) === "leader" && !query.has("view");
}

export async function getKey(call: Call): Promise<Finding | RawFinding> {
  const key = keyOf(call);
  const response = await call.client.kv.get(key, optionsOf(call.query));
  const { record } = response;
  const found = documentOf(response, call.query);
  if (record === undefined) return { result: found, error: new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(bytesDocument(key).value)}`) };
  const headers = {
    etag: `"${record.version}"`, "raftctl-version": String(record.version), "raftctl-create-index": String(record.createIndex), "raftctl-mod-index": String(record.modIndex),
  };
  return wantsBytes(call) ? { raw: record.value, headers } : { result: found, headers };
}

export async function getRange(call: Call): Promise<Finding> {
  const { query, client } = call;
  if (!query.has("pageSize") && !query.has("view")) return { result: documentOf(await client.kv.range(rangeOf(query), optionsOf(query)), query) };
  const { response, next } = await readPage(call, rangeOf(query), optionsOf(query));
  return { result: { ...documentOf(response, query), ...(next !== undefined && { next }) } };
}

function rangeOf(query: Query): RangeQuery {
  const shape = { limit: query.count("limit"), keysOnly: query.flag("keysOnly"), countOnly: query.flag("countOnly") };
  const prefix = keyParameter(query, "prefix");
  if (prefix !== undefined && !query.has("start") && !query.has("end")) return { ...shape, start: prefix, end: prefixEnd(prefix) };
  if (prefix === undefined && (query.has("start") || query.has("end"))) return { ...shape, start: keyParameter(query, "start"), end: keyParameter(query, "end") };
  throw new RaftctlError("BAD_REQUEST", "say which keys: /v1/kv/{key}, ?prefix=P, or ?start=A&end=B with one or both", { hint: "?prefix= means all keys" });
}

function documentOf(response: ReadResponse, query: Query): ReadDocument {
  return readDocument(response, { keysOnly: query.has("keysOnly") && query.flag("keysOnly"), consistency: consistencyOf(query) });
}

function optionsOf(query: Query): ReadOptions {
  return { consistency: consistencyOf(query), minIndex: query.count("minIndex"), maxLagMs: query.duration("maxLag") };
}

function consistencyOf(query: Query): Consistency {
  return query.choice("consistency", ["linearizable", "lease", "leader", "stale"]) ?? "linearizable";
}

function wantsBytes({ request }: Call): boolean {
  return (request.header("accept") ?? "").split(",").some((type) => type.split(";")[0]!.trim().toLowerCase() === "application/octet-stream");
}
