// Carries out a `get`: one key, or page after page of a range. What comes back is the JSON contract, with the records beside it for text.

import type { Client } from "../client/client.ts";
import type { RangeQuery, ReadOptions } from "../client/kv.ts";
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
  servedBy: string;
  consistency: Consistency;
  staleMs?: number;
}

export async function read(client: Client, plan: ReadPlan): Promise<{ document: ReadDocument; records: readonly KeyValueRecord[] }> {
  const pages = "key" in plan.target ? [await client.kv.get(plan.target.key, plan.options)] : await readPages(client, plan, plan.target.query);
  const last = pages.at(-1)!;
  const records = pages.flatMap((page) => page.records);
  const document = {
    found: records.length > 0 || last.count > 0,
    kvs: records.map((record) => recordDocument(record, { keysOnly: plan.keysOnly })),
    count: plan.countOnly ? last.count : Math.max(pages[0]!.count, records.length),
    more: last.more,
    servedBy: last.servedBy,
    consistency: plan.options.consistency,
    ...(last.staleMs !== undefined && { staleMs: last.staleMs }),
  };
  return { document, records };
}

async function readPages(client: Client, plan: ReadPlan, query: Pick<RangeQuery, "start" | "end">): Promise<ReadResponse[]> {
  const { keysOnly, countOnly, limit, options } = plan;
  if (countOnly) return [await client.kv.range({ ...query, countOnly }, options)];
  const pages: ReadResponse[] = [];
  for await (const page of client.kv.pages({ ...query, keysOnly, limit }, options)) pages.push(page);
  return pages;
}
