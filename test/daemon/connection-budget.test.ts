import { expect, test } from "vitest";
import { clientConnectionsMax, httpConnectionsMax } from "../../src/daemon/connection-budget.ts";

test("clients get what the limit of open files leaves after what the node itself needs (T8, H47)", () => {
  expect(clientConnectionsMax(4096, 65_536)).toBe(4096);
  expect(clientConnectionsMax(4096, 1024)).toBe(912);
  expect(clientConnectionsMax(4096, 200)).toBe(88);
  expect(clientConnectionsMax(50, 200)).toBe(50);
});

test("a few clients are always served, and an unknown limit changes nothing", () => {
  expect(clientConnectionsMax(4096, 64)).toBe(8);
  expect(clientConnectionsMax(4096, undefined)).toBe(4096);
});

test("clients over HTTP get a third of what is left at most, and those over TCP what then remains (T8, H47)", () => {
  expect(httpConnectionsMax(1024, 65_536)).toBe(1024);
  expect(httpConnectionsMax(1024, 1024)).toBe(304);
  expect(httpConnectionsMax(1024, 64)).toBe(8);
  expect(httpConnectionsMax(1024, undefined)).toBe(1024);
  expect(clientConnectionsMax(4096, 1024, httpConnectionsMax(1024, 1024))).toBe(608);
});
