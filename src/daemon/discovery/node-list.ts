// A list of nodes as people write it, in a file or in one word: one node each, "host:port", followed by the regions that it serves, if that is said:
// "10.0.0.1:7401 global,eu". Empty lines and what follows a # count for nothing.

import { RaftctlError } from "../../base/errors.ts";
import { formatAddress, readAddress } from "../../config/address.ts";
import { discoveredNodesMax, type DiscoveredNode } from "./discovery.ts";

const regionName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/**
 * @param origin for the message: the file or the flag.
 * @throws INVALID_ARGUMENT that names the line
 */
export function readNodeList(lines: readonly string[], origin: string, unit: "line" | "entry"): readonly DiscoveredNode[] {
  const nodes = new Map<string, DiscoveredNode>();
  for (const [position, line] of lines.entries()) {
    const node = readLine(line.replace(/#.*$/, "").trim(), `${origin}, ${unit} ${position + 1}`);
    if (node !== undefined) nodes.set(node.address, node);
    if (nodes.size > discoveredNodesMax) throw new RaftctlError("INVALID_ARGUMENT", `${origin} names more than ${discoveredNodesMax} nodes`);
  }
  return [...nodes.values()];
}

function readLine(line: string, place: string): DiscoveredNode | undefined {
  if (line === "") return undefined;
  const [address, regions, ...rest] = line.split(/\s+/);
  if (rest.length > 0) throw new RaftctlError("INVALID_ARGUMENT", `${place}: ${JSON.stringify(line)} has more than an address and its regions`);
  return { address: dialable(address!, place), regions: regions === undefined ? undefined : readRegions(regions, place) };
}

/** In one way of writing, so that the same node is not two. */
export function dialable(text: string, place: string): string {
  const address = readAddress(text);
  if (address !== undefined && address.port > 0) return formatAddress({ ...address, host: address.host.toLowerCase() });
  throw new RaftctlError("INVALID_ARGUMENT", `${place}: ${JSON.stringify(text)} is not host:port with a port from 1 to 65535`);
}

function readRegions(text: string, place: string): readonly string[] {
  const names = text.split(",");
  const wrong = names.find((name) => !regionName.test(name));
  if (wrong !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `${place}: ${JSON.stringify(wrong)} is not the name of a region`);
  return [...new Set(names)];
}
