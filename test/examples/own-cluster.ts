// A whole cluster for a test: three full nodes in this process, on free ports, gone at the end.
import { Client } from "raftctl";
import { createCluster } from "raftctl/cluster";

await using cluster = await createCluster({ nodes: 3 });
await using client = new Client({ endpoints: cluster.endpoints });

await client.kv.put("greeting", "hello");
await cluster.nodes[0]!.stop({ transfer: true, drainMs: 0 });
const { record } = await client.kv.get("greeting");
console.log(new TextDecoder().decode(record?.value));
