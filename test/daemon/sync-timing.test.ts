import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RaftctlError } from "../../src/base/errors.ts";
import { timeSyncs, type SyncTimingRequest } from "../../src/daemon/sync-timing.ts";
import { NodeDisk } from "../../src/platform/node-disk.ts";
import { FaultyDisk, type FaultPlan } from "../storage/faulty-disk.ts";
import { TurnClock } from "../storage/turn-clock.ts";

const syncMs = 3;
const segmentBytes = 64 * 1024;

/** A real disk, a clock that passes only while something is written durably, and what was told of each append. */
function timing(plan: FaultPlan = {}, changes: Partial<SyncTimingRequest> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "raftctl-sync-timing-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const clock = new TurnClock();
  const disk = new FaultyDisk(new NodeDisk(), {
    ...plan, observe: ({ operation }, moment) => { if (operation === "writeDurable" && moment === "before") clock.elapse(syncMs); },
  });
  const syncs: number[] = [];
  const request = { dataDir, writeBytes: 100, segmentBytes, durationMs: 300, signal: new AbortController().signal, onSync: (ms: number) => void syncs.push(ms), ...changes };
  return { dataDir, clock, disk, syncs, run: () => timeSyncs(disk, clock, request) };
}

test("each append is one durable write of the log, and its time is that of the write (S40)", async () => {
  const { disk, syncs, run } = timing({}, { segmentBytes: 1024 * 1024 });
  const { elapsedMs } = await run();
  expect(syncs).toEqual(Array.from({ length: 300 / syncMs }, () => syncMs));
  expect(elapsedMs).toBe(300);
  const writes = disk.calls.filter(({ operation }) => operation === "writeDurable").length;
  // The warm-up and the mark that closes the log are not counted.
  expect(writes).toBe(syncs.length + 20 + 1);
});

test("segments are filled ahead of need, and those that are full are removed: the space it takes is bounded", async () => {
  let segments = 0;
  const names = new Set<string>();
  const { dataDir, run } = timing({}, { durationMs: 3000, writeBytes: 8000, onSync: () => {
    const [inside] = readdirSync(dataDir);
    const present = readdirSync(join(dataDir, inside!));
    segments = Math.max(segments, present.length);
    for (const name of present) names.add(name);
  } });
  await run();
  expect(names.size).toBeGreaterThan(20);
  expect(segments).toBeLessThan(8);
});

test("nothing is left behind, nor when the disk fails, and its error is told", async () => {
  const sound = timing();
  await sound.run();
  expect(readdirSync(sound.dataDir)).toEqual([]);
  let writes = 0;
  const broken = timing({ fault: ({ operation }) => (operation === "writeDurable" && (writes += 1) === 30 ? "EIO" : undefined) });
  await expect(broken.run()).rejects.toMatchObject({ code: "IO_ERROR" } satisfies Partial<RaftctlError>);
  expect(readdirSync(broken.dataDir)).toEqual([]);
});

test("a signal ends it", async () => {
  const stopping = new AbortController();
  let count = 0;
  const { run, dataDir } = timing({}, { durationMs: 1e9, signal: stopping.signal, onSync: () => { if ((count += 1) === 7) stopping.abort(); } });
  await run();
  expect([count, readdirSync(dataDir)]).toEqual([7, []]);
});

test("what a killed measurement left is removed by the next one, but not what may be running, nor what is something else", async () => {
  const { dataDir, clock, run } = timing();
  const name = (ageMs: number): string => `check-disk-${(clock.wallNow() - ageMs).toString(36)}-00c0ffee`;
  const [old, young, other] = [name(3_600_001), name(3_599_000), "check-disk-notes"];
  for (const each of [old, young, other]) mkdirSync(join(dataDir, each));
  await run();
  expect(readdirSync(dataDir).toSorted()).toEqual([young, other].toSorted());
});

test("a directory that is not there yet stays away: the nearest one above it is measured", async () => {
  const { dataDir, disk, clock } = timing();
  const wanted = join(dataDir, "a/b/c");
  const request = { dataDir: wanted, writeBytes: 1, segmentBytes, durationMs: 10, signal: new AbortController().signal, onSync: () => undefined };
  expect(await timeSyncs(disk, clock, request)).toMatchObject({ directory: dataDir, isVolatile: false });
  expect(existsSync(join(dataDir, "a"))).toBe(false);
});
