// The library against real daemons, in one process: it goes on when the one that it talks to goes away.

import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { Client } from "../../src/client/client.ts";
import { createCluster } from "../../src/daemon/cluster.ts";

test("with the endpoints of all three nodes, writes and reads go on when the node that is talked to stops, each write once (S83, S109, S112)", async () => {
  const cluster = await createCluster({ nodes: 3 });
  try {
    using client = new Client({ endpoints: cluster.endpoints, timeoutMs: 15_000, clearUpMs: 15_000 });
    await client.kv.put("count", "0");
    const writing = Array.from({ length: 100 }, (_, at) => client.kv.put(`k${at}`, String(at)));
    const talkedTo = cluster.nodes.find((node) => node.region.raft.id === client.server!.nodeId)!;
    await talkedTo.stop({ transfer: false, drainMs: 0 });
    for (const { result } of await Promise.all(writing)) expect(result?.version).toBe(1);
    expect((await client.kv.prefix("k")).records).toHaveLength(100);
    expect(utf8Text((await client.kv.get("count")).record!.value)).toBe("0");
    expect(client.server!.nodeId).not.toBe(talkedTo.region.raft.id);
  } finally {
    await cluster.stop();
  }
}, 60_000);
