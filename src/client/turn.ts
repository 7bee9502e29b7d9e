// Waiting for one's turn at the head of a queue. Who waits watches the place directly before its own, so that one wakes when one goes, in the order in which
// they came. Whoever gives up, for whatever reason, takes its lease back, and its place goes with it.

import { hostname } from "node:os";
import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { utf8Text } from "../base/bytes.ts";
import { untilAborted } from "../base/until-aborted.ts";
import { cancelled } from "./deadline.ts";
import type { KeyValue } from "./kv.ts";
import type { Lease } from "./lease.ts";
import type { Leases } from "./leases.ts";
import { Lock } from "./lock.ts";
import { untilPlaceIsGone } from "./place-watch.ts";
import type { Place, Queue } from "./queue.ts";
import type { Watch, WatchOptions, WatchSelection } from "./watch.ts";

export interface LockOptions {
  /** For so long the lock outlives a holder that stops without a word, ms; default 10,000. */
  readonly ttlMs?: number | undefined;
  /** How long to wait for those who came before, ms; 0: not at all; absent: for ever. */
  readonly waitMs?: number | undefined;
  /** Ends the waiting with CANCELLED; once the lock is held it changes nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** What waiting needs of the client that owns it. */
export interface TurnContext {
  /** For so long a cluster without a leader is asked again for a lease, ms. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "now" | "at">;
  readonly kv: KeyValue;
  readonly leases: Leases;
  watch(selection: WatchSelection, options: WatchOptions): Watch;
}

export const defaultTtlMs = 10_000;
/** Before the next attempt, when one has failed for a reason that passes. */
const pauseMs = 250;

/** host:pid of this process. */
export function ownName(): string {
  return `${hostname()}:${process.pid}`;
}

/** @throws LOCKED when others hold it for longer than `waitMs`, CANCELLED, LEASE_NOT_FOUND when the own lease was lost meanwhile, and what a write throws */
export async function awaitTurn(context: TurnContext, queue: Queue, value: string, options: LockOptions): Promise<Lock> {
  const { ttlMs = defaultTtlMs, waitMs, signal } = options;
  if (waitMs !== undefined && !(waitMs >= 0)) throw new RaftctlError("INVALID_ARGUMENT", `a wait of ${waitMs} ms for ${queue.title} (want 0 or more)`);
  const began = context.clock.now();
  const lease = await grantAcrossElections(context, ttlMs, signal);
  const waiting = new Waiting(context, queue, lease, signal);
  try {
    const key = queue.keyOf(lease.id);
    await waiting.queueUp(key, value);
    const { token, index } = await waiting.untilFirst(key, waitMs === undefined ? undefined : began + waitMs);
    const gone = async (held: AbortSignal) => ((await untilPlaceIsGone(context, { key, token, index }, held)) ? placeIsGone(queue, key) : undefined);
    return new Lock({ name: queue.name, key, value, token, lease, gone });
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

/** Who is ready to wait for a lock waits for a new leader, too, but not for ever: nothing is held yet, and a cluster without a majority has to be heard of. */
async function grantAcrossElections({ leases, clock, timeoutMs }: TurnContext, ttlMs: number, signal: AbortSignal | undefined): Promise<Lease> {
  const until = clock.now() + timeoutMs;
  for (;;) {
    try {
      return await leases.grant({ ttlMs }, { signal, timeoutMs: until - clock.now() });
    } catch (thrown) {
      if (toRaftctlError(thrown).code !== "NO_LEADER" || clock.now() + pauseMs >= until) throw thrown;
      await untilAborted(pause(clock), signal, () => cancelled(signal!, false));
    }
  }
}

class Waiting {
  readonly #context: TurnContext;
  readonly #queue: Queue;
  readonly #lease: Lease;
  readonly #callerSignal: AbortSignal | undefined;
  /** The caller gives up, or the lease is lost. */
  readonly #end: AbortSignal;

  constructor(context: TurnContext, queue: Queue, lease: Lease, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#queue = queue;
    this.#lease = lease;
    this.#callerSignal = signal;
    this.#end = signal === undefined ? lease.lost : AbortSignal.any([signal, lease.lost]);
  }

  /** Until the lease is lost. Nobody else puts this key, so that one whose outcome is unknown may be repeated: a conflict says that it was the first time that counted. */
  async queueUp(key: string, value: string): Promise<void> {
    for (let wasSent = false; ; wasSent = true) {
      this.#throwIfOver();
      const error = await this.#put(key, value);
      if (error === undefined || (wasSent && error.code === "CONFLICT")) return;
      if (!(error.retryable || error.code === "UNKNOWN_OUTCOME")) throw error;
      await this.#pause();
    }
  }

  async #put(key: string, value: string): Promise<RaftctlError | undefined> {
    try {
      await this.#context.kv.put(key, value, { lease: this.#lease.id, condition: { kind: "absent" }, signal: this.#end });
      return undefined;
    } catch (thrown) {
      this.#throwIfOver();
      return toRaftctlError(thrown);
    }
  }

  /** @param until on the clock, ms. @returns the token of the own place, and the index at which it was the first */
  async untilFirst(key: string, until = Number.POSITIVE_INFINITY): Promise<{ readonly token: number; readonly index: number }> {
    const { clock } = this.#context;
    for (;;) {
      const isLastLook = clock.now() >= until;
      try {
        const { own, ahead, index } = await this.#look(key);
        if (ahead.length === 0) return { token: own.token, index };
        if (isLastLook) throw locked(this.#queue, ahead[0]!);
        await this.#untilGone(ahead.at(-1)!, index, until);
      } catch (thrown) {
        this.#throwIfOver();
        const error = toRaftctlError(thrown);
        if (isLastLook || !(error.retryable || error.code === "COMPACTED")) throw error;
        await this.#pause();
      }
    }
  }

  async #look(key: string): Promise<{ readonly own: Place; readonly ahead: readonly Place[]; readonly index: number }> {
    const { places, index } = await this.#queue.read(this.#context.kv, { signal: this.#end });
    const at = places.findIndex((place) => utf8Text(place.key) === key);
    if (at === -1) throw placeIsGone(this.#queue, key);
    // The read says what holds now; that this is still now, the lease says.
    if (this.#lease.remainingMs === 0) throw placeIsGone(this.#queue, key);
    return { own: places[at]!, ahead: places.slice(0, at), index };
  }

  /** Or until the time is over. */
  async #untilGone(place: Place, index: number, until: number): Promise<void> {
    const enough = new AbortController();
    const timer = until === Number.POSITIVE_INFINITY ? undefined : this.#context.clock.at(until, () => enough.abort());
    const signal = AbortSignal.any([this.#end, enough.signal]);
    try {
      for await (const _gone of this.#context.watch({ key: place.key }, { fromIndex: index + 1, only: "deletes", keysOnly: true, signal })) return;
    } catch (error) {
      if (!enough.signal.aborted) throw error;
    } finally {
      timer?.cancel();
    }
  }

  #pause(): Promise<void> {
    return untilAborted(pause(this.#context.clock), this.#end, () => this.#overError());
  }

  #throwIfOver(): void {
    if (this.#end.aborted) throw this.#overError();
  }

  #overError(): RaftctlError {
    if (this.#lease.lost.aborted) return toRaftctlError(this.#lease.lost.reason);
    return new RaftctlError("CANCELLED", `the caller gave up waiting for ${this.#queue.title}`, { cause: this.#callerSignal?.reason });
  }
}

function pause(clock: TurnContext["clock"]): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.now() + pauseMs, resolve));
}

function locked(queue: Queue, holder: Place): RaftctlError {
  const value = utf8Text(holder.value) ?? "(no text)";
  return new RaftctlError("LOCKED", `${queue.title} is held by ${value}, with token ${holder.token}`, {
    hint: "wait longer, or look who that is: its key is in the details",
    details: { holder: value, key: utf8Text(holder.key), token: String(holder.token) },
  });
}

function placeIsGone(queue: Queue, key: string): RaftctlError {
  return new RaftctlError("LEASE_NOT_FOUND", `the place in the queue of ${queue.title} is gone: its lease has ended, or somebody has deleted ${key}`, { details: { key } });
}
