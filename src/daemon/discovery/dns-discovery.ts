// Addresses behind a name: A and AAAA records with one port for all, or SRV records, whose names begin with an underscore and say the port themselves
// (RFC 2782; a service that says "not here" with the name "." has none). A name without records is an empty list; a server that does not answer is
// a failure, and changes nothing.

import { Resolver } from "node:dns/promises";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { formatAddress } from "../../config/address.ts";
import { ChangeReporter } from "./changes.ts";
import { discoveredNodesMax, type DiscoveredNode, type Discovery, type DiscoveryOwner, type DiscoveryWatch } from "./discovery.ts";
import { dialable } from "./node-list.ts";

export interface DnsDiscoveryOptions {
  readonly name: string;
  /** Of A and AAAA records. */
  readonly port: number;
  readonly clock: Clock;
  /** Between two looks, ms. */
  readonly intervalMs: number;
  /** "ip" or "ip:port" of name servers; undefined: the system's. */
  readonly servers: readonly string[] | undefined;
}

const noRecords: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);
const queryTimeoutMs = 2_000;

export class DnsDiscovery implements Discovery {
  readonly source: string;
  readonly #options: DnsDiscoveryOptions;

  constructor(options: DnsDiscoveryOptions) {
    this.source = isService(options.name) ? `dns:${options.name}` : `dns:${options.name}:${options.port}`;
    this.#options = options;
  }

  async lookup(): Promise<readonly DiscoveredNode[]> {
    const { name } = this.#options;
    const addresses = isService(name) ? await this.#services() : await this.#hosts();
    if (addresses.length > discoveredNodesMax) throw new RaftctlError("INVALID_ARGUMENT", `${name} has ${addresses.length} records, at most ${discoveredNodesMax} are looked at`);
    return [...new Set(addresses)].toSorted().map((address) => ({ address, regions: undefined }));
  }

  watch(owner: DiscoveryOwner): DiscoveryWatch {
    const { clock, intervalMs } = this.#options;
    const reporter = new ChangeReporter(() => this.lookup(), owner);
    let timer: Timer | undefined;
    let closed = false;
    const look = (): void => {
      void reporter.look().then(() => {
        if (!closed) timer = clock.at(clock.now() + intervalMs, look);
      });
    };
    look();
    return {
      close: () => {
        closed = true;
        timer?.cancel();
        return reporter.close();
      },
    };
  }

  /** Either family may have no records; but when one of the two cannot be asked, the other one is not the whole list. */
  async #hosts(): Promise<string[]> {
    const { name, port } = this.#options;
    const resolver = this.#resolver();
    const found = await Promise.all([this.#ask(() => resolver.resolve4(name)), this.#ask(() => resolver.resolve6(name))]);
    return found.flat().map((host) => formatAddress({ host: host.toLowerCase(), port }));
  }

  async #services(): Promise<string[]> {
    const { name } = this.#options;
    const resolver = this.#resolver();
    const records = await this.#ask(() => resolver.resolveSrv(name));
    return records.filter(({ name: host }) => host !== "").map((record) => dialable(`${record.name}:${record.port}`, `SRV record of ${name}`));
  }

  /** A new one each time: the system's servers may have changed. */
  #resolver(): Resolver {
    const resolver = new Resolver({ timeout: queryTimeoutMs, tries: 2 });
    const { servers } = this.#options;
    try {
      if (servers !== undefined) resolver.setServers(servers);
    } catch (cause) {
      throw new RaftctlError("INVALID_ARGUMENT", `${JSON.stringify(servers)} are not name servers: want ip or ip:port, [ip]:port for IPv6`, { cause });
    }
    return resolver;
  }

  async #ask<T>(query: () => Promise<T[]>): Promise<T[]> {
    try {
      return await query();
    } catch (error) {
      if (noRecords.has((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw new RaftctlError("UNREACHABLE", `${this.#options.name} cannot be looked up: ${toRaftctlError(error).message}`, { cause: error });
    }
  }
}

function isService(name: string): boolean {
  return name.startsWith("_");
}
