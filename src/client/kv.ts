// Keys and values. Writes carry a session stamp, so that they take effect once; reads say how fresh they must be. Keys and values are bytes; text
// is taken as UTF-8. A condition that does not hold is CONFLICT with the current version; a missing key is an empty answer, not an error.

import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import type { RegionId } from "../base/ids.ts";
import type { ClientRequest, Consistency, KeyValueRecord, ReadResponse } from "../wire/client-protocol.ts";
import type { SessionStamp } from "../wire/command.ts";
import { limits } from "../wire/limits.ts";
import { bytesOf, type Bytes } from "./bytes.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { prefixEnd } from "./key-range.ts";
import type { Session } from "./session.ts";
import { encodedTxn, txnReceipt, type TxnReceipt, type TxnRequest } from "./txn.ts";
import type { RequestContext, RequestOutcome, WriteOptions, WriteReceipt, Writes } from "./writes.ts";

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
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export class KeyValue {
  readonly #context: RequestContext;
  readonly #writes: Writes;

  constructor(context: RequestContext, writes: Writes) {
    this.#context = context;
    this.#writes = writes;
  }

  put(key: Bytes, value: Bytes, options: WriteOptions = {}): Promise<WriteReceipt> {
    const { condition, wantPrevious = false, lease } = options;
    return this.#writes.write({ operation: "put", key: bytesOf(key), value: bytesOf(value), condition, wantPrevious, lease }, options);
  }

  /** `result.deleted` is 0 when there was no such key. */
  delete(key: Bytes, options: WriteOptions = {}): Promise<WriteReceipt> {
    const { condition, wantPrevious = false } = options;
    return this.#writes.write({ operation: "delete", key: bytesOf(key), condition, wantPrevious }, options);
  }

  /** All keys in [start, end) or none, in one step; TOO_LARGE when they are more than one command may delete. */
  deleteRange(start: Bytes, end: Bytes | undefined, options: Omit<WriteOptions, "condition" | "wantPrevious"> = {}): Promise<WriteReceipt> {
    return this.#writes.write({ operation: "deleteRange", start: bytesOf(start), end: end === undefined ? undefined : bytesOf(end) }, options);
  }

  deletePrefix(prefix: Bytes, options: Omit<WriteOptions, "condition" | "wantPrevious"> = {}): Promise<WriteReceipt> {
    return this.deleteRange(prefix, prefixEnd(bytesOf(prefix)), options);
  }

  /** At one index, or not at all. That the comparisons did not hold is an answer, not an error: `succeeded` says which side was done. */
  async txn(request: TxnRequest, options: Omit<WriteOptions, "condition" | "wantPrevious"> = {}): Promise<TxnReceipt> {
    return txnReceipt(request, await this.#writes.write({ operation: "txn", body: encodedTxn(request) }, options));
  }

  /** `record` is undefined when there is no such key. */
  async get(key: Bytes, options: ReadOptions = {}): Promise<ReadResponse & { readonly record: KeyValueRecord | undefined }> {
    const response = await this.#read((shared) => ({ operation: "get", key: bytesOf(key), ...shared }), options);
    return { ...response, record: response.records[0] };
  }

  range(query: RangeQuery, options: ReadOptions = {}): Promise<ReadResponse> {
    const start = query.start === undefined ? undefined : bytesOf(query.start);
    const end = query.end === undefined ? undefined : bytesOf(query.end);
    const { limit = limits.rangeRecordsMax, keysOnly = false, countOnly = false } = query;
    return this.#read((shared) => ({ operation: "range", start, end, limit, keysOnly, countOnly, ...shared }), options);
  }

  prefix(prefix: Bytes, query: Omit<RangeQuery, "start" | "end"> = {}, options: ReadOptions = {}): Promise<ReadResponse> {
    return this.range({ ...query, start: prefix, end: prefixEnd(bytesOf(prefix)) }, options);
  }

  /** Page by page until the end or `query.limit`. Each page is one read: records of different pages may be of different moments. */
  async *pages(query: RangeQuery, options: ReadOptions = {}): AsyncGenerator<ReadResponse> {
    let { start, limit: wanted = Number.POSITIVE_INFINITY } = query;
    for (;;) {
      const page = await this.range({ ...query, start, limit: Math.min(wanted, limits.rangeRecordsMax) }, options);
      yield page;
      wanted -= page.records.length;
      const last = page.records.at(-1);
      if (!page.more || last === undefined || wanted <= 0) return;
      start = concatBytes([last.key, new Uint8Array(1)]);
    }
  }

  /** The next number of a session of the caller's own, to be sent with `session`. */
  nextStamp(session: Session, options: CallOptions = {}): Promise<SessionStamp> {
    return this.#writes.nextStamp(session, options);
  }

  /**
   * What became of a request whose answer was lost. It asks by a command of its own with the same stamp: so a request that has not been executed by then never
   * will be, and the answer is final. Rejects like a write; asking again is harmless.
   */
  outcome(stamp: SessionStamp, options: CallOptions = {}): Promise<RequestOutcome> {
    return this.#writes.outcome(stamp, options);
  }

  async #read(makeRequest: (shared: SharedReadFields) => ClientRequest, options: ReadOptions): Promise<ReadResponse> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const { consistency = "linearizable", minIndex, maxLagMs } = options;
    const region = this.#context.region();
    const request = (timeoutMs: number): ClientRequest => makeRequest({ region, consistency, minIndex, maxLagMs, timeoutMs });
    const response = await this.#context.connection.callIdempotent(request, deadline);
    assert(response.operation === "read", "a read is answered with records");
    this.#context.observe(response);
    return response;
  }
}

interface SharedReadFields {
  readonly region: RegionId;
  readonly consistency: Consistency;
  readonly minIndex: number | undefined;
  readonly maxLagMs: number | undefined;
  readonly timeoutMs: number;
}
