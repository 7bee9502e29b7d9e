import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MessagePortTransport } from "./message-port-transport.ts";
import { TransportBase } from "../../src/transport.ts";

test("docs/custom-transport.md shows the code that custom-transport.test.ts runs, in at most 100 lines, derived from the package's base class (S13, S124)", () => {
  const document = readFileSync(new URL("../../docs/custom-transport.md", import.meta.url), "utf8");
  const code = readFileSync(new URL("message-port-transport.ts", import.meta.url), "utf8");
  const shown = /```ts\n([\s\S]*?)```/.exec(document)?.[1];
  expect(shown).toBe(code);
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(100);
  expect(MessagePortTransport.prototype).toBeInstanceOf(TransportBase);
});
