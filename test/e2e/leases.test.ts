// kill -9 of the leader while leases are kept alive: what is kept survives every change of leader, what is abandoned ends, with its keys, at one index everywhere
// (docs/leases.md).

import { expect, test } from "vitest";
import { startCluster } from "./support/start-cluster.ts";
import { fast } from "./support/settings.ts";
import { until } from "./support/until.ts";

const ttlMs = 4_000;

test("five kills of the leader take no lease from a holder that keeps it alive, and leave none to one that is gone (H24, H25, U7)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const client = cluster.client();
  const kept = await client.leases.grant({ ttlMs });
  await client.kv.put("kept", "1", { lease: kept.id });
  for (let round = 1; round <= 5; round += 1) {
    const { id } = await cluster.client().leases.grant({ ttlMs }).then((lease) => (lease.release(), lease));
    await client.kv.put(`gone/${round}`, "1", { lease: id });
    const leader = await cluster.leader();
    await leader.kill9();
    await cluster.leader();
    await leader.start();
  }
  await until("the keys of the abandoned leases are gone", async () => ((await client.kv.prefix("gone/")).count === 0 ? true : undefined), { everyMs: 50 });
  expect([kept.lost.aborted, (await client.kv.get("kept")).record?.version]).toEqual([false, 1]);
  await cluster.waitUntilFollowersKeepUp();
  const ends = await Promise.all(cluster.nodes.map(async ({ endpoint }) => {
    const { stdout } = await cluster.raftctl(["inspect-log", "1..", "--type", "command", "--endpoint", endpoint]);
    return stdout.split("\n").filter((line) => line.includes("lease expired")).map((line) => line.trim().split(/ +/)[0]);
  }));
  expect(ends[0]).toHaveLength(5);
  for (const end of ends) expect(end).toEqual(ends[0]);
  await kept.revoke();
  expect((await client.kv.get("kept")).record).toBeUndefined();
});
