// Justified Reaping: a leader removes a member by itself only when it has led and heard nothing of it for long, and only while the voters that are left are
// as many as wanted and a majority of them has been heard (S91).
//
// Measured in the time of the world, which no node has: clocks run at half and at twice its speed, so a part of the wait is enough, and who was heard a
// little earlier than the leader counts is still taken for up. What has arrived a moment ago may wait for its turn.

import type { NodeId } from "../../../src/base/ids.ts";
import { isVoter } from "../../../src/raft/membership.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

export interface JustifiedReapingOptions {
  /** ms, virtual. */
  readonly now: () => number;
  readonly electionTimeout: number;
  /** undefined: nobody may be removed so. */
  readonly reaping: { readonly afterElectionTimeouts: number; readonly minVoters: number } | undefined;
}

/** The fastest clock, twice as fast, and as much again for answers that were late on their way. */
const clockAllowance = 4;
const upElectionTimeouts = 8;
const turnElectionTimeouts = 0.25;

export class JustifiedReaping implements Property {
  readonly name = "Justified Reaping";
  readonly #options: JustifiedReapingOptions;
  /** Since when each node has led its term. */
  readonly #leading = new Map<NodeId, { readonly boot: number; readonly term: number; readonly since: number }>();
  /** By leader and peer: when answers came, of those that no turn can have left unread only the last. */
  readonly #heard = new Map<string, number[]>();

  constructor(options: JustifiedReapingOptions) {
    this.#options = options;
  }

  stepped({ id, boot, role, currentTerm: term }: ReplicaView): void {
    if (role !== "leader") return void this.#leading.delete(id);
    const before = this.#leading.get(id);
    if (before?.term !== term || before.boot !== boot) this.#leading.set(id, { boot, term, since: this.#options.now() });
  }

  /** An answer to an earlier term of this leader may have been under way for long: it does not count. */
  heard(replica: ReplicaView, from: NodeId, answer: Message): void {
    if (answer.type !== "appendEntriesResponse" || answer.term !== replica.currentTerm) return;
    const times = [...(this.#heard.get(pairOf(replica, from)) ?? []), this.#options.now()];
    const read = times.findLastIndex((time) => this.#isRead(time));
    this.#heard.set(pairOf(replica, from), times.slice(Math.max(read, 0)));
  }

  /** What has lost its disk may answer as often as it wants. */
  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "peerRegressed") this.#heard.delete(pairOf(replica, event.peer));
  }

  reaping(replica: ReplicaView, dead: NodeId): void {
    const { electionTimeout, reaping } = this.#options;
    if (reaping === undefined) this.#fail(replica, dead, "though nobody wants that");
    const leastMs = (reaping.afterElectionTimeouts * electionTimeout) / clockAllowance;
    const ledMs = this.#options.now() - (this.#leading.get(replica.id)?.since ?? Number.POSITIVE_INFINITY);
    if (!(ledMs >= leastMs)) this.#fail(replica, dead, ledMs > 0 ? `which has led for ${ledMs.toFixed(0)} ms only` : "which does not lead");
    const silentMs = this.#options.now() - (this.#timesOf(replica, dead).findLast((time) => this.#isRead(time)) ?? Number.NEGATIVE_INFINITY);
    if (silentMs < leastMs) this.#fail(replica, dead, `which has answered ${silentMs.toFixed(0)} ms ago`);
    if (isVoter(replica.membership, dead)) this.#checkVoters(replica, dead, reaping.minVoters);
  }

  #checkVoters(replica: ReplicaView, dead: NodeId, minVoters: number): void {
    const left = replica.membership.voters.filter((id) => id !== dead);
    const since = this.#options.now() - upElectionTimeouts * this.#options.electionTimeout;
    const up = left.filter((id) => id === replica.id || this.#timesOf(replica, id).some((time) => time >= since));
    if (up.length < minVoters) this.#fail(replica, dead, `though only ${up.length} other voters are up, and ${minVoters} are wanted`);
    if (up.length * 2 <= left.length) this.#fail(replica, dead, `though ${up.length} of the ${left.length} voters that are left are up, which decide nothing`);
  }

  #timesOf(replica: ReplicaView, peer: NodeId): readonly number[] {
    return this.#heard.get(pairOf(replica, peer)) ?? [];
  }

  /** Whatever came at this time has been taken into account. */
  #isRead(time: number): boolean {
    return time <= this.#options.now() - turnElectionTimeouts * this.#options.electionTimeout;
  }

  #fail({ name }: ReplicaView, dead: NodeId, why: string): never {
    throw new Violation(this.name, `${name} removes n${dead} as dead, ${why}`);
  }
}

function pairOf({ id }: ReplicaView, peer: NodeId): string {
  return `${id} ${peer}`;
}
