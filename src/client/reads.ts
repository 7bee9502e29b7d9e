// What reads are asked with: how fresh they must be, and which keys.

import type { Consistency } from "../wire/client-protocol.ts";
import type { Bytes } from "./bytes.ts";
import type { CallOptions } from "./deadline.ts";

export interface ReadOptions extends CallOptions {
  /** Default linearizable. */
  readonly consistency?: Consistency;
  /** Wait until this index is applied where the read is served. */
  readonly minIndex?: number | undefined;
  /** For stale: UNHEALTHY when the server heard of a leader longer ago, ms. */
  readonly maxLagMs?: number | undefined;
}

export interface RangeQuery {
  readonly start?: Bytes | undefined;
  /** Excluded. */
  readonly end?: Bytes | undefined;
  /** At most 10,000, which is the default; a server may give fewer at once and says so with `more`. */
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean;
  /** For who reads page by page himself: how many records he wants in all. When there are more than in this page, the answer has a `view` for the next one. */
  readonly wanted?: number | undefined;
}

export type PagedQuery = Omit<RangeQuery, "countOnly" | "wanted">;

/** A page behind the first one, as `PageRequest` says. */
export interface PageQuery extends Pick<RangeQuery, "start" | "end" | "limit" | "keysOnly"> {
  readonly view: string;
  readonly wanted: number;
}
