// The load of `check perf` on real daemons: spread over all of them, and over the death of the leader.

import { expect, test } from "vitest";
import { startCluster } from "./support/start-cluster.ts";
import { fast } from "./support/settings.ts";
import { until } from "./support/until.ts";

interface Result {
  readonly verdict: string;
  readonly answered: number;
  readonly notSent: number;
  readonly cleaned: boolean;
  readonly latency: { readonly count: number; readonly slowestMs: number };
  readonly criteria: readonly { readonly name: string; readonly met: boolean }[];
}

test("a load goes on over the death of the leader: the time without one is in the latency of all that arrived meanwhile, and no key is left (H1)", { timeout: 60_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const endpoints = cluster.endpoints.flatMap((endpoint) => ["--endpoint", endpoint]);
  const checking = cluster.raftctl(["check", "perf", "--rate", "100", "--duration", "5s", "--read-ratio", "0.5", "--keys", "50", "--json", ...endpoints]);
  const client = cluster.client();
  const keys = async (): Promise<number> => (await client.kv.prefix("raftctl/check/", { countOnly: true })).count;
  await until("all keys of the load", async () => ((await keys()) >= 50 ? true : undefined));
  const leader = await cluster.leader();
  const { term } = await leader.region();
  await leader.kill9();
  const successor = await cluster.leader();
  expect((await successor.region()).term).toBeGreaterThan(term);
  const { exit, json } = await checking;
  expect([0, 11]).toContain(exit);
  const result = json!.result as unknown as Result;
  expect(result.cleaned).toBe(true);
  // Arrivals are never thinned out by slow answers: at 100 a second, tens of them came while nobody led.
  expect(result.answered).toBeGreaterThan(200);
  expect(result.latency.slowestMs).toBeGreaterThan(100);
  expect(await keys()).toBe(0);
});
