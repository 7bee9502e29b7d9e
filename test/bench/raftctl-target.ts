// raftctl under load: three real daemons with fsync, and a client that does no more than it must: eight connections to the leader, commands encoded
// once per put, no session, no retry.

import { encodeCommand } from "../../src/wire/command.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { TestCluster } from "../e2e/support/cluster.ts";
import type { Target } from "./load.ts";
import { keyCount, keyOf, value } from "./workload.ts";

const connectionsMax = 8;
const timeoutMs = 10_000;

export async function startRaftctl(): Promise<Target> {
  const cluster = await TestCluster.start({ nodes: 3, settings: { log: { level: "warn" } } });
  const leader = await cluster.leader();
  const clock = new SystemClock();
  const connections = await Promise.all(Array.from({ length: connectionsMax }, () =>
    RequestConnection.connect({ host: "127.0.0.1", port: leader.place.clientPort }, { clock, clientName: "bench", timeoutMs })));
  const write = async (lane: number, key: Uint8Array, content: Uint8Array): Promise<void> => {
    const command = encodeCommand({ operation: "put", key, value: content, wantPrevious: false });
    await connections[lane % connectionsMax]!.call({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs, command }, timeoutMs);
  };
  let next = 0;
  const nextKey = (): Uint8Array => keyOf((next += 7919) % keyCount);
  for (let number = 0; number < keyCount; number += 200) {
    await Promise.all(Array.from({ length: 200 }, (_, offset) => write(offset, keyOf(number + offset), value)));
  }
  return {
    name: "raftctl",
    put: (lane) => write(lane, nextKey(), value),
    write,
    backUp: async (file) => {
      const { exit, stdout } = await cluster.raftctl(["snapshot", "--output", file, "--endpoint", leader.endpoint]);
      if (exit !== 0) throw new Error(stdout);
    },
    get: async (lane) => {
      const response = await connections[lane % connectionsMax]!.call({
        operation: "get", region: globalRegion, key: nextKey(), consistency: "linearizable", minIndex: undefined, maxLagMs: undefined, timeoutMs,
      }, timeoutMs);
      if (response.operation !== "read" || response.records[0]?.value.length !== value.length) throw new Error("another answer than the value that was put");
    },
    cpuSeconds: async () => (await Promise.all(cluster.nodes.map((node) => node.cpuSeconds()))).reduce((sum, seconds) => sum + seconds, 0),
    stop: async () => {
      for (const connection of connections) connection.close();
      await cluster.stop();
    },
  };
}
