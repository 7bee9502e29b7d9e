// Real daemons under random membership commands, with kill -9 in between and writes all the time: the history is linearizable, nothing that was
// acknowledged is lost, and each dry run said what then happened.

import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { History } from "../../src/cli/check/history.ts";
import type { ConfigurationReport } from "../../src/wire/admin-protocol.ts";
import type { TestCluster } from "./support/cluster.ts";
import type { Printed } from "./support/command-line.ts";
import { expectLinearizable, expectNothingLost } from "./support/proof.ts";
import { smallLog } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { Traffic } from "./support/traffic.ts";

/** For a longer look: RAFTCTL_CHURN=100 npm test -- --project e2e test/e2e/member-churn.test.ts */
const sequences = Number(process.env["RAFTCTL_CHURN"] ?? 3);
const commands = 10;

async function ask(cluster: TestCluster, ...args: string[]) {
  return cluster.raftctl([...args, "--endpoint", (await cluster.leader()).endpoint, "--json"]);
}

async function names(cluster: TestCluster, role: "voter" | "learner"): Promise<string[]> {
  return (await (await cluster.leader()).region()).members.filter((member) => member.role === role).map(({ name }) => name);
}

/** Who decides. How many may fail depends on who is up, and one that was just started may be heard of in between. */
function configurations(printed: Printed): Pick<ConfigurationReport, "voters" | "learners" | "quorum">[] {
  const result = printed.json?.result as Record<"before" | "after", ConfigurationReport> | undefined;
  return [result!.before, result!.after].map(({ voters, learners, quorum }) => ({ voters, learners, quorum }));
}

/** Its dry run, the command, and that both say the same. A refusal changes nothing. */
async function change(cluster: TestCluster, ...args: string[]): Promise<void> {
  const dry = await ask(cluster, ...args, "--dry-run");
  const done = await ask(cluster, ...args, "--yes");
  expect([0, 6, 9], done.stdout).toContain(done.exit);
  if (done.exit !== 0) return;
  expect(configurations(dry)).toEqual(configurations(done));
  expect((await names(cluster, "voter")).toSorted()).toEqual(configurations(done)[1]!.voters.toSorted());
}

async function remove(cluster: TestCluster, name: string): Promise<void> {
  await change(cluster, "member", "remove", name);
  if (![...(await names(cluster, "voter")), ...(await names(cluster, "learner"))].includes(name)) await cluster.node(name).terminate();
}

async function anything(cluster: TestCluster, prng: Prng): Promise<void> {
  const pick = (from: readonly string[]): string => from[prng.integer(0, from.length - 1)]!;
  const [voters, learners] = [await names(cluster, "voter"), await names(cluster, "learner")];
  const kind = prng.integer(0, 4);
  if (kind === 0 || voters.length < 3) return void (await cluster.addNode());
  if (kind === 1 && learners.length > 0) return change(cluster, "member", "promote", pick(learners));
  if (kind === 2) return change(cluster, "member", "demote", pick(voters));
  if (kind === 3 && voters.length > 3) return remove(cluster, pick(voters));
  expect([0, 6]).toContain((await ask(cluster, "leader", "resign")).exit);
}

test.each(Array.from({ length: sequences }, (_, position) => position + 1))("random membership commands with kill -9 in between, under concurrent writes (N4, S24, S73, S84, seed %i)", { timeout: 240_000 }, async (seed) => {
  const cluster = await startCluster({ nodes: 3, settings: smallLog });
  const prng = new Prng(seed);
  const history = new History(() => performance.now());
  const traffic = new Traffic(cluster, history, { clients: 4, reads: 0.3, callTimeoutMs: 5_000 });
  traffic.start();
  for (let count = 0; count < commands; count += 1) {
    await anything(cluster, prng);
    if (prng.chance(0.5)) {
      const members = await names(cluster, "voter");
      const victim = cluster.nodes.find(({ name, isRunning }) => isRunning && members.includes(name) && prng.chance(0.5)) ?? (await cluster.leader());
      await victim.kill9();
      await victim.start();
      await cluster.leader();
    }
    await traffic.more(20);
  }
  await traffic.stop();
  expectLinearizable(history, 20 * commands);
  await expectNothingLost(cluster, history);
});
