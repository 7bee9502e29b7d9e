// Which addresses may connect: those in one of the given networks. An IPv4 address that comes mapped into IPv6 counts as the IPv4 address.

import { BlockList, isIPv6 } from "node:net";

export interface AllowedNetwork {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  readonly prefix: number;
}

export class AddressFilter {
  readonly #allowed = new BlockList();

  constructor(networks: readonly AllowedNetwork[]) {
    for (const { address, prefix, family } of networks) this.#allowed.addSubnet(address, prefix, family);
  }

  allows(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=[0-9.]+$)/i, "");
    return this.#allowed.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  }
}
