// Equal Digests: the state machines of all replicas, in all boots, have the same digest at the same lastApplied (extended Raft paper §2 and §5.3: equal
// logs give equal states; H35, H36, H38; S42).

import type { Entry } from "../../../src/raft/entry.ts";
import { Violation, type EndView, type Property, type ReplicaView } from "./property.ts";

interface Known {
  readonly digest: string;
  readonly by: string;
}

/** Older indexes are not compared any more. */
const indexesRemembered = 65_536;

export class EqualDigests implements Property {
  readonly name = "Equal Digests";
  readonly #known = new Map<number, Known>();

  booted(replica: ReplicaView): void {
    this.#compare(replica, replica.lastApplied);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#compare(replica, last.index);
  }

  installed(replica: ReplicaView, index: number): void {
    this.#compare(replica, index);
  }

  ended({ replicas }: EndView): void {
    for (const replica of replicas) this.#compare(replica, replica.lastApplied);
  }

  #compare({ name, boot, digest }: ReplicaView, index: number): void {
    const known = this.#known.get(index);
    if (known === undefined) {
      this.#known.set(index, { digest, by: `${name} (boot ${boot})` });
      this.#known.delete(index - indexesRemembered);
    } else if (known.digest !== digest) {
      throw new Violation(this.name, `${name} (boot ${boot}) has the digest ${digest} after index ${index}, and ${known.by} had ${known.digest}`);
    }
  }
}
