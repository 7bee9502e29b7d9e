// Lease reads in daemons: off unless the configuration says otherwise, and then as fresh as any other read on every node (H24, S110, S118).

import { expect, test } from "vitest";
import { toRaftctlError } from "../../src/base/errors.ts";
import { startCluster } from "./support/cluster.ts";

const clock = { now: () => performance.now() };

test("where they are off a lease read is refused, and the refusal names the setting (H24)", async () => {
  await using fixture = await startCluster(1);
  const refused = await fixture.client(fixture.leader()).kv.get("k", { consistency: "lease" }).catch(toRaftctlError);
  expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("lease reads are off on ") as string, hint: expect.stringContaining("raft.leaseReads: true") as string });
});

test("where they are on the leader gets a lease and keeps it, and a read sees the write before it on every node (H24, S118)", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3, { "raft.leaseReads": "true", "raft.clockDriftPercent": "20" });
  const leader = fixture.leader();
  await expect.poll(() => leader.region.raft.core.leaseIndex(clock.now()), { timeout: 10_000 }).toBeGreaterThan(0);
  const clients = fixture.cluster.nodes.map((node) => fixture.client(node));
  for (let round = 0; round < 20; round += 1) {
    await clients[round % 3]!.kv.put("k", `v${round}`);
    const seen = await Promise.all(clients.map((client) => client.kv.get("k", { consistency: "lease" })));
    expect(seen.map(({ record }) => record?.version)).toEqual([round + 1, round + 1, round + 1]);
  }
  const range = await fixture.client(leader).kv.range({}, { consistency: "lease" });
  expect([range.count, range.servedBy]).toEqual([1, range.leader]);
});
