// Lease Safety finds a lease that ends too early, whichever of answer and end comes first, and nothing else.

import { expect, test } from "vitest";
import type { Command } from "../../../src/wire/command.ts";
import { encodeResult, type ResultStatus } from "../../../src/wire/command-result.ts";
import { LeaseSafety } from "./lease-safety.ts";
import { entryOf } from "./support/commands.ts";

function bench(clockRateMax = 1) {
  let now = 0;
  const property = new LeaseSafety({ now: () => now, clockRateMax: () => clockRateMax });
  let index = 0;
  const applies = (command: Command, status: ResultStatus = "ok"): void => {
    index += 1;
    property.applied(undefined as never, [entryOf(index, command)], [encodeResult({ status, version: 0, index, deleted: 0, previous: undefined, previousDropped: false })]);
  };
  return {
    applies,
    expires: (status?: ResultStatus) => applies({ operation: "leaseRevoke", lease: 7n, expiredGrant: 1 }, status),
    kept: (sentAt: number) => property.leaseKept({ lease: 7n, sentAt, ttlMs: 1_000 }),
    at: (time: number) => (now = time),
    again: () => property.applied(undefined as never, [entryOf(index, { operation: "leaseRevoke", lease: 7n, expiredGrant: 1 })], [undefined]),
  };
}

test("a lease that ends before its ttl is over is found, and one that ends then or later is not", () => {
  const early = bench();
  early.kept(100);
  early.at(1_099);
  expect(early.expires).toThrow("Lease Safety: lease 7 of 1000 ms has ended 999.000 ms after");
  const right = bench();
  right.kept(100);
  right.at(1_100);
  right.expires();
});

test("an answer that arrives after the end is found as well, and a later keep-alive counts from its own sending", () => {
  const late = bench();
  late.at(500);
  late.expires();
  expect(() => late.kept(0)).toThrow("has ended 500.000 ms after");
  const again = bench();
  again.kept(900);
  again.kept(0);
  again.at(1_500);
  expect(again.expires).toThrow("has ended 600.000 ms after");
});

test("a leader's clock that runs faster allows for as much less", () => {
  const fast = bench(2);
  fast.kept(0);
  fast.at(500);
  fast.expires();
  const faster = bench(2);
  faster.kept(0);
  faster.at(499);
  expect(faster.expires).toThrow("clocks allow 500.000 ms");
});

test("a revoke that somebody wanted, and an end that means another grant, are nothing to find; what others apply later says nothing new", () => {
  const wanted = bench();
  wanted.kept(0);
  wanted.at(10);
  wanted.applies({ operation: "leaseRevoke", lease: 7n });
  wanted.expires("leaseNotFound");
  wanted.at(2_000);
  wanted.expires();
  wanted.again();
});
