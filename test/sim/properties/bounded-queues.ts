// Bounded Queues: whatever a process holds on behalf of others has a bound with a name, and never more than that (H41; docs/architecture.md:
// full is a typed answer, not memory growth).
//
// Looked at now and then, because a view of all queues costs more than the event that changed one of them; a queue without a bound stays too long.

import type { NodeId } from "../../../src/base/ids.ts";
import { Violation, type EndView, type Property, type ReplicaView } from "./property.ts";

export class BoundedQueues implements Property {
  readonly name = "Bounded Queues";
  readonly #everyEvents: number;
  readonly #countdown = new Map<NodeId, number>();

  /** @param everyEvents of a replica: 1 looks at each. */
  constructor(everyEvents: number) {
    this.#everyEvents = everyEvents;
  }

  stepped(replica: ReplicaView): void {
    const left = (this.#countdown.get(replica.id) ?? 1) - 1;
    this.#countdown.set(replica.id, left > 0 ? left : this.#everyEvents);
    if (left <= 0) this.#check(replica);
  }

  ended({ replicas }: EndView): void {
    for (const replica of replicas) this.#check(replica);
  }

  #check(replica: ReplicaView): void {
    for (const { name, held, max } of replica.queues()) {
      if (held > max) throw new Violation(this.name, `${replica.name} holds ${held} in ${name}, at most ${max} may be there`);
    }
  }
}
