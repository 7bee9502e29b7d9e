// Monotonic State: within a boot currentTerm, commitIndex, lastApplied and snapshotIndex never go back, and snapshotIndex ≤ lastApplied ≤ commitIndex ≤
// lastIndex; in no boot does a node take back a term or a vote that it has given (extended Raft paper, Figure 2; dissertation §3.8).
//
// A crash may take back a term that nobody was told of. The state machine may fall back to its snapshot when a machine loses power, and to what was saved
// last when only the process dies.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Message } from "../../../src/raft/message.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Seen {
  readonly boot: number;
  currentTerm: number;
  commitIndex: number;
  lastApplied: number;
  lastIndex: number;
  snapshotIndex: number;
}

interface Given {
  /** The highest term that it has told anybody. */
  term: number;
  readonly votes: Map<number, NodeId>;
}

const votesRemembered = 32;

export class MonotonicState implements Property {
  readonly name = "Monotonic State";
  readonly #seen = new Map<string, Seen>();
  readonly #given = new Map<string, Given>();
  readonly #running = new Set<string>();
  /** What a node that runs has applied and saved. */
  readonly #saved = new Map<string, number>();
  /** What a node that is down has saved, if its machine stays up. */
  readonly #appliedInStore = new Map<string, number>();
  /** Of nodes that are down, and whose machine stayed up. */
  readonly #owed = new Map<string, number>();

  booted(replica: ReplicaView): void {
    const { name, currentTerm, lastApplied } = replica;
    const told = this.#given.get(name)?.term ?? 0;
    if (currentTerm < told) throw new Violation(this.name, `${name} recovers with term ${currentTerm}, and has told others of term ${told}`);
    const applied = this.#owed.get(name);
    if (applied !== undefined && lastApplied < applied) {
      throw new Violation(this.name, `${name} was killed after it had applied and saved index ${applied}, and recovers with ${lastApplied}`);
    }
    this.#saved.set(name, lastApplied);
    this.#running.add(name);
    this.stepped(replica);
  }

  stepped(replica: ReplicaView): void {
    const { name, boot, currentTerm, commitIndex, lastApplied, lastIndex, snapshotIndex } = replica;
    const seen = this.#seen.get(name);
    if (seen === undefined || seen.boot !== boot) {
      this.#seen.set(name, { boot, currentTerm, commitIndex, lastApplied, lastIndex, snapshotIndex });
    } else {
      const isSame =
        seen.commitIndex === commitIndex && seen.lastApplied === lastApplied && seen.currentTerm === currentTerm &&
        seen.lastIndex === lastIndex && seen.snapshotIndex === snapshotIndex;
      if (isSame) return;
      this.#goesOn(seen, replica);
      seen.currentTerm = currentTerm;
      seen.commitIndex = commitIndex;
      seen.lastApplied = lastApplied;
      seen.lastIndex = lastIndex;
      seen.snapshotIndex = snapshotIndex;
    }
    if (snapshotIndex <= lastApplied && lastApplied <= commitIndex && commitIndex <= lastIndex) return;
    throw new Violation(
      this.name,
      `${name} has snapshot ${snapshotIndex}, applied ${lastApplied}, committed ${commitIndex} and last ${lastIndex}, which do not ascend`,
    );
  }

  saved({ name, lastApplied }: ReplicaView): void {
    this.#saved.set(name, lastApplied);
  }

  sending(replica: ReplicaView, to: NodeId, message: Message): void {
    const { type, term } = message;
    if (type === "preVote" || type === "preVoteResponse") return;
    let given = this.#given.get(replica.name);
    if (given === undefined) this.#given.set(replica.name, (given = { term, votes: new Map() }));
    if (term > given.term) given.term = term;
    if (type === "requestVote") this.#votes(replica, given, { term, candidate: replica.id });
    else if (type === "requestVoteResponse" && message.voteGranted) this.#votes(replica, given, { term, candidate: to });
  }

  crashed(name: string): void {
    // A process that died while it recovered has shown nothing: what the one before it owed is still owed.
    const applied = this.#running.delete(name) ? this.#saved.get(name) : this.#owed.get(name);
    this.#owed.delete(name);
    this.#appliedInStore.delete(name);
    if (applied !== undefined) this.#appliedInStore.set(name, applied);
  }

  killed(name: string): void {
    const applied = this.#appliedInStore.get(name);
    if (applied !== undefined) this.#owed.set(name, applied);
  }

  wiped(name: string): void {
    this.#given.delete(name);
    this.#owed.delete(name);
  }

  #goesOn(seen: Seen, { name, currentTerm, commitIndex, lastApplied, snapshotIndex }: ReplicaView): void {
    const goBack = (what: string, from: number, to: number): never => {
      throw new Violation(this.name, `${what} of ${name} goes back from ${from} to ${to}`);
    };
    if (currentTerm < seen.currentTerm) goBack("currentTerm", seen.currentTerm, currentTerm);
    if (commitIndex < seen.commitIndex) goBack("commitIndex", seen.commitIndex, commitIndex);
    if (lastApplied < seen.lastApplied) goBack("lastApplied", seen.lastApplied, lastApplied);
    if (snapshotIndex < seen.snapshotIndex) goBack("snapshotIndex", seen.snapshotIndex, snapshotIndex);
  }

  #votes({ name }: ReplicaView, { votes }: Given, { term, candidate }: { readonly term: number; readonly candidate: NodeId }): void {
    const before = votes.get(term);
    if (before === candidate) return;
    if (before !== undefined) throw new Violation(this.name, `${name} votes for node ${candidate} in term ${term}, and has voted for node ${before}`);
    votes.set(term, candidate);
    if (votes.size > votesRemembered) votes.delete(votes.keys().next().value!);
  }
}
