// Sessions make a repeated command harmless (diss. §6.3): the cluster executes (session, sequence) once and answers every repetition with the first
// result. The first command opens the session: its number is one above an index that the log has reached, by which the cluster knows it from a repetition
// of something that it has forgotten (machine/sessions.ts). A session has one command outstanding at a time, so concurrent writes take one each from the
// pool. A session whose last command's fate is unknown is not used again; neither is one whose first command never entered the log.

import { randomBytes } from "node:crypto";
import { RaftctlError } from "../base/errors.ts";
import type { SessionStamp } from "../wire/command.ts";

export class Session {
  /** 1 to 2^64-1. */
  readonly id: bigint;
  #sequence = 0;
  #isOpen = false;

  constructor(id: bigint) {
    this.id = id;
  }

  /** The cluster knows it: one of its commands was executed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  executed(): void {
    this.#isOpen = true;
  }

  /** @param reached an index that the log of the region has reached */
  nextStamp(reached: number): SessionStamp {
    this.#sequence = this.#sequence === 0 ? reached + 1 : this.#sequence + 1;
    return { id: this.id, sequence: this.#sequence };
  }
}

export class SessionPool {
  readonly #free: Session[] = [];
  readonly #makeId: () => bigint;

  constructor(makeId: () => bigint = randomSessionId) {
    this.#makeId = makeId;
  }

  /** A session with nothing outstanding. */
  take(): Session {
    return this.#free.pop() ?? new Session(this.#makeId());
  }

  /** Only after its command has a known result. */
  giveBack(session: Session): void {
    if (session.isOpen) this.#free.push(session);
  }
}

export function randomSessionId(): bigint {
  const id = randomBytes(8).readBigUInt64LE();
  return id === 0n ? 1n : id;
}

/** How a request is named in messages and asked about later: "<session>:<sequence>". */
export function requestId(stamp: SessionStamp): string {
  return `${stamp.id}:${stamp.sequence}`;
}

const u64Max = 2n ** 64n - 1n;

/** @throws INVALID_ARGUMENT */
export function parseRequestId(text: string): SessionStamp {
  const [, session = "0", number = "0"] = /^([1-9]\d{0,19}):([1-9]\d{0,15})$/.exec(text) ?? [];
  const stamp = { id: BigInt(session), sequence: Number(number) };
  if (stamp.id >= 1n && stamp.id <= u64Max && Number.isSafeInteger(stamp.sequence) && stamp.sequence >= 1) return stamp;
  throw new RaftctlError("INVALID_ARGUMENT", `not a request id: ${JSON.stringify(text)} (want <session>:<number>, as it was printed)`);
}

export function parseSessionId(text: string): bigint {
  const id = /^[1-9]\d{0,19}$/.test(text) ? BigInt(text) : 0n;
  if (id < 1n || id > u64Max) throw new RaftctlError("INVALID_ARGUMENT", `not a session id: ${JSON.stringify(text)} (want a decimal from 1 to 2^64-1)`);
  return id;
}
