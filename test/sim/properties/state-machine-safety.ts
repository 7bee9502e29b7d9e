// State Machine Safety: no two replicas apply different entries at one index, in any of their boots (extended Raft paper, Figure 3 and §5.4.3).
//
// And none leaves one out: within a boot, what is applied follows what was applied or installed before.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Applied {
  readonly term: number;
  readonly type: number;
  readonly checksum: number;
  readonly by: string;
}

export class StateMachineSafety implements Property {
  readonly name = "State Machine Safety";
  readonly #crc32: Crc32;
  readonly #applied: Applied[] = [];
  readonly #last = new Map<NodeId, { readonly boot: number; index: number }>();

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#follows(replica, entry.index);
      this.#isTheSame(replica, entry);
    }
  }

  installed(replica: ReplicaView, index: number): void {
    this.#last.set(replica.id, { boot: replica.boot, index });
  }

  #follows({ id, name, boot }: ReplicaView, index: number): void {
    const last = this.#last.get(id);
    if (last === undefined || last.boot !== boot) return void this.#last.set(id, { boot, index });
    if (index !== last.index + 1) throw new Violation(this.name, `${name} applies index ${index} after index ${last.index}`);
    last.index = index;
  }

  #isTheSame({ name }: ReplicaView, { index, term, type, data }: Entry): void {
    const checksum = this.#crc32(data, type);
    const known = this.#applied[index];
    if (known === undefined) this.#applied[index] = { term, type, checksum, by: name };
    else if (known.term !== term || known.type !== type || known.checksum !== checksum) {
      throw new Violation(this.name, `${name} applies an entry of term ${term} at index ${index}, where ${known.by} applied another one of term ${known.term}`);
    }
  }
}
