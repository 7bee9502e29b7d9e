// Who waits for which entry. A proposal waits by its index and term; it ends as applied (or committed), as surely not applied when another entry
// took its index, or as unknown when leadership was lost and nothing was heard of it for one election timeout, or its own time is over (H20).

import { AscendingMap } from "../base/ascending-map.ts";
import type { NodeId } from "../base/ids.ts";
import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { Entry } from "../raft/entry.ts";
import type { Ticket } from "../raft/input.ts";
import type { WriteTrace } from "./write-traces.ts";

export interface Proposed {
  readonly index: number;
  readonly term: number;
  /** Empty when only commitment was waited for, and was enough to be certain. */
  readonly result: Uint8Array;
}

export interface WriteOptions {
  readonly waitFor: "committed" | "applied";
  readonly timeoutMs: number;
  /** Its life is kept for `traces.report`. */
  readonly trace?: boolean | undefined;
}

export interface Waiter {
  readonly waitFor: "committed" | "applied";
  readonly deadline: number;
  readonly resolve: (outcome: Proposed) => void;
  readonly reject: (error: Error) => void;
  readonly trace?: WriteTrace | undefined;
}

interface Unplaced {
  readonly ticket: Ticket;
  readonly waiter: Waiter;
}

interface Placed {
  readonly waiter: Waiter;
  readonly index: number;
  readonly term: number;
  /** May come nearer. */
  deadline: number;
}

/** Which of these, and of those before them, are certain to be executed. */
type Certainty = (committed: readonly Entry[]) => ((entry: Entry) => boolean) | undefined;

const always = (): boolean => true;
const noResult = new Uint8Array(0);

export class Proposals {
  readonly #unplaced = new AscendingMap<Unplaced>();
  readonly #placed = new AscendingMap<Placed>();
  readonly #certainty: Certainty;

  /** @param certainty asked when the first of some committed entries is waited for */
  constructor(certainty: Certainty = () => undefined) {
    this.#certainty = certainty;
  }

  get waiting(): number {
    return this.#unplaced.size + this.#placed.size;
  }

  /** @param ticket above all before it */
  add(ticket: Ticket, waiter: Waiter): void {
    this.#unplaced.add(ticket, { ticket, waiter });
  }

  appended(ticket: Ticket, index: number, term: number): void {
    const unplaced = this.#unplaced.take(ticket);
    if (unplaced === undefined) return;
    const { waiter } = unplaced;
    waiter.trace?.appended(index, term);
    this.truncated(index);
    this.#placed.add(index, { waiter, index, term, deadline: waiter.deadline });
  }

  /** It has no index yet, and nobody has been told how it ended. */
  awaitsPlace(ticket: Ticket): boolean {
    return this.#unplaced.get(ticket) !== undefined;
  }

  /** true when the ticket was one of ours. */
  refused(ticket: Ticket, error: RaftctlError): boolean {
    const unplaced = this.#unplaced.take(ticket);
    unplaced?.waiter.reject(error);
    return unplaced !== undefined;
  }

  committed(entries: readonly Entry[]): void {
    if (this.#placed.size === 0) return;
    let isCertain: ReturnType<Certainty>;
    for (const entry of entries) {
      const placed = this.#placed.get(entry.index);
      if (placed === undefined) continue;
      if (placed.term !== entry.term) {
        this.#finish(placed, overwritten(entry.index));
      } else if (placed.waiter.waitFor === "committed") {
        isCertain ??= this.#certainty(entries) ?? always;
        if (isCertain(entry)) this.#finish(placed, noResult);
        else mark("committed-answered-when-applied");
      }
    }
  }

  applied(entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    if (this.#placed.size === 0) return;
    for (let position = 0; position < entries.length; position += 1) {
      const placed = this.#placed.get(entries[position]!.index);
      if (placed !== undefined) this.#finish(placed, results[position] ?? noResult);
    }
  }

  truncated(fromIndex: number): void {
    if (this.#placed.highest < fromIndex) return;
    for (const placed of this.#placed.values(fromIndex)) {
      mark("proposal-overwritten");
      this.#finish(placed, overwritten(placed.index));
    }
  }

  /** An installed snapshot covers these indexes: they are decided, and how cannot be told any more. */
  covered(upToIndex: number): void {
    for (const placed of this.#placed.values()) {
      if (placed.index <= upToIndex) {
        mark("proposal-covered-by-a-snapshot");
        this.#finish(placed, unknown(placed.index, "a snapshot took its place"));
      }
    }
  }

  /** Leadership was lost: nobody waits longer than until this time. */
  limit(deadline: number): void {
    for (const placed of this.#placed.values()) {
      if (placed.deadline > deadline) {
        mark("proposal-limited-leadership-lost");
        placed.deadline = deadline;
      }
    }
  }

  expire(now: number): void {
    for (const { ticket, waiter } of this.#unplaced.values()) {
      if (waiter.deadline <= now) this.refused(ticket, new RaftctlError("TIMEOUT", "the proposal did not enter the log in time; it was not applied"));
    }
    for (const placed of this.#placed.values()) {
      if (placed.deadline <= now) {
        mark("proposal-outcome-unknown");
        this.#finish(placed, unknown(placed.index, "no majority confirmed it in time"));
      }
    }
  }

  failAll(error: RaftctlError): void {
    for (const { waiter } of this.#unplaced.values()) waiter.reject(error);
    this.#unplaced.clear();
    for (const placed of this.#placed.values()) this.#finish(placed, unknown(placed.index, error.message));
  }

  #finish({ waiter, index, term }: Placed, outcome: Uint8Array | RaftctlError): void {
    this.#placed.take(index);
    if (outcome instanceof RaftctlError) return waiter.reject(outcome);
    waiter.trace?.answered(waiter.waitFor);
    waiter.resolve({ index, term, result: outcome });
  }
}

function overwritten(index: number): RaftctlError {
  return new RaftctlError("NOT_LEADER", `not applied: leadership changed and another entry took index ${index}`, { hint: "send it again" });
}

function unknown(index: number, reason: string): RaftctlError {
  return new RaftctlError("UNKNOWN_OUTCOME", `the outcome of the write at index ${index} is unknown: ${reason}`, {
    details: { index },
    hint: "read the key, or send the same request again in its session",
  });
}

export function notLeader(leader: NodeId | undefined, reason: string): RaftctlError {
  return new RaftctlError("NOT_LEADER", reason, leader === undefined ? {} : { details: { leader } });
}
