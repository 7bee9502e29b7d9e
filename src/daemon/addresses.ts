// Addresses as a daemon needs them: what to bind, and what others are told to dial. A port 0 becomes the port that was taken; a wildcard host cannot be
// dialled, so it must be advertised by name.

import { RaftctlError } from "../base/errors.ts";
import { formatAddress, isWildcard, parseAddress } from "../config/address.ts";
import type { ListenAddress } from "../platform/listener.ts";

export function listenAddress(text: string): { host: string; port: number } {
  const { host, port } = parseAddress(text);
  return { host, port };
}

/** @param key for the message: "advertise.peer". */
export function advertisedAddress(advertised: string | undefined, bound: ListenAddress, key: string): string {
  if (advertised !== undefined) return advertised;
  if ("path" in bound) throw new RaftctlError("CONFIG_INVALID", `a Unix socket cannot be advertised as ${key}`);
  if (isWildcard(bound.host)) {
    throw new RaftctlError("CONFIG_INVALID", `${bound.host} is listened on, but others cannot dial it`, { hint: `set ${key} to the address under which others reach this node` });
  }
  return formatAddress({ host: bound.host, port: bound.port });
}
