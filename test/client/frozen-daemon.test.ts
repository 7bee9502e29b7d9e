// A daemon that is stopped, and its machine still accepts: the client goes on with the others.

import dns from "node:dns";
import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../../src/client/client.ts";
import { FakeDaemon } from "./fake-daemon.ts";
import { FreezingRelay } from "./freezing-relay.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

/** A client that reaches one daemon by two addresses, the first of which can be frozen. */
async function fixture(): Promise<{ readonly daemon: FakeDaemon; readonly relay: FreezingRelay; readonly client: Client }> {
  const daemon = await new FakeDaemon().start();
  const relay = await FreezingRelay.to(daemon.endpoint);
  const client = new Client({ endpoints: [relay.endpoint, daemon.endpoint], timeoutMs: 2_000 });
  open.push(client, relay, daemon);
  return { daemon, relay, client };
}

test("who accepts and says nothing costs the first call a part of its time, and the others nothing", async () => {
  const { relay, client } = await fixture();
  relay.freeze();
  await client.kv.put("k", "1");
  const start = performance.now();
  await Promise.all(Array.from({ length: 20 }, (_, at) => client.kv.put(`k${at}`, "1")));
  expect(performance.now() - start).toBeLessThan(1_000);
});

test("after one call that waited in vain the next ones are answered by another daemon", async () => {
  const { relay, client } = await fixture();
  await client.kv.put("k", "1");
  relay.freeze();
  await expect(client.kv.get("k", { timeoutMs: 300 })).rejects.toMatchObject({ code: "TIMEOUT" });
  expect((await client.kv.get("k", { timeoutMs: 2_000 })).record?.version).toBe(1);
  expect((await client.kv.put("k", "2")).result?.version).toBe(2);
});

test("a lease outlives the daemon that its keep-alives went to: the next one goes to another (H24)", async () => {
  const { relay, client } = await fixture();
  await using lease = await client.leases.grant({ ttlMs: 3_000 });
  relay.freeze();
  const end = await new Promise<string>((resolve) => {
    lease.onKeptAlive(() => resolve("kept alive"));
    lease.lost.addEventListener("abort", () => resolve("lost"));
  });
  expect(end).toBe("kept alive");
});

test("a name server that does not answer costs a call its time and no more, and another address is asked within it", async () => {
  const { daemon } = await fixture();
  const lookups = vi.spyOn(dns, "lookup").mockImplementation(() => undefined);
  const lost = new Client({ endpoints: ["nobody.example:7400"], timeoutMs: 100 });
  const client = new Client({ endpoints: ["nobody.example:7400", daemon.endpoint], timeoutMs: 400 });
  open.push(lost, client);
  await expect(lost.kv.get("k")).rejects.toMatchObject({ code: "UNREACHABLE", message: expect.stringContaining("nobody.example:7400: no answer within") as string });
  expect((await client.kv.get("k")).record).toBeUndefined();
  expect(lookups).toHaveBeenCalledTimes(2);
});
