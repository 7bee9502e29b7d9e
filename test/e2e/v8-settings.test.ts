// That a daemon is run with the settings whose effect test/daemon/v8-settings.test.ts shows.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCluster } from "./support/start-cluster.ts";

test("a daemon tells V8 how to collect and when to optimize before it serves (S49)", { timeout: 60_000 }, async () => {
  const cluster = await startCluster({ nodes: 1, nodeFlags: ["--import", join(import.meta.dirname, "support", "v8-probe.mjs")] });
  const told = (await readFile(cluster.nodes[0]!.logFile, "utf8")).split("\n").filter((line) => line.startsWith("v8 was told"));
  expect(told).toHaveLength(process.versions.v8.startsWith("13.") ? 3 : 0);
});
