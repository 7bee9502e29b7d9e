// Sends commands, and says what became of them. Each carries the stamp of a session, so that it takes effect once however often it is sent; a session that
// the cluster has forgotten is replaced by a new one, and nobody notices but by the time.

import { assert } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { ClientRequest, ProposeResponse, ReadResponse, WatchResponse } from "../wire/client-protocol.ts";
import { decodeResult } from "../wire/command-result.ts";
import type { CommandResult } from "../wire/command-result.ts";
import { encodeCommand } from "../wire/command.ts";
import type { Command, Condition, SessionStamp } from "../wire/command.ts";
import type { Connection } from "./connection.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { refuseUnlessOk, type Sent } from "./refusal.ts";
import { requestId, type Session, type SessionPool } from "./session.ts";
import { deliver } from "./delivery.ts";

export interface WriteOptions extends CallOptions {
  readonly condition?: Condition | undefined;
  /** The receipt carries the record that was there before. */
  readonly wantPrevious?: boolean;
  /** Of a put: the key is deleted when this lease ends. LEASE_NOT_FOUND when there is no such lease. */
  readonly lease?: bigint | undefined;
  /** When to answer: once it is in a majority of logs, or once it is also executed (the default; only then results are known). */
  readonly waitFor?: "committed" | "applied";
  /** A stamp of the caller's own, to repeat a request; "none" gives up exactly-once. By default the client makes one. */
  readonly session?: SessionStamp | "none";
  /** The leader keeps the life of this write: `admin.call("writeTrace", { index, term })` with those of the receipt. */
  readonly trace?: boolean;
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
  /** From the first time that it was sent to the answer, ms. */
  readonly tookMs: number;
}

/**
 * applied: the state machine has executed it, at `result.index`; it may have answered that a condition did not hold. not-applied: it was not executed and
 * never will be. session-expired: the cluster has forgotten the session; nobody can tell any more whether it was executed, and from now on it will not be.
 */
export type RequestOutcome = { readonly state: "applied"; readonly result: CommandResult } | { readonly state: "not-applied" | "session-expired" };

/** What reads and writes need of the client that owns them. */
export interface RequestContext {
  readonly connection: Connection;
  readonly timeoutMs: number;
  readonly clearUpMs: number;
  region(): RegionId;
  /** Called with each answer, for the header and the leader hint. */
  observe(response: ProposeResponse | ReadResponse | WatchResponse): void;
  /** An index that the log of the region has reached. @throws UNREACHABLE when nothing is known and nobody answers */
  reached(deadline: Deadline): Promise<number>;
}

export class Writes {
  readonly #context: RequestContext;
  readonly #sessions: SessionPool;

  constructor(context: RequestContext, sessions: SessionPool) {
    this.#context = context;
    this.#sessions = sessions;
  }

  /** The next number of a session of the caller's own, to be sent with `session`. */
  async nextStamp(session: Session, options: CallOptions): Promise<SessionStamp> {
    return session.nextStamp(await this.#context.reached(Deadline.of(options, this.#context.timeoutMs)));
  }

  /**
   * What became of a request whose answer was lost. It asks by a command of its own with the same stamp: so a request that has not been executed by then never
   * will be, and the answer is final. Rejects like a write; asking again is harmless.
   */
  async outcome(stamp: SessionStamp, options: CallOptions): Promise<RequestOutcome> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const { receipt, sent } = await this.#deliver({ operation: "settle", session: stamp }, options, deadline).catch(unanswered(stamp));
    const { result } = receipt;
    assert(result !== undefined, "whoever waits until it is applied gets the result");
    if (result.status === "neverApplied") return { state: "not-applied" };
    if (result.status === "sessionExpired") return { state: "session-expired" };
    if (result.status === "sequenceAhead") refuseUnlessOk(result, sent);
    return { state: "applied", result };
  }

  /** Rejects with what the state machine has refused, UNKNOWN_OUTCOME, or what proves that nothing was done. */
  async write(command: Command, options: WriteOptions): Promise<WriteReceipt> {
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
    const makeRequest = (timeoutMs: number): ClientRequest => ({ operation: "propose", region, waitFor, timeoutMs, command: encoded, ...(options.trace === true && { trace: true }) });
    const { connection, clearUpMs } = this.#context;
    const send = (limit: Deadline): Promise<ProposeResponse> => connection.call(makeRequest, limit).then(proposeResponse);
    const began = performance.now();
    const { response, wasRepeated } = await deliver({ send, deadline, clearUpMs, requestId: sent.requestId, isClosed: () => connection.closed });
    this.#context.observe(response);
    const result = response.result.length === 0 ? undefined : decodeResult(response.result);
    const { index, term, leader, forwardedBy } = response;
    return { sent, wasRepeated, receipt: { index: result?.index ?? index, term, result, leader, forwardedBy, requestId: sent.requestId, tookMs: performance.now() - began } };
  }
}

/** What became of a command, before anybody judges it. */
interface Delivered {
  readonly sent: Sent;
  readonly receipt: WriteReceipt;
  /** It was sent more than once. */
  readonly wasRepeated: boolean;
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

function proposeResponse(response: { operation: string }): ProposeResponse {
  assert(response.operation === "propose", "a proposal is answered with its index");
  return response as ProposeResponse;
}
