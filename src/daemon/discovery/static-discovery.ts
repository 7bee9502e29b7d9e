// Addresses that were given once and never change.

import type { Changeset, DiscoveredNode, Discovery, DiscoveryOwner, DiscoveryWatch } from "./discovery.ts";
import { readNodeList } from "./node-list.ts";

export class StaticDiscovery implements Discovery {
  readonly source: string;
  readonly #nodes: readonly DiscoveredNode[];

  /** @param list "host:port,host:port" */
  constructor(list: string) {
    this.source = `static:${list}`;
    this.#nodes = readNodeList(list.split(","), "static discovery", "entry");
  }

  lookup(): Promise<readonly DiscoveredNode[]> {
    return Promise.resolve(this.#nodes);
  }

  watch(owner: DiscoveryOwner): DiscoveryWatch {
    const all: Changeset = { added: this.#nodes, removed: [] };
    if (this.#nodes.length > 0) owner.changed(all);
    return { close: () => Promise.resolve() };
  }
}
