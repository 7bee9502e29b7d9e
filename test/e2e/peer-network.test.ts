// The wires between nodes, spoilt on purpose: a proxy stands before the peer listener of one node, so that everything the others send to it can be
// counted, damaged and cut.

import { expect, test } from "vitest";
import type { TestCluster } from "./support/cluster.ts";
import { nodeBehindProxy, type Hidden } from "./support/behind-proxy.ts";
import { History } from "../../src/cli/check/history.ts";
import { expectLinearizable } from "./support/proof.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { record } from "./support/traffic.ts";
import { until } from "./support/until.ts";

/** Three nodes, the third one behind a proxy. */
async function clusterBehindProxy(raft: object = {}): Promise<Hidden & { readonly cluster: TestCluster }> {
  const settings = { ...fast, raft: { electionTimeout: "400ms", heartbeatInterval: "50ms", ...raft } };
  const cluster = await startCluster({ nodes: 2, settings });
  const behind = await nodeBehindProxy(cluster);
  await cluster.admit(behind.hidden);
  return { cluster, ...behind };
}

test("over a thousand heartbeats the peers keep the connections that they have (S18, S12, S59)", { timeout: 120_000 }, async () => {
  const { cluster, proxy } = await clusterBehindProxy({ heartbeatInterval: "5ms" });
  const leader = await cluster.leader();
  await cluster.client().kv.put("k", "v");
  const before = { connections: proxy.connectionsTotal, uptimeMs: (await leader.status()).uptimeMs };
  await until("a thousand heartbeats", async () => ((await leader.status()).uptimeMs - before.uptimeMs > 5500 ? true : undefined), { everyMs: 200 });
  expect(before.connections).toBeGreaterThan(0);
  expect(proxy.connectionsTotal).toBe(before.connections);
});

test("a flipped bit on a peer connection is noticed, costs the connection, and spoils nothing (S6, S21, S20)", { timeout: 120_000 }, async () => {
  const { cluster, proxy } = await clusterBehindProxy();
  const client = cluster.client();
  for (let round = 1; round <= 10; round += 1) {
    const { connectionsTotal } = proxy;
    proxy.flipBit("toTarget");
    await client.kv.put(`flip/${round}`, "x".repeat(500));
    await until("a new connection", () => (proxy.connectionsTotal > connectionsTotal ? true : undefined));
  }
  await cluster.waitForAgreement();
});

test("a deposed leader that nobody can tell so does not answer a read from its own memory (S118, S110, S111, H22)", { timeout: 120_000 }, async () => {
  const { cluster, hidden, proxy } = await clusterBehindProxy();
  const history = new History(() => performance.now());
  const direct = cluster.client({ endpoints: [hidden.endpoint] });
  const others = cluster.client({ endpoints: cluster.endpoints.filter((endpoint) => endpoint !== hidden.endpoint) });
  for (let round = 1; round <= 5; round += 1) {
    const key = `deposed/${round}`;
    if ((await cluster.leader()) !== hidden) await others.admin.call("leaderTransfer", { to: hidden.name, dryRun: false });
    const put = (value: string) => ({ process: "writer", key, operation: { kind: "put", value } }) as const;
    expect(await record(history, put("old"), direct)).toBe("ok");
    proxy.cut();
    hidden.pause();
    await until("write on the majority", async () => ((await record(history, put("new"), others)) === "ok" ? true : undefined));
    const reads = Array.from({ length: 10 }, (_, reader) => record(history, { process: `r${reader}`, key, operation: { kind: "get" } }, direct));
    hidden.resume();
    await Promise.all(reads);
    proxy.mend();
    await cluster.waitForAgreement();
  }
  expectLinearizable(history, 10);
});

test("a node that nobody can reach and that comes back does not depose the leader (H4, H5, S18)", { timeout: 120_000 }, async () => {
  const { cluster, hidden, proxy } = await clusterBehindProxy();
  const leader = await cluster.leader();
  if (leader === hidden) await cluster.raftctl(["leader", "transfer", "n1", "--endpoint", leader.endpoint]);
  const steady = await cluster.leader();
  const { term } = await steady.region();
  const client = cluster.client({ endpoints: [steady.endpoint] });
  for (let round = 1; round <= 5; round += 1) {
    proxy.cut();
    await cluster.waitFor("a follower that has lost its leader", (report) => report.leader === null, [hidden]);
    await client.kv.put(`cut/${round}`, "x");
    proxy.mend();
    await cluster.waitForAgreement();
  }
  expect((await steady.region()).term).toBe(term);
});
