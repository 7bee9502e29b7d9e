// Liveness: once the faults have stopped, within a bounded time one node leads, every voter that runs has committed and applied all that the leader has,
// nobody waits for an answer, and no member takes itself for removed (extended Raft paper §5.4 "timing and availability" and §5.6; dissertation §3.9; H5).

import { isVoter } from "../../../src/raft/membership.ts";
import { Violation, type EndView, type Property, type ReplicaView } from "./property.ts";

export interface LivenessOptions {
  /** ms */
  readonly electionTimeout: number;
  readonly electionTimeoutsMax: number;
}

export class Liveness implements Property {
  readonly name = "Liveness";
  readonly #electionTimeout: number;
  readonly #electionTimeoutsMax: number;

  constructor({ electionTimeout, electionTimeoutsMax }: LivenessOptions) {
    this.#electionTimeout = electionTimeout;
    this.#electionTimeoutsMax = electionTimeoutsMax;
  }

  ended({ replicas, convergedMs, pendingOperations, outcasts }: EndView): void {
    const leader = leaderOf(replicas);
    if (leader === undefined) throw new Violation(this.name, `nobody leads: ${replicas.map(stateOf).join("; ")}`);
    for (const replica of replicas) {
      const isBehind = replica.commitIndex < leader.commitIndex || replica.lastApplied < leader.commitIndex;
      if (isBehind && isVoter(leader.membership, replica.id)) throw new Violation(this.name, `${stateOf(replica)} is behind its leader ${stateOf(leader)}`);
    }
    if (pendingOperations > 0) throw new Violation(this.name, `${pendingOperations} operations of clients were never answered; the leader is ${stateOf(leader)}`);
    if (outcasts.length > 0) throw new Violation(this.name, `${outcasts.join(", ")} belongs to the membership and takes itself for removed`);
    this.#checkTime(convergedMs, replicas);
  }

  #checkTime(convergedMs: number | undefined, replicas: readonly ReplicaView[]): void {
    const took = convergedMs === undefined ? undefined : convergedMs / this.#electionTimeout;
    if (took !== undefined && took <= this.#electionTimeoutsMax) return;
    const time = took === undefined ? "did not come to rest" : `came to rest after ${took.toFixed(1)} election timeouts`;
    throw new Violation(this.name, `the cluster ${time} (at most ${this.#electionTimeoutsMax}): ${replicas.map(stateOf).join("; ")}`);
  }
}

/** A deposed one may not have noticed yet. */
function leaderOf(replicas: readonly ReplicaView[]): ReplicaView | undefined {
  let leader: ReplicaView | undefined;
  for (const replica of replicas) {
    if (replica.role === "leader" && replica.currentTerm > (leader?.currentTerm ?? 0)) leader = replica;
  }
  return leader;
}

function stateOf({ name, role, currentTerm, lastApplied, commitIndex, lastIndex }: ReplicaView): string {
  return `${name} (${role} of term ${currentTerm}, applied ${lastApplied}, committed ${commitIndex}, last ${lastIndex})`;
}
