// A discovery source as a program may bring its own: nodes stand in a key-value store, one key each, whose name is the address and whose value is the
// regions. A sample of the interface, over raftctl's own client; Consul or etcd would look the same.

import { utf8Text } from "../../../src/base/bytes.ts";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import { RaftctlError, toRaftctlError } from "../../../src/base/errors.ts";
import type { Client } from "../../../src/client/client.ts";
import { ChangeReporter } from "../../../src/daemon/discovery/changes.ts";
import { discoveredNodesMax, type DiscoveredNode, type Discovery, type DiscoveryOwner, type DiscoveryWatch } from "../../../src/daemon/discovery/discovery.ts";
import { readNodeList } from "../../../src/daemon/discovery/node-list.ts";

export interface KeyValueDiscoveryOptions {
  readonly client: Client;
  readonly prefix: string;
  readonly clock: Clock;
  readonly intervalMs: number;
}

export class KeyValueDiscovery implements Discovery {
  readonly source: string;
  readonly #options: KeyValueDiscoveryOptions;

  constructor(options: KeyValueDiscoveryOptions) {
    this.source = `kv:${options.prefix}`;
    this.#options = options;
  }

  async lookup(): Promise<readonly DiscoveredNode[]> {
    const { client, prefix } = this.#options;
    const { records } = await client.kv.prefix(prefix, { limit: discoveredNodesMax + 1 }).catch((cause: unknown) => {
      throw new RaftctlError("UNREACHABLE", `${this.source} cannot be read: ${toRaftctlError(cause).message}`, { cause });
    });
    return readNodeList(records.map(({ key, value }) => `${utf8Text(key)!.slice(prefix.length)} ${utf8Text(value)!}`), this.source, "entry");
  }

  watch(owner: DiscoveryOwner): DiscoveryWatch {
    const { clock, intervalMs } = this.#options;
    const reporter = new ChangeReporter(() => this.lookup(), owner);
    let timer: Timer | undefined;
    let closed = false;
    const look = async (): Promise<void> => {
      await reporter.look();
      if (!closed) timer = clock.at(clock.now() + intervalMs, () => void look());
    };
    void look();
    return {
      close: () => {
        closed = true;
        timer?.cancel();
        return reporter.close();
      },
    };
  }
}
