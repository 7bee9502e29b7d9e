// What the state of a stopped node says of how far it was, read from real nodes without touching them.

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { collectSurvivors } from "../../../src/daemon/recovery/collect.ts";
import { raised } from "../../../src/daemon/recovery/applied-state.ts";
import { readSurvivor } from "../../../src/daemon/recovery/read-survivor.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { startCluster, type Fixture } from "../support/cluster.ts";
import { directory, memberDirectory } from "./directories.ts";

const lockFiles = /(?:^|\/)lock/;

/** Every file but the lock that collecting takes: size, times, mode and content. */
function inventory(home: string): string[] {
  const names = readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) => !lockFiles.test(name) && statSync(join(home, name)).isFile());
  return names.map((name) => {
    const { size, mode, mtimeNs, ctimeNs } = statSync(join(home, name), { bigint: true });
    return `${name} ${size} ${mode} ${mtimeNs} ${ctimeNs} ${createHash("sha256").update(readFileSync(join(home, name))).digest("hex")}`;
  });
}

async function stoppedNode(fixture: Fixture): Promise<{ home: string; state: string; applied: number }> {
  const [node] = fixture.cluster.nodes;
  for (let write = 0; write < 20; write += 1) await fixture.client(node!).kv.put(`k${write}`, "v".repeat(2_000));
  const applied = node!.region.raft.core.status().lastApplied;
  await node!.stop({ transfer: false, drainMs: 0 });
  const home = dirname(node!.socket);
  return { home, state: join(home, "regions/1/state"), applied };
}

test("the last applied index of a real node is read, and not a byte of its directory changes (N3)", async () => {
  await using fixture = await startCluster(1);
  const { home, applied } = await stoppedNode(fixture);
  const before = inventory(home);
  expect(before.some((line) => line.includes("data.mdb"))).toBe(true);
  const scratch = mkdtempSync(join(tmpdir(), "raftctl-scratch-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  vi.stubEnv("TMPDIR", scratch);
  onTestFinished(() => void vi.unstubAllEnvs());
  const [survivor] = await collectSurvivors([home]);
  expect(applied).toBeGreaterThan(20);
  expect(survivor).toMatchObject({ appliedIndex: applied, lastIndex: applied });
  expect(inventory(home)).toEqual(before);
  expect(readdirSync(scratch), "what was made to look at it is gone").toEqual([]);
  // Where nothing can be made the state says nothing, and the log alone has to do.
  vi.stubEnv("TMPDIR", join(scratch, "absent"));
  expect((await collectSurvivors([home]))[0]).toMatchObject({ appliedIndex: 0, lastIndex: applied });
});

test("a state that a start would not rely on, or that is gone, says nothing: another boot without an orderly end, a file that was cut, none at all", async () => {
  await using fixture = await startCluster(1);
  const { home, state, applied } = await stoppedNode(fixture);
  const appliedIndex = async (): Promise<number> => (await collectSurvivors([home]))[0]!.appliedIndex;
  const mark = JSON.parse(readFileSync(join(state, "current.json"), "utf8")) as { environment: string; bootId: string; clean: boolean };
  writeFileSync(join(state, "current.json"), JSON.stringify({ ...mark, clean: false }));
  expect(await appliedIndex()).toBe(applied);
  writeFileSync(join(state, "current.json"), JSON.stringify({ ...mark, clean: true, bootId: "another" }));
  expect(await appliedIndex()).toBe(applied);
  writeFileSync(join(state, "current.json"), JSON.stringify({ ...mark, clean: false, bootId: "another" }));
  expect(await appliedIndex()).toBe(0);
  writeFileSync(join(state, "current.json"), JSON.stringify(mark));
  const data = join(state, mark.environment, "data.mdb");
  writeFileSync(data, readFileSync(data).subarray(0, 5_000));
  expect(await appliedIndex()).toBe(0);
  rmSync(state, { recursive: true });
  expect(await appliedIndex()).toBe(0);
});

test("a state that the log contradicts is damage: one of them is not this node's (13)", async () => {
  const { survivor } = await readSurvivor(await memberDirectory(), directory, crc32);
  expect(raised(survivor, { index: 5, term: 2 }, "/s").appliedIndex).toBe(5);
  expect(raised(survivor, { index: 0, term: 0 }, "/s").appliedIndex).toBe(0);
  expect(() => raised(survivor, { index: 6, term: 2 }, "/s")).toThrow("the state of n1 (/s) has applied index 6, but its log ends at 5");
  expect(() => raised(survivor, { index: 5, term: 3 }, "/s")).toThrow("has applied index 5 of term 3, which is of term 2 in its log");
});
