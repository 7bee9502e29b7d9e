import { expect, test } from "vitest";
import { readNetworks } from "../../src/config/network.ts";

test("networks are addresses with how many bits count, several with commas between them (U12)", () => {
  expect(readNetworks("10.0.0.0/8, ::1/128,192.168.1.7")).toEqual([
    { address: "10.0.0.0", family: "ipv4", prefix: 8 }, { address: "::1", family: "ipv6", prefix: 128 }, { address: "192.168.1.7", family: "ipv4", prefix: 32 },
  ]);
});

test.each(["", "10.0.0.0/33", "::/129", "10.0.0/8", "256.0.0.1", "10.0.0.0/8,", "localhost", "10.0.0.0/-1", ":::", "1:2/8", "a.b.c.d"])("%j is no network (U12)", (text) => {
  expect(readNetworks(text)).toBeUndefined();
});
