// How long no put succeeds when the leader is killed: from the kill to the answer of the first put that was sent behind it, to whichever survivor. Both
// stores wait 1 s for a leader that is silent and hear from it each 100 ms, which are their defaults.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../e2e/support/until.ts";
import { atMost } from "../figure.ts";
import { spreadOf } from "../statistics.ts";
import type { Suite } from "../suite.ts";
import type { BenchNode, Target } from "../target.ts";
import { keyOf, value } from "../workload.ts";

/** A put that hangs must not hide that another would succeed. */
const putTimeoutMs = 250;
const pauseMs = 5;
const patienceMs = 30_000;

export const failover: Suite = {
  name: "failover", about: "the leader is killed under writes", stores: "both",
  steps: () => [{
    title: "the leader is killed",
    figures: [{ id: "failover.ms", title: "leader killed: time without a successful put", unit: "ms", better: "lower", goal: atMost(1) }],
    run: async ({ target }, { leaderKills }) => {
      const gaps: number[] = [];
      while (gaps.length < leaderKills) gaps.push(await gapOfKill(target));
      return { "failover.ms": spreadOf(gaps).median };
    },
  }],
};

async function gapOfKill(target: Target): Promise<number> {
  const leader = await target.leader();
  const survivors = target.nodes.filter((node) => node !== leader);
  const ending = new AbortController();
  const killedMs = performance.now();
  await leader.kill9();
  const answeredMs = await Promise.any(survivors.map((node) => firstPutAt(target, node, ending.signal))).finally(() => ending.abort());
  await leader.start();
  await until("leader that all follow", () => allServe(target), { timeoutMs: patienceMs });
  return answeredMs - killedMs;
}

/** When the first put was answered, of those that are sent one after the other from now on. */
async function firstPutAt(target: Target, node: BenchNode, signal: AbortSignal): Promise<number> {
  const giveUpMs = performance.now() + patienceMs;
  for (let number = 0; !signal.aborted && performance.now() < giveUpMs; number += 1) {
    const connections = await target.connect(1, [node]);
    try {
      await Promise.race([connections.put(0, keyOf(number), value), sleep(putTimeoutMs).then(() => Promise.reject(new Error("no answer in time")))]);
      return performance.now();
    } catch {
      await sleep(pauseMs);
    } finally {
      connections.close();
    }
  }
  throw new Error(`no put succeeded on ${node.name} within ${patienceMs} ms`);
}

async function allServe(target: Target): Promise<true> {
  const connections = await target.connect(target.nodes.length, target.nodes);
  await Promise.all(target.nodes.map((_, lane) => connections.put(lane, keyOf(lane), value))).finally(() => connections.close());
  return true;
}
