// Watches over a whole cluster in this process: a node that stops, one that comes back, one that is installed from a snapshot, one whose state is gone.

import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { toRaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import { dial } from "../../src/client/dial.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { startCluster } from "./support/cluster.ts";

test("every node tells the same changes, in the same order, whoever leads; nobody is told what is not applied", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3);
  const writer = fixture.client(fixture.leader());
  const { index } = await writer.kv.put("begin", "");
  const told = fixture.cluster.nodes.map(async (node) => {
    const events: string[] = [];
    for await (const event of fixture.client(node).watch({ prefix: "k" }, { fromIndex: index })) {
      events.push(`${event.index} ${event.kind} ${utf8Text(event.key)} ${utf8Text(event.value)} ${event.version} ${event.createIndex}`);
      if (utf8Text(event.key) === "k/end") break;
    }
    return events;
  });
  await Promise.all(Array.from({ length: 100 }, (_, number) => writer.kv.put(`k/${number % 10}`, `${number}`)));
  await writer.kv.deletePrefix("k/");
  await fixture.leader().region.raft.transferLeadership(undefined);
  await writer.kv.put("other", "x");
  await writer.kv.put("k/end", "x");
  const [first, ...others] = await Promise.all(told);
  expect(first).toHaveLength(100 + 10 + 1);
  for (const other of others) expect(other).toEqual(first);
});

test("a node that stops lets those who wait go at once, with an error that another node may be asked", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  const channel = await dial({ endpoint: node!.clientAddress }, 1_000, new AbortController().signal);
  const request = {
    operation: "watch", region: globalRegion, start: undefined, end: undefined, fromIndex: 1_000_000, waitMs: 60_000, eventsMax: 1, bytesMax: 1, puts: true, deletes: true, keysOnly: false,
  } as const;
  const asked = channel.call(request, 60_000).then(() => undefined, toRaftctlError);
  // Answered behind the watch: it waits by now.
  await fixture.client(node!).kv.get("k");
  await channel.call({ operation: "get", region: globalRegion, key: Buffer.from("k"), consistency: "stale", minIndex: undefined, maxLagMs: undefined, timeoutMs: 1_000 }, 1_000);
  const began = performance.now();
  await node!.stop({ transfer: false, drainMs: 20_000 });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await asked).toMatchObject({ code: "STOPPED", retryable: true });
});

test("what the log has been compacted of is COMPACTED on that node; a client that knows another node asks there", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3, { "compaction.trailingEntries": "0" });
  const [compacted, other] = [fixture.leader(), fixture.followers()[0]!];
  const client = fixture.client(compacted);
  const { index } = await client.kv.put("k", "1");
  for (let number = 2; number <= 20; number += 1) await client.kv.put("k", `${number}`);
  await compacted.region.raft.takeSnapshot(0);
  await client.kv.put("k", "21");
  const refused = await client.watch({ key: "k" }, { fromIndex: index }).batches().next().then(() => undefined, toRaftctlError);
  expect(refused).toMatchObject({ code: "COMPACTED", details: { fromIndex: String(index) } });
  const firstRetained = Number(refused!.details!["firstRetained"]);
  expect(firstRetained).toBeGreaterThan(index + 19);
  const { value } = await client.watch({ key: "k" }, { fromIndex: firstRetained }).batches().next();
  expect(value!.events.map((event) => utf8Text(event.value))).toEqual(["21"]);
  const both = new Client({ endpoints: [compacted.clientAddress, other.clientAddress], timeoutMs: 5_000 });
  const versions: number[] = [];
  for await (const { version } of both.watch({ key: "k" }, { fromIndex: index })) {
    versions.push(version);
    if (version === 21) break;
  }
  both.close();
  expect(versions).toEqual(Array.from({ length: 21 }, (_, place) => place + 1));
});
