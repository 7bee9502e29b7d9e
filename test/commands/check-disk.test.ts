import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { raftctl } from "./run-raftctl.ts";

const directory = mkdtempSync(join(tmpdir(), "raftctl-check-disk-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
/** Thresholds that a busy machine meets: what is judged here is the command, not the disk. */
const env = { RAFTCTL_WAL_SEGMENT_BYTES: "1MiB", RAFTCTL_RAFT_ELECTION_TIMEOUT: "40s" };

test("the disk is measured and nothing is left behind; the document says where, how and what was demanded", async () => {
  const { code, json } = await raftctl(["check", "disk", "--data-dir", directory, "--duration", "300ms", "--write-size", "512B", "--json"], { env });
  expect([0, 11]).toContain(code);
  expect(json).toMatchObject({ schema: "raftctl.check-disk/v1", result: { dataDir: directory, directory, writeBytes: 512, electionTimeoutMs: 40_000 } });
  const { verdict, latency, perSecond, criteria, durationMs } = json.result as {
    verdict: string; latency: { count: number; p99Ms: number; slowestMs: number }; perSecond: number; criteria: { name: string; met: boolean; threshold: number }[]; durationMs: number;
  };
  expect(latency.count).toBeGreaterThan(0);
  expect(durationMs).toBeGreaterThanOrEqual(300);
  // durationMs is rounded, perSecond is not made of what is rounded.
  expect(perSecond / ((latency.count / durationMs) * 1000)).toBeCloseTo(1, 2);
  expect(criteria.map(({ name, met, threshold }) => [name, met, threshold])).toEqual([["p99", latency.p99Ms <= 10, 10], ["slowest", latency.slowestMs <= 20_000, 20_000]]);
  expect([verdict, code]).toEqual(latency.p99Ms <= 10 && latency.slowestMs <= 20_000 ? ["pass", 0] : ["fail", 11]);
  expect(readdirSync(directory)).toEqual([]);
});

test("a data directory that is not there yet is not made: the nearest one above it is measured", async () => {
  const { json, stdout } = await raftctl(["check", "disk", "--data-dir", join(directory, "var/lib/raftctl"), "--duration", "50ms", "--json"], { env });
  expect(json.result).toMatchObject({ dataDir: join(directory, "var/lib/raftctl"), directory });
  expect(stdout).not.toContain("█");
  expect(readdirSync(directory)).toEqual([]);
});

test("SIGINT ends it with exit 130 and nothing is left behind", async () => {
  const home = join(directory, "interrupted");
  mkdirSync(home);
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const running = raftctl(["check", "disk", "--data-dir", home, "--duration", "5m"], { env, onStart: (hold) => (kill = hold) });
  await expect.poll(() => readdirSync(home).length, { timeout: 20_000 }).toBe(1);
  kill!("SIGINT");
  const { code, stdout } = await running;
  expect(code).toBe(130);
  expect(stdout).toMatch(/synced, [\d.]+ per second\n/);
  expect(readdirSync(home)).toEqual([]);
});

test.each([
  [["--duration", "11m"], 2, "--duration 11m: want 1ms to 10m"],
  [["--write-size", "2MiB"], 2, "--write-size 2MiB: want 1B to 1MiB"],
  [["--data-dir", "/dev/null/raftctl"], 1, "cannot look at /dev/null/raftctl: ENOTDIR"],
])("%j is refused in one line", async (args, exit, message) => {
  const { code, stderr, stdout } = await raftctl(["check", "disk", ...args], { env });
  expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
  expect(stderr).toContain(message);
});
