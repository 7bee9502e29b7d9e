// A backup from beginning to end: written while clients write, proved by a rehearsal, and restored into a node and into three, which then hold what was
// acknowledged before it began, and go on.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import type { TestCluster } from "./support/cluster.ts";
import type { DaemonProcess } from "./support/daemon-process.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

const keyCount = 2_000;
const keyOf = (number: number): string => `data/${String(number).padStart(5, "0")}`;
const valueOf = (number: number): string => `value ${number} ${"x".repeat(number % 300)}`;

async function fill(client: Client): Promise<void> {
  for (let begin = 0; begin < keyCount; begin += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, place) => client.kv.put(keyOf(begin + place), valueOf(begin + place))));
  }
}

async function expectAllKeys(client: Client): Promise<void> {
  const found = new Map<string, string>();
  for (let begin = 0; begin < keyCount; begin += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, place) => client.kv.get(keyOf(begin + place))));
    answers.forEach(({ records }, place) => found.set(keyOf(begin + place), new TextDecoder().decode(records[0]?.value)));
  }
  expect(found.size).toBe(keyCount);
  for (let number = 0; number < keyCount; number += 1) expect(found.get(keyOf(number))).toBe(valueOf(number));
}

/** Writes until it is told to stop; answers how many were acknowledged, and calls back after each. */
function write(client: Client, onWritten: (count: number) => void): () => Promise<number> {
  let stopped = false;
  const loop = (async (): Promise<number> => {
    let count = 0;
    for (; !stopped; count += 1) {
      await client.kv.put("meanwhile", String(count));
      onWritten(count + 1);
    }
    return count;
  })();
  return () => ((stopped = true), loop);
}

async function restored(cluster: TestCluster, file: string, nodes: readonly DaemonProcess[], more: readonly string[] = []): Promise<string[]> {
  const members = nodes.map((node) => `${node.name}=${node.peerAddress}`).join(",");
  const clusterIds: string[] = [];
  for (const node of nodes) {
    const flags = nodes.length === 1 ? [] : ["--members", members];
    const printed = await cluster.raftctl(["snapshot", "restore", file, ...cluster.identityFlags(node), "--config", node.configFile, ...flags, ...more, "--json"]);
    expect(printed.exit, printed.stdout).toBe(0);
    clusterIds.push(String(printed.json?.result?.["clusterId"]));
  }
  await Promise.all(nodes.map((node) => node.start()));
  await cluster.waitFor("a leader and all members at their addresses", (report) => report.leader !== null && nodes.every((node) => report.members.some(({ name, clientAddress }) => name === node.name && clientAddress === node.endpoint)), [...nodes]);
  return clusterIds;
}

test("a backup that was written under writes starts, and one node or three are restored from it with every key (N13, S114, H36)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  await fill(cluster.client());
  const file = join(cluster.home, "backup.raftbak");
  let acknowledged = 0;
  const stopWriting = write(cluster.client(), (count) => (acknowledged = count));
  const before = await until("writes that are under way", () => (acknowledged > 20 ? acknowledged : undefined));
  const follower = await cluster.follower();
  const backup = await cluster.raftctl(["snapshot", "--output", file, "--endpoint", follower.endpoint, "--verify", "--json"]);
  expect(backup.exit, backup.stdout).toBe(0);
  expect(await stopWriting()).toBeGreaterThan(before);
  const { sha256, lastIndex } = backup.json!.result as { sha256: string; lastIndex: string };
  expect(createHash("sha256").update(await readFile(file)).digest("hex")).toBe(sha256);

  const rehearsed = await cluster.raftctl(["snapshot", "verify", file, "--rehearse", "--exec", `test -S "$RAFTCTL_SOCKET"`, "--json"]);
  expect([rehearsed.exit, rehearsed.json?.result?.["rehearsal"]], rehearsed.stdout).toEqual([0, expect.objectContaining({ sameState: true, exitCode: 0 })]);

  const alone = await cluster.newNode();
  await restored(cluster, file, [alone]);
  const soloClient = cluster.client({ endpoints: [alone.endpoint] });
  await expectAllKeys(soloClient);
  const meanwhile = Number(new TextDecoder().decode((await soloClient.kv.get("meanwhile")).records[0]?.value));
  expect(meanwhile + 1).toBeGreaterThanOrEqual(before);

  const three = [await cluster.newNode(), await cluster.newNode(), await cluster.newNode()];
  const clusterIds = await restored(cluster, file, three, ["--bump-index", "100000"]);
  const original = (await follower.status()).clusterId;
  expect([new Set(clusterIds).size, clusterIds.includes(original)]).toEqual([1, false]);
  const client = cluster.client({ endpoints: three.map((node) => node.endpoint) });
  await expectAllKeys(client);
  await client.kv.put("after", "restore");
  const [first, ...others] = (await client.kv.range({ start: "b", limit: 50, keysOnly: true })).records;
  await client.kv.put(first!.key, "spoilt");
  await Promise.all(others.map(({ key }) => client.kv.delete(key)));
  const into = await cluster.raftctl(["snapshot", "restore", file, "--into-cluster", "--yes", "--endpoint", three[0]!.endpoint, "--json"]);
  expect([into.exit, into.json?.result], into.stdout).toEqual([0, expect.objectContaining({ applied: true, put: 50, deleted: 1 })]);
  await expectAllKeys(client);
  await client.kv.put("after", "restore");
  expect((await client.kv.get("after")).index).toBeGreaterThan(Number(lastIndex) + 100_000);
  await three[0]!.kill9();
  const members = three.map((node) => `${node.name}=${node.peerAddress}`).join(",");
  const second = ["snapshot", "restore", file, "--name", three[0]!.name, "--data-dir", join(cluster.home, "second"), "--members", members, "--bump-index", "100000", "--json"];
  const again = await cluster.raftctl(second);
  expect([again.exit, again.json?.error?.message], again.stdout).toEqual([9, expect.stringContaining("must be replaced (raftctl member replace)")]);
  expect((await cluster.raftctl([...second, "--dry-run"])).json?.result?.["running"]).toEqual([three[1]!.name, three[2]!.name]);
  await expectAllKeys(cluster.client({ endpoints: [three[1]!.endpoint, three[2]!.endpoint] }));
  await three[0]!.start();
  await cluster.waitFor("all three up to date", ({ lag }) => lag === 0, three);
});

test("files of two members at one index are equal byte for byte, and a restored node is not heard by the cluster that it came from (N13, S114)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  for (let key = 0; key < 50; key += 1) await cluster.client().kv.put(`k${key}`, "v".repeat(50_000));
  await cluster.waitForAgreement();
  const files: Buffer[] = [];
  for (const from of ["n1", "n2", "n3"]) {
    const path = join(cluster.home, `${from}.raftbak`);
    const printed = await cluster.raftctl(["snapshot", "--output", path, "--from", from, "--endpoint", cluster.endpoints[0]!, "--json"]);
    expect(printed.exit, printed.stdout).toBe(0);
    files.push(await readFile(path));
  }
  expect([files[0]!.equals(files[1]!), files[0]!.equals(files[2]!)]).toEqual([true, true]);
  expect(files[0]!.length).toBeGreaterThan(2 * 1024 * 1024);

  const [victim, ...others] = cluster.nodes;
  await victim!.kill9();
  const stranger = await cluster.newNode();
  await restored(cluster, join(cluster.home, "n1.raftbak"), [stranger]);
  await cluster.client({ endpoints: [stranger.endpoint] }).kv.put("mine", "alone");
  const { records } = await cluster.client({ endpoints: others.map((node) => node.endpoint) }).kv.get("mine");
  expect(records).toEqual([]);
});
