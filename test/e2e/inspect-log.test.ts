// The logs of a real cluster, looked at while it runs and after it was killed, and compared: what is the same, what is legal, and what must never be.

import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { crc32 } from "../../src/platform/crc32.ts";
import { NodeDisk } from "../../src/platform/node-disk.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { layout, readIdentity } from "../../src/storage/data-dir.ts";
import { Wal } from "../../src/storage/wal/wal.ts";
import type { ComparisonDocument } from "../../src/cli/inspect-log/comparison-document.ts";
import type { EntryDocument } from "../../src/cli/inspect-log/documents.ts";
import type { ListingDocument } from "../../src/cli/inspect-log/inspection.ts";
import type { TestCluster } from "./support/cluster.ts";
import type { Printed } from "./support/command-line.ts";
import type { DaemonProcess } from "./support/daemon-process.ts";
import { fast, smallLog } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";

function ask(cluster: TestCluster, node: DaemonProcess | undefined, ...words: string[]): Promise<Printed> {
  const target = node === undefined ? [] : ["--endpoint", node.endpoint];
  return cluster.raftctl(["inspect-log", ...words, ...target, "--json"]);
}

async function compare(cluster: TestCluster, node: DaemonProcess | undefined, ...words: string[]): Promise<{ exit: number; document: ComparisonDocument }> {
  const { exit, json, stdout } = await ask(cluster, node, "diff", ...words);
  expect(json?.result, stdout).toBeDefined();
  return { exit, document: json!.result as unknown as ComparisonDocument };
}

function listing(printed: Printed): ListingDocument {
  return printed.json!.result as unknown as ListingDocument;
}

function shown(entries: readonly EntryDocument[]): unknown {
  return entries.map(({ committed: _known, ...entry }) => entry);
}

async function copyOf(node: DaemonProcess, target: string): Promise<string> {
  await cp(node.dataDir, target, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  return target;
}

/** As a bug would: another entry at an index that this node has committed. */
async function rewriteCommitted(directory: string, index: number, term: number): Promise<void> {
  const identity = await readIdentity(new NodeDisk(), directory, crc32);
  const wal = await Wal.open({
    ...identity!, disk: new NodeDisk(), directory: layout.wal(directory), crc32, clock: new SystemClock(), logger: silentLogger,
    segmentBytes: 64 * 1024, batchBytesMax: 1024 * 1024, idleMarkMs: 20, freeBytesMin: 0, onFatal: (error) => { throw error; },
  });
  await wal.append([
    { kind: "entries", region: globalRegion, entries: [{ index, term, type: entryTypes.noop, data: new Uint8Array(0) }] },
    { kind: "hardState", region: globalRegion, hardState: { currentTerm: term, votedFor: undefined, commitIndex: index } },
  ]);
  await wal.close();
}

test("running nodes and stopped directories show one log; a stopped node is behind, an isolated leader's tail is legal, a changed commit and a flipped bit are not (N2, PRODUCT rows 6 and 16)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  for (let key = 0; key < 30; key += 1) await cluster.client().kv.put(`app/k${key}`, `v${key}`);
  await cluster.waitForAgreement();
  const leader = await cluster.leader();
  const [second, third] = cluster.nodes.filter((node) => node !== leader) as [DaemonProcess, DaemonProcess];

  const same = await compare(cluster, second);
  expect([same.exit, same.document.verdict, same.document.logs.map(({ name, source }) => [name, source])]).toEqual([0, "identical", ["n1", "n2", "n3"].map((name) => [name, "live"])]);
  const lists = await Promise.all([
    ask(cluster, second), ask(cluster, second, "--node", third.name), ask(cluster, undefined, "--data-dir", third.dataDir), ask(cluster, undefined, "--data-dir", leader.dataDir),
  ]);
  for (const list of lists) expect(shown(listing(list).entries), list.stdout).toEqual(shown(listing(lists[0]).entries));
  expect(listing(lists[0]).entries.filter(({ command }) => command?.op === "put").map(({ command }) => command!.key)).toEqual(Array.from({ length: 30 }, (_, key) => `app/k${key}`));
  expect((await compare(cluster, second, "--node", "n1,n2", ...cluster.nodes.flatMap((node) => ["--data-dir", node.dataDir]))).document.verdict).toBe("identical");

  // One node away: it is behind.
  await third.kill9();
  await cluster.client().kv.put("app/later", "1");
  const behind = await compare(cluster, second, "--node", leader.name, "--data-dir", third.dataDir);
  expect([behind.exit, behind.document.verdict]).toEqual([12, "missing-tail"]);
  expect(behind.document.firstDifference).toMatchObject({ held: expect.arrayContaining([expect.objectContaining({ nodes: [leader.name] })]) });

  // A leader alone: its entry is never committed, and the others decide something else at that index.
  const { kv } = cluster.client({ endpoints: [leader.endpoint], timeoutMs: 1_000 });
  await kv.get("app/later");
  await second.kill9();
  // Before it has noticed that it is alone, and steps down.
  await expect(kv.put("app/alone", "lost")).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
  await leader.kill9();
  expect(listing(await ask(cluster, undefined, "--data-dir", leader.dataDir, "--last", "1")).entries).toMatchObject([{ committed: null, command: { key: "app/alone" } }]);
  await Promise.all([second.start(), third.start()]);
  await cluster.leader({ timeoutMs: 30_000 });
  for (let key = 0; key < 5; key += 1) await cluster.client({ endpoints: [second.endpoint] }).kv.put(`app/new${key}`, "1");
  const parted = await compare(cluster, second, "--node", `${second.name},${third.name}`, "--data-dir", leader.dataDir);
  expect([parted.exit, parted.document.verdict], JSON.stringify(parted.document.firstDifference)).toEqual([12, "uncommitted-divergence"]);
  expect(parted.document.firstDifference).toMatchObject({ majority: [second.name, third.name], committedOn: [second.name, third.name] });
  expect(parted.document.firstDifference!.held[1]).toMatchObject({ nodes: [leader.name], entry: { command: { key: "app/alone" } } });

  // Both have committed at one index, and not the same.
  const index = Number(parted.document.firstDifference!.index);
  const wrong = await copyOf(leader, join(cluster.home, "wrong"));
  await rewriteCommitted(wrong, index - 2, 9);
  const contradiction = await compare(cluster, second, "--node", second.name, "--data-dir", wrong);
  expect([contradiction.exit, contradiction.document.verdict, contradiction.document.firstDifference?.index]).toEqual([13, "committed-divergence", String(index - 2)]);

  // A bit that has rotted.
  const rotten = await copyOf(leader, join(cluster.home, "rotten"));
  const [, name] = (await readdir(join(rotten, "wal"))).toSorted();
  const bytes = await readFile(join(rotten, "wal", name!));
  bytes[bytes.indexOf("app/k17")]! ^= 4;
  await writeFile(join(rotten, "wal", name!), bytes);
  expect(await compare(cluster, second, "--node", second.name, "--data-dir", rotten)).toMatchObject({ exit: 13, document: { verdict: "damage" } });
  const verified = await ask(cluster, undefined, "verify", "--data-dir", rotten);
  expect([verified.exit, verified.json?.result]).toEqual([13, expect.objectContaining({ sound: false, damages: [expect.objectContaining({ file: join(rotten, "wal", name!) })] })]);
  expect((await ask(cluster, undefined, "verify", "--data-dir", leader.dataDir)).exit).toBe(0);

  // The old leader comes back, and gives way.
  await leader.start();
  await cluster.waitForAgreement({ timeoutMs: 30_000 });
  expect(await compare(cluster, second)).toMatchObject({ exit: 0, document: { verdict: "identical" } });
  const blamed = await ask(cluster, second, "blame", "app/alone");
  expect([blamed.exit, blamed.json?.error?.code]).toEqual([4, "NOT_FOUND"]);
});

test("logs that were compacted at different places are compared where they overlap, and under writes nothing is taken for a fault (N2)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: smallLog });
  let isWriting = true;
  const writing = (async () => {
    for (let key = 0; isWriting; key += 1) await cluster.client().kv.put(`load/${key % 50}`, "x".repeat(8_000));
  })();
  const verdicts = new Set<string>();
  try {
    for (let round = 0; round < 8; round += 1) {
      const { exit, document } = await compare(cluster, cluster.nodes[round % 3], ...(round % 2 === 0 ? [] : cluster.nodes.flatMap((node) => ["--data-dir", node.dataDir])));
      verdicts.add(document.verdict);
      expect([0, 12], JSON.stringify(document)).toContain(exit);
      for (const node of cluster.nodes) expect((await ask(cluster, undefined, "verify", "--data-dir", node.dataDir)).exit).toBe(0);
    }
  } finally {
    isWriting = false;
    await writing;
  }
  expect([...verdicts].filter((verdict) => !["identical", "missing-tail", "uncommitted-divergence"].includes(verdict))).toEqual([]);
  await cluster.waitForAgreement();
  const end = await compare(cluster, cluster.nodes[0], ...cluster.nodes.flatMap((node) => ["--node", node.name, "--data-dir", node.dataDir]));
  expect([end.exit, end.document.verdict], JSON.stringify(end.document.pairs)).toEqual([0, "identical"]);
  expect(Number(end.document.logs[0]!.firstIndex)).toBeGreaterThan(1);
});
