// A source that is not built in: nodes in a key-value store, through the same interface as all others.

import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../../src/client/client.ts";
import { createCluster, type Cluster } from "../../../src/daemon/cluster.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { KeyValueDiscovery } from "./key-value-discovery.ts";
import { Observer } from "./observer.ts";

let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  cluster = await createCluster({ nodes: 1 });
  client = new Client({ endpoints: cluster.endpoints });
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

const open = (prefix: string): KeyValueDiscovery => new KeyValueDiscovery({ client, prefix, clock: new SystemClock(), intervalMs: 20 });

test("a provider over a key-value store says what is there, and what comes and goes, as the built-in ones do (S17, S70)", async () => {
  await client.kv.put("nodes/10.0.0.1:7401", "global");
  await client.kv.put("nodes/10.0.0.2:7401", "");
  const discovery = open("nodes/");
  expect(await discovery.lookup()).toEqual([{ address: "10.0.0.1:7401", regions: ["global"] }, { address: "10.0.0.2:7401", regions: undefined }]);
  const observer = new Observer();
  const watch = discovery.watch(observer);
  await observer.until(() => observer.present.length === 2);
  await client.kv.put("nodes/10.0.0.3:7401", "");
  await client.kv.delete("nodes/10.0.0.1:7401");
  await observer.until(() => observer.present.join() === "10.0.0.2:7401,10.0.0.3:7401");
  await watch.close();
  expect(observer.failures).toEqual([]);
});

test("what is wrong in a key is said with its place, and a store that is not there is a failure, not an empty list (S17, S91)", async () => {
  await client.kv.put("wrong/nonsense", "");
  await expect(open("wrong/").lookup()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("kv:wrong/, entry 1") as string });
  const nobody = new Client({ endpoints: ["127.0.0.1:1"], timeoutMs: 300 });
  await expect(new KeyValueDiscovery({ client: nobody, prefix: "nodes/", clock: new SystemClock(), intervalMs: 20 }).lookup()).rejects.toMatchObject({ code: "UNREACHABLE" });
  nobody.close();
});
