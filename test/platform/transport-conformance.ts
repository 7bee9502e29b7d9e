// The conformance suite of the package over one transport, as tests of this repository.

import { describe, test } from "vitest";
import { transportCases, type CreateTransport } from "../../src/conformance/transport.ts";

export function describeTransport(name: string, create: CreateTransport): void {
  describe(`${name} as a Transport (S5)`, () => {
    for (const { name: claim, run } of transportCases) test(claim, () => run(create));
  });
}
