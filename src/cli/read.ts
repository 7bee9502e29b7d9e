// Carries out a `get`: one key, or all of a range at one index. What comes back is the JSON contract, with the records beside it for text.

import type { Client } from "../client/client.ts";
import type { RangeQuery, ReadOptions } from "../client/reads.ts";
import type { Consistency, KeyValueRecord, ReadResponse } from "../wire/client-protocol.ts";
import { recordDocument } from "./kv-result.ts";
import type { RecordDocument } from "./kv-result.ts";
import type { ReadTarget } from "./read-query.ts";

export interface ReadPlan {
  readonly target: ReadTarget;
  readonly limit: number | undefined;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly options: ReadOptions & { readonly consistency: Consistency };
}

export interface ReadDocument {
  found: boolean;
  kvs: RecordDocument[];
  /** All that match, also beyond the limit. */
  count: number;
  /** There are more than were asked for. */
  more: boolean;
  /** All of it is as it was after this entry of the log. */
  index: string;
  servedBy: string;
  consistency: Consistency;
  staleMs?: number;
  /** Over HTTP, of a page that is not the last one: where the next one is, as it was at the same index. */
  next?: string;
}

/** The first line of `get --watch`; what changed since then comes behind it. */
export interface StateDocument extends ReadDocument {
  kind: "state";
}

export async function read(client: Client, plan: ReadPlan): Promise<{ document: ReadDocument; records: readonly KeyValueRecord[] }> {
  const response = "key" in plan.target ? await client.kv.get(plan.target.key, plan.options) : await readRange(client, plan, plan.target.query);
  return { document: readDocument(response, { keysOnly: plan.keysOnly, consistency: plan.options.consistency }), records: response.records };
}

export function readDocument(response: ReadResponse, { keysOnly, consistency }: { readonly keysOnly: boolean; readonly consistency: Consistency }): ReadDocument {
  const { records, count, more, index, servedBy, staleMs } = response;
  return {
    found: count > 0,
    kvs: records.map((record) => recordDocument(record, { keysOnly })),
    count, more, index: String(index), servedBy, consistency,
    ...(staleMs !== undefined && { staleMs }),
  };
}

function readRange({ kv }: Client, { keysOnly, countOnly, limit, options }: ReadPlan, query: Pick<RangeQuery, "start" | "end">): Promise<ReadResponse> {
  return countOnly ? kv.range({ ...query, countOnly }, options) : kv.list({ ...query, keysOnly, limit }, options);
}
