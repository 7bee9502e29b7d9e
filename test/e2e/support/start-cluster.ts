// A cluster for the test that calls this: stopped and removed when the test ends, however it ends. When it failed, the ends of the daemons' logs
// are printed first, because the directory is gone afterwards.

import { onTestFinished } from "vitest";
import { TestCluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster.ts";

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start(options);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") {
      for (const node of cluster.nodes) process.stderr.write(`--- end of the log of ${node.name}\n${await node.logTail()}\n`);
    }
    await cluster.stop();
  });
  return cluster;
}
