// From what a user wrote to a source: "static:a:7401,b:7401", "file:/etc/raftctl/nodes", "dns:nodes.example:7401", "dns:_raftctl._tcp.example".

import { RaftctlError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { Discovery } from "./discovery.ts";
import { DnsDiscovery } from "./dns-discovery.ts";
import { FileDiscovery } from "./file-discovery.ts";
import { StaticDiscovery } from "./static-discovery.ts";

export interface DiscoverySettings {
  readonly clock: Clock;
  /** Between two looks where the source does not tell by itself, ms. */
  readonly intervalMs: number;
  readonly dnsServers: readonly string[] | undefined;
}

/** Where nodes listen for nodes when nothing else is said. */
const defaultPeerPort = 7401;
const hostName = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?$/;

/** @throws INVALID_ARGUMENT */
export function openDiscovery(source: string, settings: DiscoverySettings): Discovery {
  const colon = source.indexOf(":");
  const [provider, rest] = [source.slice(0, Math.max(colon, 0)), source.slice(colon + 1)];
  if (rest === "") throw unknown(source);
  switch (provider) {
    case "static": return new StaticDiscovery(rest);
    case "file": return new FileDiscovery(rest);
    case "dns": return new DnsDiscovery({ ...dnsName(rest, source), clock: settings.clock, intervalMs: settings.intervalMs, servers: settings.dnsServers });
    default: throw unknown(source);
  }
}

function dnsName(text: string, source: string): { readonly name: string; readonly port: number } {
  const [name, port, ...rest] = text.split(":");
  const number = port === undefined ? defaultPeerPort : /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
  if (rest.length > 0 || !hostName.test(name!) || number < 1 || number > 65_535) throw unknown(source);
  if (name!.startsWith("_") && port !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `discovery ${JSON.stringify(source)}: SRV records say the port themselves`);
  return { name: name!.replace(/\.$/, "").toLowerCase(), port: number };
}

function unknown(source: string): RaftctlError {
  return new RaftctlError("INVALID_ARGUMENT", `discovery ${JSON.stringify(source)} is not static:<host:port,…>, file:<path> or dns:<name>[:port]`);
}
