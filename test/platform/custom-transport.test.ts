import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MessagePortTransport, type Switchboard } from "./message-port-transport.ts";
import { describeTransport } from "./transport-conformance.ts";

const switchboard: Switchboard = new Map();
describeTransport("the documented custom transport (S13, S124)", ({ identity, directory }) => new MessagePortTransport(switchboard, identity, directory));

test("docs/custom-transport.md shows the code that runs here, in at most 100 lines (S13)", () => {
  const document = readFileSync(new URL("../../docs/custom-transport.md", import.meta.url), "utf8");
  const code = readFileSync(new URL("message-port-transport.ts", import.meta.url), "utf8");
  const shown = /```ts\n([\s\S]*?)```/.exec(document)?.[1];
  expect(shown).toBe(code);
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(100);
});
