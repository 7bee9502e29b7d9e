// GET of one key, and of a range of keys. A range is one page: `more` says that there is another, which begins behind the last key.

import { RaftctlError } from "../base/errors.ts";
import { recordDocument } from "../cli/kv-result.ts";
import type { ReadDocument } from "../cli/read.ts";
import { prefixEnd } from "../client/key-range.ts";
import type { RangeQuery, ReadOptions } from "../client/kv.ts";
import { bytesDocument } from "../cli/envelope.ts";
import type { Consistency, ReadResponse } from "../wire/client-protocol.ts";
import type { Finding, RawFinding } from "./answers.ts";
import { keyOf, type Call } from "./call.ts";
import { keyParameter, type Query } from "./query.ts";

const readParameters = ["consistency", "maxLag", "minIndex", "keyEncoding"];
export const getParameters = readParameters;
export const rangeParameters = [...readParameters, "prefix", "start", "end", "limit", "keysOnly", "countOnly"];

/** Only the leader answers these. */
export function wantsLeader(query: Query): boolean {
  return consistencyOf(query) === "leader";
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
  return { result: documentOf(await client.kv.range(rangeOf(query), optionsOf(query)), query) };
}

function rangeOf(query: Query): RangeQuery {
  const shape = { limit: query.count("limit"), keysOnly: query.flag("keysOnly"), countOnly: query.flag("countOnly") };
  const prefix = keyParameter(query, "prefix");
  if (prefix !== undefined && !query.has("start") && !query.has("end")) return { ...shape, start: prefix, end: prefixEnd(prefix) };
  if (prefix === undefined && (query.has("start") || query.has("end"))) return { ...shape, start: keyParameter(query, "start"), end: keyParameter(query, "end") };
  throw new RaftctlError("BAD_REQUEST", "say which keys: /v1/kv/{key}, ?prefix=P, or ?start=A&end=B with one or both", { hint: "?prefix= means all keys" });
}

function documentOf(response: ReadResponse, query: Query): ReadDocument {
  const { records, count, more, servedBy, staleMs } = response;
  const keysOnly = query.has("keysOnly") && query.flag("keysOnly");
  return {
    found: count > 0, kvs: records.map((record) => recordDocument(record, { keysOnly })), count, more, servedBy, consistency: consistencyOf(query),
    ...(staleMs !== undefined && { staleMs }),
  };
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
