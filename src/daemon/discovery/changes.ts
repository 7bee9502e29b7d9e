// From one look to the next: what has come and what has gone. A node is its address; one whose regions have changed has gone and come. It keeps what
// the last look has found and no more, and looks only when it is told to.

import { toRaftctlError } from "../../base/errors.ts";
import type { Changeset, DiscoveredNode, DiscoveryOwner } from "./discovery.ts";

export function changesBetween(before: readonly DiscoveredNode[], after: readonly DiscoveredNode[]): Changeset {
  const [known, found] = [keysOf(before), keysOf(after)];
  return { added: after.filter((node) => !known.has(keyOf(node))), removed: before.filter((node) => !found.has(keyOf(node))) };
}

/** Looks when it is told to, one look after the other, and tells the owner what is new. */
export class ChangeReporter {
  readonly #lookup: () => Promise<readonly DiscoveredNode[]>;
  readonly #owner: DiscoveryOwner;
  #known: readonly DiscoveredNode[] = [];
  #looking: Promise<void> = Promise.resolve();
  /** A look that waits for the one that is under way. */
  #next: Promise<void> | undefined;
  #failing = false;
  #closed = false;

  constructor(lookup: () => Promise<readonly DiscoveredNode[]>, owner: DiscoveryOwner) {
    this.#lookup = lookup;
    this.#owner = owner;
  }

  /** However often it is asked for while one is under way: one more sees all that there is to see. */
  look(): Promise<void> {
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      return this.#look();
    });
    this.#looking = this.#next;
    return this.#looking;
  }

  /** Nothing is told any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    try {
      const found = await this.#lookup();
      this.#failing = false;
      this.#tell(found);
    } catch (error) {
      if (!this.#failing && !this.#closed) this.#owner.failed(toRaftctlError(error));
      this.#failing = true;
    }
  }

  #tell(found: readonly DiscoveredNode[]): void {
    if (this.#closed) return;
    const changes = changesBetween(this.#known, found);
    this.#known = found;
    if (changes.added.length + changes.removed.length > 0) this.#owner.changed(changes);
  }
}

function keysOf(nodes: readonly DiscoveredNode[]): ReadonlySet<string> {
  return new Set(nodes.map(keyOf));
}

function keyOf({ address, regions }: DiscoveredNode): string {
  return `${address} ${regions === undefined ? "" : regions.toSorted().join(",")}`;
}
