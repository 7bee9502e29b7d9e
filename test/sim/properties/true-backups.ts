// True Backups: what a backup holds was the state at its index, on any replica; it says so itself; and one that a majority has confirmed holds everything
// that a client had been told to be done before it was asked for (linearizable reads, diss. §6.4; S114, PRODUCT §2 N13).

import type { Entry } from "../../../src/raft/entry.ts";
import { Violation, type BackupView, type Property, type ReplicaView } from "./property.ts";

/** Older ones are not asked for any more. */
const indexesRemembered = 65_536;

export class TrueBackups implements Property {
  readonly name = "True Backups";
  readonly #digests = new Map<number, string>();

  booted(replica: ReplicaView): void {
    this.#note(replica, replica.lastApplied);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#note(replica, last.index);
  }

  installed(replica: ReplicaView, index: number): void {
    this.#note(replica, index);
  }

  backedUp({ node, index, digest, announced, atLeast }: BackupView): void {
    const known = this.#digests.get(index);
    if (known === undefined) this.#fail(`a backup of ${node} is of index ${index}, at which nobody was`);
    if (digest !== known) this.#fail(`a backup of ${node} holds the digest ${digest} for index ${index}, where replicas had ${known}`);
    if (announced !== digest) this.#fail(`a backup of ${node} announces the digest ${announced} and holds ${digest}`);
    if (index < atLeast) this.#fail(`a backup of ${node} that a majority has confirmed ends at index ${index}, and index ${atLeast} was acknowledged before it was asked for`);
  }

  /** That all of them have the same is another property. */
  #note({ digest }: ReplicaView, index: number): void {
    this.#digests.set(index, digest);
    this.#digests.delete(index - indexesRemembered);
  }

  #fail(sentence: string): never {
    throw new Violation(this.name, sentence);
  }
}
