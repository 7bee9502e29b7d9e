// Keys and values. Writes carry a session stamp, so that they take effect once; reads say how fresh they must be. Keys and values are bytes; text
// is taken as UTF-8. A condition that does not hold is CONFLICT with the current version; a missing key is an empty answer, not an error.

import { assert } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { ClientRequest, ClientResponse, Consistency, KeyValueRecord, ReadResponse } from "../wire/client-protocol.ts";
import type { SessionStamp } from "../wire/command.ts";
import { limits } from "../wire/limits.ts";
import { bytesOf, type Bytes } from "./bytes.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { prefixEnd } from "./key-range.ts";
import { readList, readPages } from "./pages.ts";
import type { PagedQuery, PageQuery, RangeQuery, ReadOptions } from "./reads.ts";
import type { Session } from "./session.ts";
import { encodedTxn, txnReceipt, type TxnReceipt, type TxnRequest } from "./txn.ts";
import type { RequestContext, RequestOutcome, WriteOptions, WriteReceipt, Writes } from "./writes.ts";

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
    const { limit = limits.rangeRecordsMax, keysOnly = false, countOnly = false, wanted } = query;
    return this.#read((shared) => ({ operation: "range", start, end, limit, keysOnly, countOnly, ...shared, ...(wanted !== undefined && { wanted }) }), options);
  }

  prefix(prefix: Bytes, query: Omit<RangeQuery, "start" | "end"> = {}, options: ReadOptions = {}): Promise<ReadResponse> {
    return this.range({ ...query, start: prefix, end: prefixEnd(bytesOf(prefix)) }, options);
  }

  /**
   * Page by page until the end or `query.limit`, which has no bound here; all of them as it was at the `index` of the first one, whatever is written meanwhile.
   * VIEW_GONE when 30 s pass between two pages or 5 minutes in all, and when the connection ends.
   */
  pages(query: PagedQuery, options: ReadOptions = {}): AsyncGenerator<ReadResponse> {
    return readPages(this, query, options);
  }

  /** The same as one answer, in memory. Begins again, three times at most, when the state of its first page is gone. */
  list(query: PagedQuery, options: ReadOptions = {}): Promise<ReadResponse> {
    return readList(this, query, options);
  }

  /** A page behind the first one, over the connection of that one: as `pages` reads it. @throws VIEW_GONE */
  async page(query: PageQuery, options: CallOptions = {}): Promise<ReadResponse> {
    const { view, start, end, limit = limits.rangeRecordsMax, keysOnly = false, wanted } = query;
    const [startBytes, endBytes] = [start, end].map((bound) => (bound === undefined ? undefined : bytesOf(bound)));
    const request: ClientRequest = { operation: "page", region: this.#context.region(), view, start: startBytes, end: endBytes, limit, keysOnly, wanted };
    try {
      return this.#received(await this.#context.connection.call(() => request, Deadline.of(options, this.#context.timeoutMs)));
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (error.code !== "CONNECTION_LOST") throw error;
      throw new RaftctlError("VIEW_GONE", "the connection is lost for which the state of these pages was held", { cause: error, hint: "begin again with the first page" });
    }
  }

  /** No further page is wanted. */
  async closeView(view: string, options: CallOptions = {}): Promise<void> {
    await this.#context.connection.call(() => ({ operation: "closeView", region: this.#context.region(), view }), Deadline.of(options, this.#context.timeoutMs));
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
    const { consistency = "linearizable", minIndex, maxLagMs } = options;
    const region = this.#context.region();
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const request = (timeoutMs: number): ClientRequest => makeRequest({ region, consistency, minIndex, maxLagMs, timeoutMs });
    return this.#received(await this.#context.connection.callIdempotent(request, deadline));
  }

  #received(response: ClientResponse): ReadResponse {
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
