// Networks as people write them: "10.0.0.0/8", "::1/128", several with commas between them. An address without a length is that address alone.

import { readAddress } from "./address.ts";

export interface Network {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  /** How many bits of the address count. */
  readonly prefix: number;
}

/** undefined when one of them is no network. */
export function readNetworks(text: string): readonly Network[] | undefined {
  const networks = text.split(",").map((part) => readNetwork(part.trim()));
  return networks.every((network) => network !== undefined) ? networks : undefined;
}

function readNetwork(text: string): Network | undefined {
  const [, address = "", length] = /^([0-9a-fA-F.:]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
  if (family === undefined) return undefined;
  const bits = family === "ipv4" ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  return prefix <= bits ? { address, family, prefix } : undefined;
}

function isIPv4(text: string): boolean {
  return /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

function isIPv6(text: string): boolean {
  return text.includes(":") && readAddress(`[${text}]:0`) !== undefined;
}
