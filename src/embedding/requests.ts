// The way of a program's command into the log (S32), and of its answer back. Each carries the stamp of a session, so that it is executed once however often it has
// to be sent while leaders change: one request at a time uses a session, and a session whose last request has no known end is not used again.

import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { untilAborted } from "../base/until-aborted.ts";
import type { LeaderGateway } from "../host/leader-gateway.ts";
import type { LogPosition } from "../raft/entry.ts";
import type { CallLimits } from "./call-limits.ts";
import { deliver, type Delivered } from "./delivery.ts";
import { checkStamp, decodeAnswer, encodeEntry, type EntryAnswer, type SessionStamp } from "./entry-codec.ts";
import type { Codec } from "./state-machine.ts";

/** The name of a request, which its caller may keep to send it again: a session is used by one request at a time. */
export interface EntrySession {
  /** A decimal from 1 to 2^64-1. */
  readonly id: string;
  /** Ascends from request to request of the session, and begins above an index that the log has reached. */
  readonly sequence: number;
}

export interface RequestsOptions {
  readonly gateway: Pick<LeaderGateway, "propose">;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
  readonly commitIndex: () => number;
}

export class Requests {
  readonly #options: RequestsOptions;
  /** With the number that each used last. */
  readonly #free: SessionStamp[] = [];

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Of a session that nobody else uses. */
  newSession(): EntrySession {
    const { id, sequence } = next(this.#freshSession(this.#options.commitIndex()));
    return { id: String(id), sequence };
  }

  /** Resolves when a majority has it. Without a session it is sent until it may have been taken in, and no further. */
  async committed(entry: unknown, session: EntrySession | undefined, limits: CallLimits): Promise<LogPosition> {
    const { answer: { index, term } } = await this.#send(entry, session && stampOf(session), "committed", limits);
    return { index, term };
  }

  /** Resolves with the outcome of its one execution. */
  async applied(entry: unknown, session: EntrySession | undefined, limits: CallLimits): Promise<EntryAnswer> {
    if (session !== undefined) {
      const { answer } = await this.#execute(entry, stampOf(session), limits);
      return known(answer, stampOf(session));
    }
    const first = await this.#executeInSession(entry, this.#free.pop() ?? this.#freshSession(this.#options.commitIndex()), limits);
    if (first.answer.outcome !== undefined || first.wasRepeated) return known(first.answer, first.stamp);
    // Its session was forgotten, so nothing was done; a new one begins where the log is now.
    const second = await this.#executeInSession(entry, this.#freshSession(first.answer.index), limits);
    return known(second.answer, second.stamp);
  }

  async #executeInSession(entry: unknown, session: SessionStamp, limits: CallLimits): Promise<Delivered<EntryAnswer> & { readonly stamp: SessionStamp }> {
    const stamp = next(session);
    try {
      const delivered = await this.#execute(entry, stamp, limits);
      if (delivered.answer.outcome !== undefined) this.#free.push(stamp);
      return { ...delivered, stamp };
    } catch (error) {
      if (toRaftctlError(error).outcome === "none") this.#free.push(session);
      throw error;
    }
  }

  async #execute(entry: unknown, stamp: SessionStamp, limits: CallLimits): Promise<Delivered<EntryAnswer>> {
    const { answer, wasRepeated } = await this.#send(entry, stamp, "applied", limits);
    return { answer: decodeAnswer(this.#options.codec, answer.result), wasRepeated };
  }

  async #send(entry: unknown, stamp: SessionStamp | undefined, waitFor: "committed" | "applied", { timeoutMs, signal }: CallLimits) {
    const { codec, gateway, clock, stopped } = this.#options;
    const data = encodeEntry(codec, entry, stamp);
    const delivered = deliver({
      attempt: (remainingMs) => gateway.propose(data, { waitFor, timeoutMs: remainingMs }),
      clock, timeoutMs, isStamped: stamp !== undefined, isGivenUp: () => stopped.aborted || signal?.aborted === true,
    });
    const givenUp = () => new RaftctlError("UNKNOWN_OUTCOME", "the caller gave up waiting: the command may or may not be executed", { cause: signal?.reason });
    return untilAborted(delivered, signal, givenUp).catch((thrown: unknown) => {
      throw stamp === undefined ? thrown : named(toRaftctlError(thrown), stamp);
    });
  }

  #freshSession(reached: number): SessionStamp {
    const [id] = crypto.getRandomValues(new BigUint64Array(1));
    return { id: id! | 1n, sequence: reached };
  }
}

function next({ id, sequence }: SessionStamp): SessionStamp {
  return { id, sequence: sequence + 1 };
}

/** @throws INVALID_ARGUMENT */
function stampOf({ id, sequence }: EntrySession): SessionStamp {
  if (!/^[1-9]\d{0,19}$/.test(id)) throw new RaftctlError("INVALID_ARGUMENT", `not a session id: ${JSON.stringify(id)} (want a decimal from 1 to 2^64-1)`);
  const stamp = { id: BigInt(id), sequence };
  checkStamp(stamp);
  return stamp;
}

function known(answer: EntryAnswer, stamp: SessionStamp): EntryAnswer {
  if (answer.outcome !== undefined) return answer;
  throw named(new RaftctlError("UNKNOWN_OUTCOME", "its session was forgotten: an earlier attempt may have been executed, and from now on none will be"), stamp);
}

/** An outcome that is not known can be asked for again by the name of the request. */
function named(error: RaftctlError, { id, sequence }: SessionStamp): RaftctlError {
  if (error.code !== "UNKNOWN_OUTCOME") return error;
  return new RaftctlError("UNKNOWN_OUTCOME", error.message, {
    cause: error, details: { ...error.details, session: { id: String(id), sequence } }, hint: "send the same entry again with the session of the details: it is executed once",
  });
}
