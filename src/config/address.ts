// Addresses as people write them: "127.0.0.1:7400", "node1.example:7400", "[::1]:7400". Says which of them only this machine can reach and which
// nobody can dial. It resolves no names: a name other than "localhost" counts as reachable from outside.

import { RaftctlError } from "../base/errors.ts";

export interface Address {
  /** Without brackets. */
  readonly host: string;
  /** 0 lets the system choose a free one; only for listening. */
  readonly port: number;
}

const pattern = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/\p{Cc}]+)):([0-9]{1,5})$/u;

/** undefined when the text is not host:port. */
export function readAddress(text: string): Address | undefined {
  const match = pattern.exec(text.trim());
  if (match === null) return undefined;
  const host = match[1] ?? match[2]!;
  const port = Number(match[3]);
  if (port > 65_535 || (match[1] !== undefined && !isIPv6(host))) return undefined;
  return { host, port };
}

/** @throws INVALID_ARGUMENT that names the text. */
export function parseAddress(text: string): Address {
  const address = readAddress(text);
  if (address !== undefined) return address;
  throw new RaftctlError("INVALID_ARGUMENT", `not an address: ${JSON.stringify(text)} (want host:port or [ipv6]:port)`);
}

export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/** Every interface of this machine: good for listening, not an address that a peer can dial. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || (isIPv6(host) && /^[0:]+$/.test(host));
}

function isIPv6(host: string): boolean {
  return host.includes(":") && URL.canParse(`http://[${host}]/`);
}
