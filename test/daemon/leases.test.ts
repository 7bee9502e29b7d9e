// Leases of whole nodes: kept alive through any of them, ended by whoever leads, gone everywhere at one index.

import { expect, test } from "vitest";
import { globalRegion } from "../../src/base/ids.ts";
import type { Daemon } from "../../src/daemon/daemon.ts";
import { Client } from "../../src/client/client.ts";
import { ClientServer } from "../../src/daemon/client-server.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import { decodeCommand, encodeCommand } from "../../src/wire/command.ts";
import { electionTimeoutMs, startCluster } from "./support/cluster.ts";

const poll = { timeout: 15_000, interval: 20 } as const;

/** The index of the entry with which the lease ended because its time was over, in this node's own log. */
function expiryIn(node: Daemon, lease: bigint): number | undefined {
  const { auditTrail } = node.region.raft;
  const commands = auditTrail.entries(auditTrail.first, auditTrail.last).filter(({ type }) => type === entryTypes.command);
  return commands.find(({ data }) => {
    const command = decodeCommand(data);
    return command.operation === "leaseRevoke" && command.lease === lease && command.expiredGrant !== undefined;
  })?.index;
}

test("when the leader dies the leases that are kept alive survive, the abandoned end, and their keys are gone at one index on every node (U7, H24, H25)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const old = fixture.leader();
  const others = fixture.followers();
  const client = new Client({ endpoints: others.map((node) => node.clientAddress), timeoutMs: 5_000, clearUpMs: 5_000 });
  const ttlMs = 4 * electionTimeoutMs;
  const kept = await client.leases.grant({ ttlMs });
  await client.leases.grantOnly({ ttlMs, id: 77n });
  await client.kv.put("kept", "1", { lease: kept.id });
  for (const key of ["gone/a", "gone/b"]) await client.kv.put(key, "1", { lease: 77n });
  await old.stop({ transfer: false, drainMs: 0 });
  await expect.poll(async () => (await client.kv.prefix("gone/").catch(() => undefined))?.count, poll).toBe(0);
  await expect.poll(() => others.map((node) => expiryIn(node, 77n)).every((index) => index !== undefined), poll).toBe(true);
  const [one, other] = others.map((node) => expiryIn(node, 77n));
  expect(one).toBe(other);
  expect([kept.lost.aborted, (await client.kv.get("kept")).record?.version]).toEqual([false, 1]);
  expect(await client.leases.info(kept.id, { keys: true })).toMatchObject({ ttlMs, keys: 1, attached: [Buffer.from("kept")] });
  const listed: number[] = [];
  for await (const { grantIndex } of client.leases.list()) listed.push(grantIndex);
  expect(listed).toEqual([kept.grantIndex]);
  await kept.revoke();
  expect((await client.kv.get("kept")).record).toBeUndefined();
  client.close();
});

test("a keep-alive, a list and an info are answered by the leader, whichever node is asked", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3);
  const [one, other] = fixture.followers();
  const { leases } = fixture.client(one!);
  await leases.grantOnly({ ttlMs: 60_000, id: 5n });
  await leases.grantOnly({ ttlMs: 50_000, id: 6n });
  const [left, none] = await fixture.client(other!).leases.keepAlive([5n, 9n]);
  expect([left! > 55_000 && left! <= 60_000, none]).toEqual([true, undefined]);
  const pages = await fixture.client(one!).admin.call("leaseList", { after: null, limit: 1 });
  expect(pages).toMatchObject({ leases: [{ id: "0000000000000005", ttlMs: 60_000, keys: 0 }], more: true });
  expect(await fixture.client(one!).admin.call("leaseList", { after: "0000000000000005", limit: 9 })).toMatchObject({ leases: [{ id: "0000000000000006" }], more: false });
  expect(await fixture.client(one!).admin.call("leaseList", { after: "f".repeat(16), limit: 9 })).toEqual({ leases: [], more: false });
});

test("a client cannot say that the time of a lease is over", { timeout: 20_000 }, async () => {
  await using fixture = await startCluster(1);
  const hosted = fixture.leader().region;
  const server = new ClientServer("n1", () => ({ hosted, machine: undefined as never, watches: undefined as never, views: undefined as never }), undefined as never);
  const command = encodeCommand({ operation: "leaseRevoke", lease: 5n, expiredGrant: 1 });
  expect(() => server.onRequest({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs: 1_000, command }, {})).toThrow("only the leader itself");
});
