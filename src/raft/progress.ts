// What a leader knows of one other member: nextIndex and matchIndex of Figure 2, how it replicates to it, and which requests wait for a
// response. matchIndex moves only by acknowledgements of this term; nextIndex may run ahead of them, and falls back when anything is lost.

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { ClockComparison } from "./clock-comparison.ts";
import type { PeerStatus } from "./status.ts";

export interface AppendRequest {
  readonly requestId: number;
  readonly prevLogIndex: number;
  /** prevLogIndex plus the number of entries. */
  readonly lastIndex: number;
  /** matchIndex when it was sent: a peer that now holds less has lost what it had acknowledged. */
  readonly acknowledged: number;
  readonly sentAt: number;
}

/** Requests without entries that are remembered per peer; an older one is forgotten first. */
const heartbeatsInFlightMax = 16;

export class Progress {
  readonly id: NodeId;
  /** Index of the next entry to send (Figure 2). Always above matchIndex. */
  nextIndex: number;
  /** Highest index known to be durable there and equal to ours (Figure 2). Never decreases in a term. */
  matchIndex = 0;
  state: PeerStatus["state"] = "probe";
  /** Nothing but heartbeats until the peer is heard again. */
  awaitsContact = false;
  lastContact: number | undefined;
  /** From when on silence counts: the start of the term, or when the member was added. */
  readonly addedAt: number;
  /** The latest ReadIndex round that it has answered. */
  confirmedRound = 0;
  /** On our clock, with the drift given away: until then it helps nobody to replace us (lease.ts). 0: it has not pledged. */
  pledgedUntil = 0;
  readonly clock = new ClockComparison();
  /** The highest commitIndex that a message to it allowed it to adopt. */
  sentCommit = 0;
  appendsInFlight = 0;
  lastAppendAt = Number.NEGATIVE_INFINITY;
  #requests: AppendRequest[] = [];

  constructor(id: NodeId, nextIndex: number, now: number) {
    this.id = id;
    this.nextIndex = nextIndex;
    this.addedAt = now;
  }

  get heardAt(): number {
    return this.lastContact ?? this.addedAt;
  }

  sent(request: AppendRequest): void {
    if (request.lastIndex > request.prevLogIndex) {
      this.appendsInFlight += 1;
      this.lastAppendAt = request.sentAt;
    } else if (this.#requests.length - this.appendsInFlight >= heartbeatsInFlightMax) {
      mark("append-heartbeat-forgotten");
      this.#requests.splice(this.#requests.findIndex(isHeartbeat), 1);
    }
    this.#requests.push(request);
  }

  /** The request that this response answers, once; undefined for a repeated or forgotten one. */
  settle(requestId: number): AppendRequest | undefined {
    const position = this.#requests.findIndex((request) => request.requestId === requestId);
    if (position < 0) return undefined;
    const request = this.#requests[position]!;
    if (position === 0) this.#requests.shift();
    else this.#requests.splice(position, 1);
    if (!isHeartbeat(request)) this.appendsInFlight -= 1;
    return request;
  }

  /**
   * true when entries were sent before the request `requestId`, and yet a peer that has answered this request and whose log ends at
   * `lastLogIndex` cannot have received them, or when they went unanswered since before `sentBefore`.
   */
  lostAppend(requestId: number, lastLogIndex: number, sentBefore: number): boolean {
    if (this.appendsInFlight === 0) return false;
    for (const request of this.#requests) {
      if (isHeartbeat(request)) continue;
      if (request.sentAt < sentBefore) return true;
      if (request.requestId < requestId && request.lastIndex > lastLogIndex) return true;
    }
    return false;
  }

  /** @returns true when matchIndex moved. */
  acknowledge(index: number): boolean {
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    if (this.nextIndex <= index) this.nextIndex = index + 1;
    return true;
  }

  becomeProbe(nextIndex: number): void {
    this.#become("probe");
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
  }

  becomeReplicate(): void {
    this.#become("replicate");
    this.nextIndex = this.matchIndex + 1;
  }

  becomeSnapshot(): void {
    this.#become("snapshot");
  }

  becomeRegressed(): void {
    this.#become("regressed");
  }

  #become(state: PeerStatus["state"]): void {
    this.state = state;
    this.awaitsContact = false;
    this.#requests = this.#requests.filter(isHeartbeat);
    this.appendsInFlight = 0;
    this.lastAppendAt = Number.NEGATIVE_INFINITY;
  }
}

function isHeartbeat(request: AppendRequest): boolean {
  return request.lastIndex === request.prevLogIndex;
}
