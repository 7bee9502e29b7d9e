// Durations, sizes and addresses: what is read, what is refused, and that printing and reading are inverses.

import { assert, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, isLoopback, isWildcard, parseAddress, readAddress } from "../../src/config/address.ts";
import { formatDuration, parseDuration } from "../../src/config/duration.ts";
import { formatSize, parseSize } from "../../src/config/size.ts";

test.each([
  ["250ms", 250],
  ["5s", 5000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["0s", 0],
])("%s is %i milliseconds", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "5", "s", "-5s", "5 s s", "5S", "1e3s", "5sec", "٣s", "9999999999999999d"])("%j is refused as a duration and named", (text) => {
  expect(() => parseDuration(text)).toThrow(JSON.stringify(text));
});

test.each([
  ["512B", 512],
  ["256KiB", 262_144],
  ["64MiB", 67_108_864],
  ["1.5GiB", 1_610_612_736],
  ["1MB", 1_000_000],
])("%s is %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "64", "64mib", "64 Mib", "-1B", "1KiBs", "99999999TiB"])("%j is refused as a size and named", (text) => {
  expect(() => parseSize(text)).toThrow(JSON.stringify(text));
});

test("a printed duration or size reads back to the same number", () => {
  assert(
    property(nat(2 ** 31 - 1), (value) => {
      expect(parseDuration(formatDuration(value))).toBe(value);
      expect(parseSize(formatSize(value))).toBe(value);
    }),
  );
});

test("an address is host:port, and IPv6 stands in brackets", () => {
  expect(parseAddress("n1.example:7400")).toEqual({ host: "n1.example", port: 7400 });
  expect(parseAddress("münchen.example:7400")).toEqual({ host: "münchen.example", port: 7400 });
  expect(parseAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
  expect(formatAddress({ host: "::1", port: 7400 })).toBe("[::1]:7400");
  for (const text of ["", "7400", ":7400", "::1:7400", "[n1]:7400", "n1:65536", "n1:x", "http://n1:7400", "n 1:7400", "n\u001b[1m:7400", "n\u00071:7400", "n\u009b1:7400"]) {
    expect(readAddress(text)).toBeUndefined();
  }
});

test("loopback is 127.0.0.0/8, ::1 and localhost, and nothing that only looks like it (T28)", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) expect(isLoopback(host)).toBe(true);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "localhost.evil.example"]) expect(isLoopback(host)).toBe(false);
  for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]) expect(isWildcard(host)).toBe(true);
  expect(isWildcard("10.0.0.0")).toBe(false);
});
