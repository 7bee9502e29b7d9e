// Keys and values. Writes carry a session stamp, so that they take effect once; reads say how fresh they must be. Keys and values are bytes; text
// is taken as UTF-8. A condition that does not hold is CONFLICT with the current version; a missing key is an empty answer, not an error.

import { assert } from "../base/assert.ts";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { ClientRequest, Consistency, KeyValueRecord, ProposeResponse, ReadResponse } from "../wire/client-protocol.ts";
import { decodeResult } from "../wire/command-result.ts";
import type { CommandResult } from "../wire/command-result.ts";
import { encodeCommand } from "../wire/command.ts";
import type { Command, Condition, SessionStamp } from "../wire/command.ts";
import { limits } from "../wire/limits.ts";
import type { Connection } from "./connection.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { prefixEnd } from "./key-range.ts";
import { requestId, type Session, SessionPool } from "./session.ts";
import { deliver, unknownOutcome } from "./write.ts";

export type Bytes = string | Uint8Array;

export interface WriteOptions extends CallOptions {
  readonly condition?: Condition | undefined;
  /** The receipt carries the record that was there before. */
  readonly wantPrevious?: boolean;
  /** When to answer: once it is in a majority of logs, or once it is also executed (the default; only then results are known). */
  readonly waitFor?: "committed" | "applied";
  /** A stamp of the caller's own, to repeat a request; "none" gives up exactly-once. By default the client makes one. */
  readonly session?: SessionStamp | "none";
}

export interface WriteReceipt {
  /** Where the command stands in the log. */
  readonly index: number;
  readonly term: number;
  /** undefined when only commitment was waited for. */
  readonly result: CommandResult | undefined;
  readonly leader: string | undefined;
  readonly forwardedBy: string | undefined;
  readonly requestId: string | undefined;
}

/**
 * applied: the state machine has executed it, at `result.index`; it may have answered that a condition did not hold. not-applied: it was not executed and
 * never will be. session-expired: the cluster has forgotten the session; nobody can tell any more whether it was executed, and from now on it will not be.
 */
export type RequestOutcome = { readonly state: "applied"; readonly result: CommandResult } | { readonly state: "not-applied" | "session-expired" };

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

/** What the key-value client needs of the client that owns it. */
export interface KeyValueContext {
  readonly connection: Connection;
  readonly timeoutMs: number;
  readonly clearUpMs: number;
  region(): RegionId;
  /** Called with each answer, for the header and the leader hint. */
  observe(response: ProposeResponse | ReadResponse): void;
  /** An index that the log of the region has reached. @throws UNREACHABLE when nothing is known and nobody answers */
  reached(deadline: Deadline): Promise<number>;
}

export class KeyValue {
  readonly #context: KeyValueContext;
  readonly #sessions: SessionPool;

  constructor(context: KeyValueContext, sessions: SessionPool = new SessionPool()) {
    this.#context = context;
    this.#sessions = sessions;
  }

  put(key: Bytes, value: Bytes, options: WriteOptions = {}): Promise<WriteReceipt> {
    const { condition, wantPrevious = false } = options;
    return this.#write({ operation: "put", key: bytes(key), value: bytes(value), condition, wantPrevious }, options);
  }

  /** `result.deleted` is 0 when there was no such key. */
  delete(key: Bytes, options: WriteOptions = {}): Promise<WriteReceipt> {
    const { condition, wantPrevious = false } = options;
    return this.#write({ operation: "delete", key: bytes(key), condition, wantPrevious }, options);
  }

  /** All keys in [start, end) or none, in one step; TOO_LARGE when they are more than one command may delete. */
  deleteRange(start: Bytes, end: Bytes | undefined, options: Omit<WriteOptions, "condition" | "wantPrevious"> = {}): Promise<WriteReceipt> {
    return this.#write({ operation: "deleteRange", start: bytes(start), end: end === undefined ? undefined : bytes(end) }, options);
  }

  deletePrefix(prefix: Bytes, options: Omit<WriteOptions, "condition" | "wantPrevious"> = {}): Promise<WriteReceipt> {
    return this.deleteRange(prefix, prefixEnd(bytes(prefix)), options);
  }

  /** `record` is undefined when there is no such key. */
  async get(key: Bytes, options: ReadOptions = {}): Promise<ReadResponse & { readonly record: KeyValueRecord | undefined }> {
    const response = await this.#read((shared) => ({ operation: "get", key: bytes(key), ...shared }), options);
    return { ...response, record: response.records[0] };
  }

  range(query: RangeQuery, options: ReadOptions = {}): Promise<ReadResponse> {
    const start = query.start === undefined ? undefined : bytes(query.start);
    const end = query.end === undefined ? undefined : bytes(query.end);
    const { limit = limits.rangeRecordsMax, keysOnly = false, countOnly = false } = query;
    return this.#read((shared) => ({ operation: "range", start, end, limit, keysOnly, countOnly, ...shared }), options);
  }

  prefix(prefix: Bytes, query: Omit<RangeQuery, "start" | "end"> = {}, options: ReadOptions = {}): Promise<ReadResponse> {
    return this.range({ ...query, start: prefix, end: prefixEnd(bytes(prefix)) }, options);
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
  async nextStamp(session: Session, options: CallOptions = {}): Promise<SessionStamp> {
    return session.nextStamp(await this.#context.reached(Deadline.of(options, this.#context.timeoutMs)));
  }

  /**
   * What became of a request whose answer was lost. It asks by a command of its own with the same stamp: so a request that has not been executed by then never
   * will be, and the answer is final. Rejects like a write; asking again is harmless.
   */
  async outcome(stamp: SessionStamp, options: CallOptions = {}): Promise<RequestOutcome> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const { receipt, sent } = await this.#deliver({ operation: "settle", session: stamp }, options, deadline).catch(unanswered(stamp));
    const { result } = receipt;
    assert(result !== undefined, "whoever waits until it is applied gets the result");
    if (result.status === "neverApplied") return { state: "not-applied" };
    if (result.status === "sessionExpired") return { state: "session-expired" };
    if (result.status === "sequenceAhead") refuseUnlessOk(result, sent);
    return { state: "applied", result };
  }

  async #write(command: Command, options: WriteOptions): Promise<WriteReceipt> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const { session } = options;
    if (session !== undefined) return accepted(await this.#deliver(session === "none" ? command : { ...command, session }, options, deadline));
    const delivered = await this.#deliverInSession(command, options, deadline);
    // Nothing was done, and where the log is now is known: a new session begins there.
    return accepted(wasForgotten(delivered) ? await this.#deliverInSession(command, options, deadline) : delivered);
  }

  async #deliverInSession(command: Command, options: WriteOptions, deadline: Deadline): Promise<Delivered> {
    const reached = await this.#context.reached(deadline);
    const session = this.#sessions.take();
    try {
      const delivered = await this.#deliver({ ...command, session: session.nextStamp(reached) }, options, deadline);
      if (isSessionLost(delivered.receipt)) return delivered;
      // Whatever else the state machine answers, the command is in the log.
      session.executed();
      this.#sessions.giveBack(session);
      return delivered;
    } catch (error) {
      const known = error instanceof RaftctlError && error.code !== "UNKNOWN_OUTCOME";
      if (known) this.#sessions.giveBack(session);
      throw error;
    }
  }

  async #deliver(command: Command, options: WriteOptions, deadline: Deadline): Promise<Delivered> {
    const encoded = encodeCommand(command);
    const waitFor = options.waitFor ?? "applied";
    const region = this.#context.region();
    const sent = { command, requestId: command.session === undefined ? undefined : requestId(command.session), deadline };
    const makeRequest = (timeoutMs: number): ClientRequest => ({ operation: "propose", region, waitFor, timeoutMs, command: encoded });
    const { connection, clearUpMs } = this.#context;
    const send = (limit: Deadline): Promise<ProposeResponse> => connection.call(makeRequest, limit).then(proposeResponse);
    const { response, wasRepeated } = await deliver({ send, deadline, clearUpMs, requestId: sent.requestId, isClosed: () => connection.closed });
    this.#context.observe(response);
    const result = response.result.length === 0 ? undefined : decodeResult(response.result);
    const { index, term, leader, forwardedBy } = response;
    return { sent, wasRepeated, receipt: { index: result?.index ?? index, term, result, leader, forwardedBy, requestId: sent.requestId } };
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

interface Sent {
  readonly command: Command;
  readonly requestId: string | undefined;
  readonly deadline: Deadline;
}

/** What became of a command, before anybody judges it. */
interface Delivered {
  readonly sent: Sent;
  readonly receipt: WriteReceipt;
  /** It was sent more than once. */
  readonly wasRepeated: boolean;
}

/** It is the question here that may or may not have been taken in, and that does no harm. */
function unanswered(stamp: SessionStamp): (thrown: unknown) => never {
  return (thrown) => {
    const error = toRaftctlError(thrown);
    if (error.code !== "UNKNOWN_OUTCOME") throw error;
    throw new RaftctlError("UNKNOWN_OUTCOME", `nobody has answered what became of request ${requestId(stamp)}: ${toRaftctlError(error.cause).message}`, {
      cause: error, details: { ...error.details }, hint: "ask again: the question changes nothing but that a request that was not applied never will be",
    });
  };
}

/** The cluster has refused a number that was sent for the first time: so nothing was done, and nothing will be. */
function wasForgotten({ receipt, wasRepeated }: Delivered): boolean {
  return !wasRepeated && isSessionLost(receipt);
}

function isSessionLost({ result }: WriteReceipt): boolean {
  return result?.status === "sessionExpired" || result?.status === "sequenceAhead";
}

function accepted({ receipt, sent }: Delivered): WriteReceipt {
  if (receipt.result !== undefined) refuseUnlessOk(receipt.result, sent);
  return receipt;
}

interface SharedReadFields {
  readonly region: RegionId;
  readonly consistency: Consistency;
  readonly minIndex: number | undefined;
  readonly maxLagMs: number | undefined;
  readonly timeoutMs: number;
}

function refuseUnlessOk(result: CommandResult, sent: Sent): void {
  switch (result.status) {
    case "ok":
      return;
    case "conflict":
      throw conflict(result, sent.command);
    case "tooMany":
      throw new RaftctlError("TOO_LARGE", "the range holds more keys than one command may delete; nothing was deleted", {
        hint: "delete a smaller range or a longer prefix",
      });
    case "sessionExpired":
      throw unknownOutcome(new RaftctlError("UNKNOWN_OUTCOME", "the cluster does not remember this session or sequence any more"), sent);
    case "sequenceAhead":
      throw new RaftctlError("INVALID_ARGUMENT", `the number of request ${sent.requestId} is too far ahead of the log, which is at index ${result.index}; nothing was done`, {
        hint: "repeat a request with the numbers that were printed with it",
      });
    case "neverApplied":
      throw new RaftctlError("CONFLICT", `request ${sent.requestId} was declared as never applied at index ${result.index}, when somebody asked for its outcome; nothing was done`, {
        hint: "write again as a new request", details: { index: String(result.index) },
      });
    case "invalid":
      throw new RaftctlError("BAD_REQUEST", "the cluster does not know this command: upgrade every node first");
  }
}

function conflict(result: CommandResult, command: Command): RaftctlError {
  const wanted = command.operation === "deleteRange" ? undefined : command.condition;
  const found = result.version === 0 ? "the key does not exist" : `the key has version ${result.version}`;
  const wish = wanted?.kind === "version" ? `version ${wanted.version}` : wanted?.kind === "absent" ? "no such key" : "another value";
  return new RaftctlError("CONFLICT", `the condition did not hold: wanted ${wish}, but ${found}`, {
    details: { version: String(result.version), index: String(result.index) },
    hint: "read the key again and decide anew",
  });
}

function proposeResponse(response: { operation: string }): ProposeResponse {
  assert(response.operation === "propose", "a proposal is answered with its index");
  return response as ProposeResponse;
}

function bytes(value: Bytes): Uint8Array {
  return typeof value === "string" ? utf8(value) : value;
}
