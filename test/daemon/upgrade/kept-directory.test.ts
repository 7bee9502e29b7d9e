// A data directory and a backup that an earlier version has written: this one opens both (PRODUCT §1 row 5), and what cannot be opened is left as it was.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { utf8Text } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { compareFiles } from "../../../src/daemon/backup/difference.ts";
import { inspectFile } from "../../../src/daemon/backup/inspection.ts";
import { openLogDirectory, verifyDataDirectory } from "../../../src/daemon/offline.ts";
import { layout } from "../../../src/storage/data-dir.ts";
import { clusterVersions, type ClusterVersions } from "../../../src/wire/cluster-version.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { append, put } from "../../machine/bytes-of.ts";
import { raftctl } from "../../commands/run-raftctl.ts";
import { LoneNode } from "../../fixtures/lone-node.ts";
import { filesIn, unpackDirectory } from "../../fixtures/packed-directory.ts";

const kept = (name: string): string => join(import.meta.dirname, "../../fixtures", name);
const backup = kept("backup-v1.raftbak");
const facts = JSON.parse(readFileSync(kept("facts-v1.json"), "utf8")) as { lastIndex: number; term: number; snapshotIndex: number; repeated: { command: string; result: string }[] };
const next: ClusterVersions = { ...clusterVersions, newest: 2 };

async function unpacked(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-kept-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const dataDir = join(directory, "data");
  await unpackDirectory(readFileSync(kept("data-directory-v1.json.gz")), dataDir);
  return dataDir;
}

async function valueOf({ client }: LoneNode, key: string): Promise<string | undefined> {
  const { record } = await client.kv.get(key);
  return record === undefined ? undefined : utf8Text(record.value);
}

async function repeat({ daemon }: LoneNode, command: string): Promise<string> {
  const { result } = await daemon.region.gateway.propose(new Uint8Array(Buffer.from(command, "hex")), { waitFor: "applied", timeoutMs: 5_000 });
  return Buffer.from(result).toString("hex");
}

test("its log is read without changing a byte: every entry from the snapshot on, in the terms that it was written in", async () => {
  const dataDir = await unpacked();
  const before = await filesIn(dataDir);
  const log = await openLogDirectory(dataDir, "global");
  onTestFinished(() => log.close());
  const entries = [];
  for await (const page of log.entries({ first: log.header.firstIndex, last: log.header.lastIndex }, "values")) entries.push(...page);
  expect(log.header).toMatchObject({ lastIndex: facts.lastIndex, damage: null, tornTail: null, snapshots: [{ index: facts.snapshotIndex }] });
  expect(entries.at(-1)).toMatchObject({ index: facts.lastIndex, term: facts.term, type: "command", fault: null });
  expect(new Set(entries.map(({ term }) => term)).size).toBeGreaterThan(1);
  expect(await verifyDataDirectory(dataDir)).toMatchObject({ node: "n1", lastIndex: facts.lastIndex, damages: [], tornTail: null });
  expect(await filesIn(dataDir)).toEqual(before);
});

test.each(["as it was left", "without its state, which is rebuilt from snapshot and log"])("a node starts on it %s: keys, sessions, streams and settings are those that it had, and it goes on", { timeout: 30_000 }, async (how) => {
  const dataDir = await unpacked();
  if (how !== "as it was left") {
    await rm(layout.state(dataDir, globalRegion), { recursive: true });
    await mkdir(layout.state(dataDir, globalRegion));
  }
  const now = join(dataDir, "..", "now.raftbak");
  {
    await using node = await LoneNode.start(dataDir);
    expect([await valueOf(node, "app/a"), await valueOf(node, "gone"), await valueOf(node, "app/c")]).toEqual(["second", undefined, "in the tail of the log"]);
    await node.backUp(now);
    // The version that left it did not note at which time the log had come to which index.
    const otherRows = how === "as it was left" ? 0 : 1;
    expect(await compareFiles(backup, now, 10)).toMatchObject({ added: 0, removed: 0, changed: 0, otherRows, sameCluster: true });
    for (const { command, result } of facts.repeated) expect(await repeat(node, command)).toBe(result);
    expect(await valueOf(node, "counted")).toBe("twice");
    expect(decodeResult((await node.write(append("events", "four"))).result).offset).toBe(3);
    expect(await node.client.admin.call("quota", {})).toMatchObject({ quotaBytes: 2 ** 30 });
    await node.write(put("written", "by a later version"));
    await node.client.admin.call("snapshotTake", { trailing: null, dryRun: false });
  }
  await using again = await LoneNode.start(dataDir);
  expect([await valueOf(again, "app/b"), await valueOf(again, "written")]).toEqual(["kept", "by a later version"]);
  expect(decodeResult((await again.write(append("events", "five"))).result).offset).toBe(4);
});

test("the backup is whole and says what is in it, also by `snapshot verify`", { timeout: 30_000 }, async () => {
  expect(await inspectFile(backup, undefined)).toMatchObject({ records: { rows: 6 }, streams: { streams: 1 }, settings: { rows: 1 }, sessions: { rows: 2 } });
  const { code, json } = await raftctl(["snapshot", "verify", backup, "--json"]);
  expect([code, json.ok]).toEqual([0, true]);
});

test("before a newer version is finalized the way back is open; after it the older program refuses the directory and changes nothing there", { timeout: 30_000 }, async () => {
  const dataDir = await unpacked();
  {
    await using newer = await LoneNode.start(dataDir, { versions: next });
    await newer.write(put("k", "of the newer program"));
  }
  {
    await using older = await LoneNode.start(dataDir);
    expect(await valueOf(older, "k")).toBe("of the newer program");
  }
  {
    await using newer = await LoneNode.start(dataDir, { versions: next });
    expect(await newer.client.admin.call("upgradeFinalize", { dryRun: false })).toMatchObject({ finalized: 2, applied: true });
    await newer.backUp(join(dataDir, "..", "two.raftbak"));
  }
  const before = await filesIn(dataDir);
  await expect(LoneNode.start(dataDir)).rejects.toMatchObject({ code: "INCOMPATIBLE", exit: 15, message: "the cluster has finalized version 2, this program knows 1" });
  expect(await filesIn(dataDir)).toEqual(before);
  await rm(layout.state(dataDir, globalRegion), { recursive: true });
  // What was committed it learns only once it leads: then it stops at the entry.
  expect(await LoneNode.start(dataDir).then(({ daemon }) => daemon.ended, (error: unknown) => error)).toMatchObject({ code: "INCOMPATIBLE", message: "the cluster has finalized version 2, this program knows 1" });
  await expect(inspectFile(join(dataDir, "..", "two.raftbak"), undefined)).rejects.toMatchObject({ code: "INCOMPATIBLE" });
  await using newer = await LoneNode.start(dataDir, { versions: next });
  expect(await valueOf(newer, "k")).toBe("of the newer program");
});

test("a program that no longer serves the version in force refuses it too, and names what to do first", { timeout: 30_000 }, async () => {
  const dataDir = await unpacked();
  await expect(LoneNode.start(dataDir, { versions: { ...clusterVersions, oldest: 2, newest: 3 } })).rejects.toMatchObject({
    code: "INCOMPATIBLE", message: "the cluster has finalized version 1, this program knows 2 to 3", hint: expect.stringContaining("raftctl upgrade finalize") as string,
  });
  await using same = await LoneNode.start(dataDir);
  expect(await valueOf(same, "app/a")).toBe("second");
});
