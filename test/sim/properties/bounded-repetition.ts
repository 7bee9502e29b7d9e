// Bounded Repetition: a leader does not send a peer the same thing again and again without pause, whatever the peer answers (H41).
//
// An answer that makes the leader ask again at once makes a loop as fast as the network, which no queue ever shows. The bound is far above what heartbeats,
// rounds of reads and lost requests need.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Message } from "../../../src/raft/message.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

export interface BoundedRepetitionOptions {
  /** ms, virtual. */
  readonly now: () => number;
  readonly electionTimeout: number;
  /** AppendEntries behind the same entry, to the same peer, in one election timeout. */
  readonly repetitionsMax: number;
}

interface Window {
  readonly began: number;
  readonly term: number;
  readonly behind: Map<number, number>;
}

export class BoundedRepetition implements Property {
  readonly name = "Bounded Repetition";
  readonly #options: BoundedRepetitionOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: BoundedRepetitionOptions) {
    this.#options = options;
  }

  sending(replica: ReplicaView, to: NodeId, message: Message): void {
    if (message.type !== "appendEntries") return;
    const { behind } = this.#window(`${replica.name} ${to}`, message.term);
    const times = (behind.get(message.prevLogIndex) ?? 0) + 1;
    behind.set(message.prevLogIndex, times);
    if (times <= this.#options.repetitionsMax) return;
    const { electionTimeout } = this.#options;
    throw new Violation(this.name, `${replica.name} has sent n${to} ${times} requests behind index ${message.prevLogIndex} within ${electionTimeout} ms`);
  }

  #window(link: string, term: number): Window {
    const now = this.#options.now();
    const known = this.#windows.get(link);
    if (known !== undefined && known.term === term && now - known.began < this.#options.electionTimeout) return known;
    const fresh = { began: now, term, behind: new Map<number, number>() };
    this.#windows.set(link, fresh);
    return fresh;
  }
}
