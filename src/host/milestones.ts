// Who waits for this node to know a leader, to have committed an index, or to have applied one (S119). Told by the region as it happens.

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { Waiters } from "./waiters.ts";

export class Milestones {
  readonly #clock: Clock;
  readonly #committed = new Waiters<number>();
  readonly #applied = new Waiters<number>();
  readonly #leader = new Waiters<NodeId | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#committed.size + this.#applied.size + this.#leader.size;
  }

  untilCommitted(index: number, timeoutMs: number): Promise<number> {
    return this.#committed.until((committed) => committed >= index, this.#deadline(timeoutMs), late("TIMEOUT", timeoutMs, `index ${index} to be committed`));
  }

  untilApplied(index: number, timeoutMs: number): Promise<number> {
    return this.#applied.until((applied) => applied >= index, this.#deadline(timeoutMs), late("TIMEOUT", timeoutMs, `index ${index} to be applied`));
  }

  untilLeader(timeoutMs: number): Promise<NodeId | undefined> {
    return this.#leader.until((leader) => leader !== undefined, this.#deadline(timeoutMs), late("NO_LEADER", timeoutMs, "a leader"));
  }

  committed(index: number): void {
    this.#committed.tell(index);
  }

  applied(index: number): void {
    this.#applied.tell(index);
  }

  leaderChanged(leader: NodeId | undefined): void {
    this.#leader.tell(leader);
  }

  expire(now: number): void {
    this.#committed.expire(now);
    this.#applied.expire(now);
    this.#leader.expire(now);
  }

  failAll(error: RaftctlError): void {
    this.#committed.failAll(error);
    this.#applied.failAll(error);
    this.#leader.failAll(error);
  }

  #deadline(timeoutMs: number): number {
    return this.#clock.now() + timeoutMs;
  }
}

function late(code: "TIMEOUT" | "NO_LEADER", timeoutMs: number, what: string): () => RaftctlError {
  return () => new RaftctlError(code, `waited ${timeoutMs} ms for ${what}`);
}
