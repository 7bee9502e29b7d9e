// How long a follower takes from the start of its process until it answers a linearizable get, after many puts, and what memory it has then.

import { performance } from "node:perf_hooks";
import { until } from "../../e2e/support/until.ts";
import { atMost } from "../figure.ts";
import type { Suite } from "../suite.ts";
import { fill, keyCount, keyOf } from "../workload.ts";

const mebibyte = 1024 ** 2;
const patience = { timeoutMs: 120_000, everyMs: 5 };

export const restart: Suite = {
  name: "restart", about: "a follower is killed and started after 1,000,000 puts", stores: "both",
  prepare: ({ connections }, { putsBeforeRestart }) => fill(connections, putsBeforeRestart, keyCount),
  steps: ({ putsBeforeRestart }) => [{
    title: "restart of a follower",
    figures: [
      { id: "restart.ms", title: `restart to serving after ${putsBeforeRestart.toLocaleString("en")} puts`, unit: "ms", better: "lower", goal: atMost(0.5) },
      { id: "restart.rss", title: "resident memory then", unit: "MiB", better: "lower", goal: atMost(1) },
    ],
    run: async ({ target }) => {
      const leader = await target.leader();
      const follower = target.nodes.find((node) => node !== leader)!;
      await follower.kill9();
      const began = performance.now();
      await follower.start();
      await until(`get from ${follower.name}`, async () => {
        const connections = await target.connect(1, [follower]);
        return connections.get(0, keyOf(0), "linearizable").then(() => true).finally(() => connections.close());
      }, patience);
      return { "restart.ms": performance.now() - began, "restart.rss": (await follower.residentBytes()) / mebibyte };
    },
  }],
};
