// Where a watch asks: over the client's own connection, and when that does not help, each of its addresses in turn. A node may have forgotten what another
// one still knows, may know no leader, or may be gone; none of that ends a watch that another node can carry on. Only when every address has failed since
// the last answer is it the watch's error, or, when they may come back, a pause.

import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { ClientRequest, WatchResponse } from "../wire/client-protocol.ts";
import type { Connection } from "./connection.ts";
import { Deadline } from "./deadline.ts";

const firstPauseMs = 50;
const longestPauseMs = 2_000;

export class WatchSources {
  readonly #shared: Connection;
  #current: Connection;
  readonly #failed = new Set<Connection>();
  /** The first since the last answer that repeating the question would not change. */
  #lasting: RaftctlError | undefined;
  #hasAnswered = false;
  #pauseMs = firstPauseMs;

  constructor(connection: Connection) {
    this.#shared = connection;
    this.#current = connection;
  }

  /** @throws COMPACTED and other lasting errors once no address can answer; before the first answer also UNREACHABLE and the like */
  async ask(makeRequest: (timeoutMs: number) => ClientRequest, { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<WatchResponse> {
    for (;;) {
      try {
        const response = (await this.#current.callIdempotent(makeRequest, new Deadline(timeoutMs, performance.now(), signal))) as WatchResponse;
        this.#answered(response);
        return response;
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        const pauseMs = this.#failedWith(toRaftctlError(thrown));
        if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
      }
    }
  }

  #answered({ events, leader }: WatchResponse): void {
    this.#hasAnswered = true;
    this.#failed.clear();
    this.#lasting = undefined;
    this.#pauseMs = firstPauseMs;
    // A node that hears of no leader hears of nothing new either.
    if (events.length === 0 && leader === undefined && this.#shared.addressCount > 1) this.#current = this.#next();
  }

  /** How long to wait before the next question, ms. */
  #failedWith(error: RaftctlError): number {
    if (this.#shared.closed) throw new RaftctlError("STOPPED", "the client is closed", { cause: error });
    this.#failed.add(this.#current);
    if (!error.retryable) this.#lasting ??= error;
    this.#current = this.#next();
    if (!this.#failed.has(this.#current)) return 0;
    if (this.#lasting !== undefined) throw this.#lasting;
    if (!this.#hasAnswered) throw error;
    this.#failed.clear();
    // Not all watchers of a node that is gone at the same moment.
    const pauseMs = randomInt(this.#pauseMs / 2, this.#pauseMs);
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    return pauseMs;
  }

  #next(): Connection {
    if (this.#shared.addressCount === 1) return this.#shared;
    const all = [this.#shared, ...this.#shared.separately];
    return all[(all.indexOf(this.#current) + 1) % all.length]!;
  }
}
