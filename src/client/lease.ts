// A lease in the hands of its holder: kept alive at a third of its ttl, and given up in time. What it may rely on is counted from when the last keep-alive that
// was answered was *sent*, on this machine's monotonic clock, less the margin for a clock that runs slower than the leader's (docs/leases.md): the cluster
// does not end the lease before that.

import type { Clock, Timer } from "../base/clock.ts";
import type { RaftctlError } from "../base/errors.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { CallOptions } from "./deadline.ts";
import { leaseMayBeGone, noSuchLease } from "./lease-errors.ts";

/** By how much the rates of two clocks may differ at most. */
export const clockDriftMax = 0.01;

/** What a handle asks of the cluster. */
export interface LeasePort {
  readonly clock: Pick<Clock, "now" | "at">;
  /** @returns ms that are left; undefined: there is no such lease */
  keepAlive(id: bigint, timeoutMs: number): Promise<number | undefined>;
  revoke(id: bigint, options: CallOptions): Promise<unknown>;
}

export interface LeaseGrant {
  readonly id: bigint;
  readonly ttlMs: number;
  /** Index of the entry that granted it: higher for each later grant, so it can tell a late act of an earlier holder. */
  readonly grantIndex: number;
  /** On the monotonic clock, ms. */
  readonly sentAt: number;
}

export class Lease implements AsyncDisposable {
  readonly id: bigint;
  readonly ttlMs: number;
  readonly grantIndex: number;
  readonly #port: LeasePort;
  readonly #lost = new AbortController();
  #safeUntil: number;
  #renewal: Timer | undefined;
  #end: Timer | undefined;
  #isReleased = false;
  #whenKeptAlive: (() => void) | undefined;

  constructor(port: LeasePort, { id, ttlMs, grantIndex, sentAt }: LeaseGrant) {
    this.#port = port;
    this.id = id;
    this.ttlMs = ttlMs;
    this.grantIndex = grantIndex;
    this.#safeUntil = this.#safeAfter(sentAt);
    this.#armEnd();
    this.#renewAt(sentAt + ttlMs / 3);
  }

  /** Aborted when the lease is not held any more, or may be not: its reason is a LEASE_NOT_FOUND. Never after `release` and `revoke`, which the holder asks for. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** For so long the lease is surely held, ms: 0 once it is lost, also when the signal could not be given yet. */
  get remainingMs(): number {
    return this.#lost.signal.aborted ? 0 : Math.max(0, this.#safeUntil - this.#port.clock.now());
  }

  /** Calls each time that a keep-alive has been answered and `remainingMs` has grown; one listener at most. */
  onKeptAlive(call: () => void): void {
    this.#whenKeptAlive = call;
  }

  /** It is not kept alive any more, and ends by itself. */
  release(): void {
    this.#isReleased = true;
    this.#renewal?.cancel();
    this.#end?.cancel();
  }

  /** Ends it now, with all its keys. @throws LEASE_NOT_FOUND when it has ended already, besides what a write throws */
  async revoke(options: CallOptions = {}): Promise<void> {
    this.release();
    await this.#port.revoke(this.id, options);
  }

  /** Revokes it; what cannot be revoked now ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#lost.signal.aborted || this.#isReleased) return this.release();
    await this.revoke().catch(endsByItself);
  }

  #safeAfter(sentAt: number): number {
    return sentAt + this.ttlMs * (1 - clockDriftMax);
  }

  /** The timer is not moved by each keep-alive: when it fires, it looks. */
  #armEnd(): void {
    this.#end = this.#port.clock.at(this.#safeUntil, () => {
      if (this.#port.clock.now() < this.#safeUntil) this.#armEnd();
      else this.#lose(leaseMayBeGone(this.id));
    });
  }

  #renewAt(time: number): void {
    this.#renewal = this.#port.clock.at(time, () => void this.#renew());
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { clock } = this.#port;
    const sentAt = clock.now();
    const timeoutMs = Math.max(1, Math.min(this.ttlMs / 3, this.#safeUntil - sentAt));
    const answer = await this.#port.keepAlive(this.id, timeoutMs).catch((thrown: unknown) => toRaftctlError(thrown));
    if (this.#isReleased || this.#lost.signal.aborted) return;
    if (answer === undefined) return this.#lose(noSuchLease(this.id));
    if (typeof answer === "number") {
      this.#safeUntil = Math.max(this.#safeUntil, this.#safeAfter(sentAt));
      this.#renewAt(sentAt + this.ttlMs / 3);
      return this.#whenKeptAlive?.();
    }
    if (answer.code === "STOPPED") return this.#lose(leaseMayBeGone(this.id, answer));
    this.#renewAt(clock.now() + Math.min(this.ttlMs / 20, pauseMsMax));
  }

  #lose(reason: RaftctlError): void {
    if (this.#isReleased) return;
    this.release();
    this.#lost.abort(reason);
  }
}

/** Between two attempts when one has failed. */
const pauseMsMax = 500;

function endsByItself(): void {
  // Nobody keeps it alive any more.
}
