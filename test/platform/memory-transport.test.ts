import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import type { RaftctlError } from "../../src/base/errors.ts";
import { MemoryNetwork, MemoryTransport } from "./memory-transport.ts";
import { region, TransportCluster } from "../../src/conformance/transport-cluster.ts";
import { describeTransport } from "./transport-conformance.ts";

const network = new MemoryNetwork(new Prng(1));
describeTransport("the transport in memory", ({ identity, directory }) => new MemoryTransport(network, identity, directory));

test("with 30 % loss and resets every call settles in its time (S6)", async () => {
  const lossy = new MemoryNetwork(new Prng(42));
  const cluster = new TransportCluster(({ identity, directory }) => new MemoryTransport(lossy, identity, directory));
  const one = await cluster.add("1");
  const two = await cluster.add("2");
  lossy.loss = 0.15;
  lossy.resets = 0.15;
  const calls = Array.from({ length: 500 }, () =>
    one.transport.network.forGroup(region).readIndex(two.id, { type: "readIndex", timeoutMs: 50 }, { timeoutMs: 50 }).then(() => "answered", (error: unknown) => (error as RaftctlError).code));
  const outcomes = await Promise.all(calls);
  expect(new Set(outcomes)).toEqual(new Set(["answered", "TIMEOUT", "CONNECTION_LOST"]));
  await cluster.stop();
});
