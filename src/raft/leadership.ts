// What exists only while this server leads, in one term: the progress of every other member, the reads that wait, the membership change and
// the transfer that it manages. Made anew at every election and dropped at step-down, so that nothing survives into another term.

import { assert } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import type { Ticket } from "./input.ts";
import type { RaftOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { ReadQueue } from "./read-index.ts";

export interface PendingChange {
  readonly ticket: Ticket;
  /** Of the entry that completes the change; undefined while the joint membership has not been left. */
  finalIndex: number | undefined;
}

export class Leadership {
  /** The no-op with which the term began: nothing is read and no membership changes before it is committed (§8; diss. §6.4). */
  readonly noopIndex: number;
  readonly reads = new ReadQueue();
  /** Everybody else in the membership in force, learners included. */
  readonly peers: Progress[] = [];
  readonly #progress = new Map<NodeId, Progress>();
  /** Bytes of entries that are appended and not committed. */
  uncommittedBytes = 0;
  heartbeatDeadline: number;
  /** When the latest contact with a quorum is one election timeout old (CheckQuorum). Recomputed when it passes. */
  quorumDeadline: number;
  /** When followers that no append has told of the latest commit are told by a heartbeat. Moved by every commit. */
  commitNewsAt = 0;
  change: PendingChange | undefined;
  /** TimeoutNow was sent: for the rest of this term nothing is read under a lease. */
  leaseRevoked = false;

  constructor(noopIndex: number, now: number, timing: Pick<RaftOptions, "electionTimeout" | "heartbeatInterval">) {
    this.noopIndex = noopIndex;
    this.heartbeatDeadline = now + timing.heartbeatInterval;
    this.quorumDeadline = now + timing.electionTimeout;
  }

  progress(id: NodeId): Progress | undefined {
    return this.#progress.get(id);
  }

  addPeer(progress: Progress): void {
    this.#progress.set(progress.id, progress);
    this.peers.push(progress);
  }

  removePeer(id: NodeId): void {
    const position = this.peers.findIndex((progress) => progress.id === id);
    assert(position >= 0 && this.#progress.delete(id), "only a member that has progress loses it");
    this.peers.splice(position, 1);
  }
}
