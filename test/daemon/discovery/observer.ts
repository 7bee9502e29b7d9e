// Whoever watches a source in a test: what it was told, and a way to wait for the next news.

import { defer } from "../../../src/base/deferred.ts";
import type { Changeset, DiscoveryOwner } from "../../../src/daemon/discovery/discovery.ts";

export class Observer implements DiscoveryOwner {
  readonly changes: { readonly added: readonly string[]; readonly removed: readonly string[] }[] = [];
  readonly failures: string[] = [];
  #news = defer<void>();

  changed({ added, removed }: Changeset): void {
    this.changes.push({ added: added.map(({ address }) => address), removed: removed.map(({ address }) => address) });
    this.#tell();
  }

  failed(error: Error): void {
    this.failures.push(error.message);
    this.#tell();
  }

  /** Everything that is there now, as told by the changes. */
  get present(): readonly string[] {
    const present = new Set<string>();
    for (const { added, removed } of this.changes) {
      for (const address of removed) present.delete(address);
      for (const address of added) present.add(address);
    }
    return [...present].toSorted();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#news.promise;
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = defer();
  }
}
