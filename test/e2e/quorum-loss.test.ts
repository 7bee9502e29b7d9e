// One node of three is left. It may not accept what a majority cannot keep, must say so soon and clearly, and must go on by itself when the others return.

import { expect, test } from "vitest";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

test("without a majority a put ends with 5 and the missing names, or with 10, and never with 0 (S83, S1, H5, H20, K4)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  await cluster.client().kv.put("k", "before");
  const left = await cluster.leader();
  const gone = cluster.nodes.filter((node) => node !== left);
  await Promise.all(gone.map((node) => node.kill9()));

  const first = await cluster.raftctl(["put", "k", "lost", "--endpoint", left.endpoint, "--timeout", "2s", "--json"]);
  expect([5, 10]).toContain(first.exit);
  await cluster.waitFor("stepping down", (report) => report.role !== "leader" && report.leader === null, [left]);
  const put = await cluster.raftctl(["put", "k", "lost", "--endpoint", left.endpoint, "--timeout", "2s", "--json"]);
  expect(put.exit).toBe(5);
  expect(put.json?.error?.code).toBe("NO_LEADER");
  for (const node of gone) expect(put.json?.error?.message).toContain(node.name);
  const get = await cluster.raftctl(["get", "k", "--endpoint", left.endpoint, "--timeout", "2s", "--json"]);
  expect(get.exit).toBe(5);
  const stale = await cluster.raftctl(["get", "k", "--endpoint", left.endpoint, "--consistency", "stale", "--output", "raw"]);
  expect([stale.exit, stale.stdout]).toEqual([0, "before"]);
  const health = await cluster.raftctl(["health", "--endpoint", left.endpoint, "--json"]);
  expect(health.exit).toBe(11);

  await gone[0]!.start();
  await cluster.leader();
  await cluster.client({ endpoints: [left.endpoint] }).kv.put("k", "after");
  expect((await cluster.raftctl(["get", "k", "--endpoint", left.endpoint, "--output", "raw"])).stdout).toBe("after");
});

test("a majority goes on without the minority, and the minority's own leader accepts nothing (S1, S110, H5)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const old = await cluster.leader();
  const rest = cluster.endpoints.filter((endpoint) => endpoint !== old.endpoint);
  old.pause();
  await cluster.client({ endpoints: rest, timeoutMs: 10_000 }).kv.put("k", "majority");
  old.resume();
  const answer = await cluster.raftctl(["get", "k", "--endpoint", old.endpoint, "--output", "raw", "--timeout", "10s"]);
  expect([answer.exit, answer.stdout]).toEqual([0, "majority"]);
});
