// Peers that have moved: as long as no leader is heard of, a node that was formed or joined by discovery looks at its source again, knocks at what it
// names, and dials whom it recognises there, by id and cluster. Only dialling changes by this: membership and addresses change through the log,
// when the node that has moved says so to the leader that is found then (S91).

import type { Clock, Timer } from "../../base/clock.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { NodeId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Transport } from "../../host/transport.ts";
import type { DiscoveredNode } from "./discovery.ts";

export interface RediscoveryOptions {
  readonly clusterId: string;
  readonly lookup: () => Promise<readonly DiscoveredNode[]>;
  readonly probe: Transport["probe"];
  readonly hasLeader: () => boolean;
  readonly onFound: (id: NodeId, address: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks; a leader is usually there before the first. */
  readonly intervalMs: number;
  /** Of each knock, ms. */
  readonly timeoutMs: number;
}

export class Rediscovery {
  readonly #options: RediscoveryOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RediscoveryOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    if (this.#stopped) return;
    this.#timer = clock.at(clock.now() + intervalMs, () => void this.#look().then(() => this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { hasLeader, lookup, logger } = this.#options;
    if (hasLeader()) return;
    try {
      const nodes = await lookup();
      if (this.#stopped) return;
      await Promise.all(nodes.map(({ address }) => this.#knock(address)));
    } catch (error) {
      logger.debug({ reason: toRaftctlError(error).message }, "the discovery source cannot be read");
    }
  }

  async #knock(address: string): Promise<void> {
    const { probe, clusterId, onFound, timeoutMs } = this.#options;
    const found = await probe(address, { timeoutMs }).catch(() => undefined);
    if (found?.clusterId === clusterId && !this.#stopped) onFound(found.nodeId, address);
  }
}
