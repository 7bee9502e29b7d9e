// The whole of it at once: the clients of `check linearizability` at work on keys, pairs and keys of leases while the leader is killed, paused and cut off, and
// nobody is told anything that one store could not have said (docs/linearizability.md).

import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import type { CheckDocument } from "../../src/cli/check/check-document.ts";
import type { TestCluster } from "./support/cluster.ts";
import { Faults, faultKinds } from "./support/faults.ts";
import { Links } from "./support/links.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

/** Faults on each cluster. More with RAFTCTL_ROUNDS=200; the same ones again with RAFTCTL_SEED, which is printed. */
const rounds = Number(process.env["RAFTCTL_ROUNDS"] ?? faultKinds.length);
const seed = Number(process.env["RAFTCTL_SEED"] ?? Date.now() % 1_000_000);
/** A check slows down when its history grows long, and then another one goes on. */
const roundsPerCheck = 25;
const roundMsMax = 20_000;

test.each([3, 5])("on %i nodes whose leader is killed, paused and cut off, keys, pairs and keys of leases stay linearizable (N6, S1, S40, S118, S110, H1, H20, H24, H25, K3)", {
  timeout: 60_000 + rounds * roundMsMax,
}, async (nodes) => {
  const links = new Links();
  onTestFinished(() => links.stop());
  const cluster = await startCluster({ nodes, settings: fast, links });
  const faults = new Faults({ cluster, links, prng: new Prng(seed) });
  const total = new Map<string, number>();
  for (let done = 0; done < rounds; done += roundsPerCheck) {
    const result = await checked(cluster, faults, Math.min(roundsPerCheck, rounds - done));
    for (const [name, count] of countsOf(result)) total.set(name, (total.get(name) ?? 0) + count);
  }
  process.stdout.write(`${nodes} nodes, seed ${seed}: ${JSON.stringify({ faults: faults.counts, ...Object.fromEntries(total) })}\n`);
  for (const name of ["get", "put", "cas", "delete", "transactions", "leased", "expiries"]) expect(total.get(name), name).toBeGreaterThan(0);
});

/** A check that lasts as long as the faults do. */
async function checked(cluster: TestCluster, faults: Faults, count: number): Promise<CheckDocument> {
  const end = join(cluster.home, `end-${faults.total}`);
  const endpoints = cluster.endpoints.flatMap((endpoint) => ["--endpoint", endpoint]);
  const args = ["check", "linearizability", "--clients", "6", "--timeout", "1s", "--json", ...endpoints, "--during", `until [ -e '${end}' ]; do sleep 0.1; done`];
  const checking = cluster.raftctl(args, { timeoutMs: 60_000 + count * roundMsMax });
  await until("keys of the check", async () => ((await cluster.client().kv.prefix("raftctl/check/", { countOnly: true })).count > 0 ? true : undefined), { timeoutMs: 60_000 });
  try {
    await faults.strike(count);
  } finally {
    await writeFile(end, "");
  }
  const { exit, json, stdout, stderr } = await checking;
  expect(exit, `seed ${seed}: ${stdout}${stderr}`).toBe(0);
  const result = json!.result as unknown as CheckDocument;
  expect(result).toMatchObject({ verdict: "linearizable", cleaned: true });
  return result;
}

/** What was acknowledged, by kind, and what was not. */
function countsOf({ durationMs, checkMs, operations, unknown, failed, resolved, kinds, transactions, leased, expiries }: CheckDocument): Map<string, number> {
  const acknowledged = Object.entries({ ...kinds, transactions, leased }).map(([name, count]) => [name, count.acknowledged] as const);
  return new Map([...acknowledged, ...Object.entries({ durationMs, checkMs, operations, unknown, failed, resolved: resolved ?? 0, expiries })]);
}
