// Asking for a lock while the leader changes, and while nobody leads.

import { expect, onTestFinished, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const refusal = { kind: "refuse", error: new RaftctlError("NO_LEADER", "need 2 of 3 votes, have n2") } as const;

async function started(timeoutMs: number): Promise<{ readonly daemon: FakeDaemon; readonly client: Client }> {
  const daemon = await new FakeDaemon().start();
  const client = new Client({ endpoints: [daemon.endpoint], timeoutMs });
  onTestFinished(async () => {
    client.close();
    await daemon.stop();
  });
  return { daemon, client };
}

const proposals = (daemon: FakeDaemon): number => daemon.requests.filter(({ operation }) => operation === "propose").length;

test("who asks for a lock outlives two changes of leader while it gets its lease (H24)", async () => {
  const { daemon, client } = await started(10_000);
  daemon.faults.push(refusal, refusal);
  const lock = await client.lock("x", { waitMs: 0 });
  expect(lock.remainingMs).toBeGreaterThan(0);
  expect(proposals(daemon)).toBe(4);
});

test("a cluster in which nobody leads is said to be one when the time limit is over, and not before (H24)", async () => {
  const { daemon, client } = await started(700);
  daemon.faults.push(...Array.from({ length: 100 }, () => refusal));
  await expect(client.lock("x")).rejects.toMatchObject({ code: "NO_LEADER", message: "need 2 of 3 votes, have n2" });
  const limits = daemon.requests.flatMap((request) => (request.operation === "propose" ? [request.timeoutMs] : []));
  expect(limits.length).toBeGreaterThan(1);
  // Each attempt has what is left of it, not all of it again.
  for (const limit of limits.slice(1)) expect(limit).toBeLessThan(700 - 250);
  expect(daemon.leases.granted.size).toBe(0);
});

test("who gives up between two attempts is CANCELLED at once", async () => {
  const { daemon, client } = await started(60_000);
  daemon.faults.push(...Array.from({ length: 100 }, () => refusal));
  const giveUp = new AbortController();
  const locking = client.lock("x", { signal: giveUp.signal });
  locking.catch(() => undefined);
  await expect.poll(() => proposals(daemon)).toBeGreaterThan(0);
  giveUp.abort();
  await expect(locking).rejects.toMatchObject({ code: "CANCELLED" });
});

test("who has its lease outlives a change of leader while it takes its place in the queue (H24)", async () => {
  const { daemon, client } = await started(10_000);
  const { granted } = daemon.leases;
  granted.set = (id, lease): typeof granted => {
    daemon.faults.push(refusal);
    return Map.prototype.set.call(granted, id, lease) as typeof granted;
  };
  const lock = await client.lock("x", { waitMs: 0 });
  expect(daemon.faults).toEqual([]);
  expect(daemon.records.has(Buffer.from(lock.key).toString("hex"))).toBe(true);
});
