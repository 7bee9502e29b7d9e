// GET of a range page by page: each answer has the link of the next page in `next`, and all pages show the range as it was at the index of the first one. The
// node that answered the first page holds that state for a while, so the link is of that node.

import { keyBehind } from "../client/key-range.ts";
import { RaftctlError } from "../base/errors.ts";
import type { RangeQuery, ReadOptions } from "../client/reads.ts";
import { limits } from "../wire/limits.ts";
import type { ReadResponse } from "../wire/client-protocol.ts";
import type { Call } from "./call.ts";
import type { Query } from "./query.ts";

export const pageParameters = ["pageSize", "view"];
/** Said of the first page, they hold for all. */
const ofTheFirstPage = ["prefix", "countOnly", "minIndex", "maxLag"];

export interface Page {
  readonly response: ReadResponse;
  /** Absent on the last one. */
  readonly next: string | undefined;
}

/** @param range of the first page as it was asked for, of a further one what its link says */
export async function readPage({ query, client }: Call, range: RangeQuery, options: ReadOptions): Promise<Page> {
  const { start, end, keysOnly, limit: wanted = Number.MAX_SAFE_INTEGER } = range;
  const size = pageSizeOf(query);
  const shape = { start, end, keysOnly, limit: Math.min(size, wanted), wanted };
  const view = viewOf(query);
  const response = view === undefined ? await client.kv.range(shape, options) : await client.kv.page({ ...shape, view });
  return { response, next: linkBehind(response, { query, size, end, left: wanted - response.records.length }) };
}

function viewOf(query: Query): string | undefined {
  const view = query.text("view");
  const needless = view === undefined ? query.has("countOnly") && "countOnly" : ofTheFirstPage.find((name) => query.has(name));
  if (typeof needless !== "string") return view;
  const parameter = view === undefined ? "pageSize" : "view";
  throw new RaftctlError("BAD_REQUEST", `${needless}: not together with ${parameter}`, { hint: "ask for the next page as `next` says" });
}

function pageSizeOf(query: Query): number {
  const size = query.count("pageSize") ?? limits.rangeRecordsMax;
  if (size >= 1 && size <= limits.rangeRecordsMax) return size;
  throw new RaftctlError("BAD_REQUEST", `pageSize: ${size} is not valid, want 1 to ${limits.rangeRecordsMax}`);
}

interface Behind {
  readonly query: Query;
  readonly size: number;
  readonly end: RangeQuery["end"];
  readonly left: number;
}

function linkBehind({ view, records }: ReadResponse, { query, size, end, left }: Behind): string | undefined {
  if (view === undefined) return undefined;
  const words = {
    view, pageSize: String(size), keyEncoding: "base64", start: base64(keyBehind(records.at(-1)!.key)),
    ...(end !== undefined && { end: base64(end) }),
    ...(query.has("limit") && { limit: String(left) }),
    ...(query.flag("keysOnly") && { keysOnly: "true" }),
    ...(query.has("consistency") && { consistency: query.text("consistency")! }),
  };
  return `/v1/kv?${Object.entries(words).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes as Uint8Array).toString("base64");
}
