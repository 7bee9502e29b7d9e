// What a changed configuration file changes in a daemon that runs.

import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

test("when to take snapshots is taken over while it runs; a file that is wrong changes nothing and is said (PRODUCT §1 row 1)", { timeout: 60_000 }, async () => {
  const cluster = await startCluster({ nodes: 1, settings: fast });
  const [node] = cluster.nodes;
  const client = cluster.client();
  const write = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) await client.kv.put(`k${number}`, "v");
  };
  const logged = (text: string): Promise<true> => until(`"${text}" in the log`, async () => ((await readFile(node!.logFile, "utf8")).includes(text) ? true : undefined));
  await write(20);
  expect((await node!.region()).snapshotIndex).toBe(0);
  await writeFile(node!.configFile, JSON.stringify({ ...fast, compaction: { entries: 0 } }));
  await logged("was not taken");
  await write(20);
  expect((await node!.region()).snapshotIndex).toBe(0);
  await writeFile(node!.configFile, JSON.stringify({ ...fast, compaction: { entries: 10 } }));
  await logged("the configuration was read again");
  await write(20);
  expect(await until("a snapshot", async () => ((await node!.region()).snapshotIndex > 40 ? true : undefined))).toBe(true);
});
