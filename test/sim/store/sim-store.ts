// The state machine's database of one simulated node, which survives its processes as LMDB does when it writes without fsync: a process that is killed
// loses what it has not saved; after a loss of power the content is not trusted and the next process begins with an empty one, unless it was closed in order
// before (platform/lmdb-store.ts).

import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Store } from "../../../src/machine/store.ts";
import type { Life } from "../kernel/life.ts";
import { AttachedStore } from "./attached-store.ts";

export class SimStore {
  #content = new MemoryStore();
  #attached: AttachedStore | undefined;

  /** What one boot of the process sees. Of the disk on which it lies, it wants to know only what is free. */
  attach(life: Life, freeBytes: () => number = () => Number.POSITIVE_INFINITY): Store {
    this.#content = this.#content.fork();
    this.#attached = new AttachedStore(this.#content, life, freeBytes);
    return this.#attached;
  }

  /** The life is over. */
  crash(kind: "kill" | "powerLoss"): void {
    const trusted = kind === "kill" || this.#attached === undefined || this.#attached.closedInOrder;
    // What the dead process still does, it does to its own store.
    this.#content = trusted ? this.#content.fork() : new MemoryStore();
  }

  /** A new, empty disk. */
  wipe(): void {
    this.#content = new MemoryStore();
    this.#attached = undefined;
  }
}
