import { expect, test } from "vitest";
import { utf8Text } from "../../../src/base/bytes.ts";
import { entryDocument } from "../../../src/cli/inspect-log/documents.ts";
import { LiveLog } from "../../../src/cli/inspect-log/live-log.ts";
import { pageBytesMax, pageEntriesMax } from "../../../src/daemon/log-inspection/live-log.ts";
import { openLogDirectory } from "../../../src/daemon/offline.ts";
import { layout } from "../../../src/storage/data-dir.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";
import { startCluster } from "../support/cluster.ts";
import { within } from "./directories.ts";

function plain(entries: readonly LogEntry[]): unknown {
  return entries.map((entry) => ({ ...entryDocument(entry), committed: undefined }));
}

test("a running node and its directory beside it show the same log, while it writes (K5, N2)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const node = fixture.leader();
  const client = fixture.client(node);
  const dataDir = (await client.admin.call("daemonStatus", {})).dataDir;
  for (let key = 0; key < 50; key += 1) await client.kv.put(`app/k${key}`, `value ${key}`);
  await client.kv.delete("app/k3");
  let isWriting = true;
  const writing = (async () => {
    while (isWriting) await client.kv.put("busy", "x".repeat(500));
  })();
  try {
    for (let round = 0; round < 10; round += 1) {
      const live = await LiveLog.open(client, () => undefined);
      const beside = await openLogDirectory(dataDir, "global");
      expect(beside.header.damage).toBeNull();
      // What is not committed may stand in memory alone.
      const { firstIndex, commitIndex } = live.header;
      expect(beside.header.lastIndex).toBeGreaterThanOrEqual(commitIndex);
      expect(plain(await within(beside, firstIndex, commitIndex, "values"))).toEqual(plain(await within(live, firstIndex, commitIndex, "values")));
      await beside.close();
    }
  } finally {
    isWriting = false;
    await writing;
  }
});

test("a live header says how far the node is and names its segments", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const client = fixture.client(fixture.leader());
  await client.kv.put("a", "1");
  const header = await client.admin.call("logHeader", {});
  const { raft } = fixture.leader().region;
  expect(header).toMatchObject({
    source: "live", node: "n1", nodeId: raft.id, region: "global", firstIndex: 1, lastIndex: raft.core.lastIndex, commitIndex: raft.core.commitIndex, lastApplied: raft.core.lastApplied,
    hardState: { term: raft.core.currentTerm, vote: raft.id }, snapshots: [], damage: null,
  });
  expect(header.segments.map(({ file }) => file)).toContain("0000000000000001.wal");
});

test("pages are bounded in entries and in bytes, and follow one another without a gap", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1, { "wal.segmentBytes": "8MiB" });
  const client = fixture.client(fixture.leader(), 30_000);
  for (let first = 0; first < pageEntriesMax + 500; first += 500) await Promise.all(Array.from({ length: 500 }, (_, key) => client.kv.put(`k${first + key}`, "v")));
  // Where the payload is sent beside the key, both count.
  await Promise.all(Array.from({ length: 800 }, (_, key) => client.kv.put(`${key}`.padEnd(1_000, "k"), "")));
  for (const value of ["x".repeat(300_000), "y".repeat(300_000), "z".repeat(1_000_000)]) await client.kv.put("large", value);
  const live = await LiveLog.open(client, () => undefined);
  const pages: (readonly LogEntry[])[] = [];
  for (const content of ["values", "payload"] as const) {
    for await (const page of live.entries({ first: 1, last: live.header.lastIndex }, content)) pages.push(page);
  }
  for (const page of pages) {
    expect(page.length).toBeLessThanOrEqual(pageEntriesMax);
    expect(page.length === 1 || page.reduce((sum, { bytes }) => sum + bytes, 0) <= pageBytesMax).toBe(true);
  }
  const indexes = pages.flat().map(({ index }) => index);
  expect(indexes).toEqual([...indexes.slice(0, live.header.lastIndex), ...indexes.slice(0, live.header.lastIndex)]);
  expect(indexes[live.header.lastIndex - 1]).toBe(live.header.lastIndex);
});

test("what the node has compacted is refused with where its log begins; the directory has the same snapshot and the same entries behind it", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1, { "compaction.trailingEntries": "5", "compaction.trailingBytes": "64KiB" });
  const node = fixture.leader();
  const client = fixture.client(node);
  for (let key = 0; key < 40; key += 1) await client.kv.put(`k${key}`, "v".repeat(4_000));
  await node.region.raft.takeSnapshot();
  const until = Date.now() + 10_000;
  while (node.region.raft.core.snapshotIndex === 0 && Date.now() < until) await client.kv.put("more", "v");
  const live = await LiveLog.open(client, () => undefined);
  expect(live.header.firstIndex).toBeGreaterThan(1);
  expect(live.header.snapshots).toMatchObject([{ index: expect.any(Number), digest: expect.stringMatching(/^[0-9a-f]{8}$/) }]);
  await expect(within(live, 1, 3)).rejects.toMatchObject({ code: "NOT_FOUND", details: { firstIndex: String(live.header.firstIndex) } });
  const { dataDir } = await client.admin.call("daemonStatus", {});
  const beside = await openLogDirectory(dataDir, "global");
  const behind = live.header.snapshots[0]!.index + 1;
  expect(plain(await within(beside, behind, live.header.lastIndex))).toEqual(plain(await within(live, behind, live.header.lastIndex)));
  expect(beside.header.snapshots).toEqual(live.header.snapshots.map((snapshot) => ({ ...snapshot, file: expect.stringContaining(layout.snapshots(dataDir, 1 as never)) })));
  await beside.close();
});

test("a page waits for its first entry to be committed, and not longer than it was asked to", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const client = fixture.client(fixture.leader());
  const { commitIndex } = await client.admin.call("logHeader", {});
  const next = { first: commitIndex + 1, last: Number.MAX_SAFE_INTEGER, content: "values" as const };
  expect((await client.admin.call("logPage", { ...next, waitMs: 50 })).entries).toEqual([]);
  const waiting = client.admin.call("logPage", { ...next, waitMs: 4_000 });
  await client.kv.put("awaited", "now");
  const [first] = (await waiting).entries;
  expect(first).toMatchObject({ index: commitIndex + 1, committed: true });
  expect([first!.command!.key, first!.command!.value!.content!].map(utf8Text)).toEqual(["awaited", "now"]);
});

test("nonsense in a request is refused by name", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const client = fixture.client(fixture.leader());
  const request = { first: 1, last: 2, content: "sizes" as const, waitMs: 0 };
  for (const wrong of [{ first: -1 }, { last: 1.5 }, { content: "everything" }, { waitMs: 1e9 }, { more: 1 }]) {
    await expect(client.admin.call("logPage", { ...request, ...wrong } as typeof request)).rejects.toMatchObject({ code: "BAD_REQUEST", message: expect.stringContaining(Object.keys(wrong)[0]!) });
  }
  expect((await client.admin.call("logPage", { ...request, first: 0, last: 0 })).entries).toEqual([]);
});

test("the leader adds the time at which it takes a write in, and to nothing else (N12)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const client = fixture.client(fixture.leader());
  const before = Date.now();
  const { index } = await client.kv.put("key", "value");
  const { entries } = await client.admin.call("logPage", { first: 1, last: index, content: "sizes", waitMs: 0 });
  const { time } = entries.at(-1)!;
  expect([time! >= before, time! <= Date.now()]).toEqual([true, true]);
  expect(entries.filter(({ type }) => type !== "command").map((entry) => entry.time)).toEqual(entries.filter(({ type }) => type !== "command").map(() => null));
});
