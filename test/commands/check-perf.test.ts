import { beforeEach, expect, onTestFinished, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { emptySocketPath, FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";
import type { Outcome, RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await new FakeDaemon().start();
  onTestFinished(() => daemon.stop());
});

function check(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return raftctl(["check", "perf", ...args], { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint, ...options.env } });
}

interface Result {
  readonly verdict: string;
  readonly criteria: readonly { readonly name: string; readonly met: boolean }[];
  readonly writes: { readonly count: number };
  readonly reads: { readonly count: number };
  readonly latency: { readonly count: number };
}

/** How quick it is depends on what else this machine does: what is judged here is the command. */
const exits = { pass: 0, fail: 11 } as const;

test("the document has what was asked for, what was measured and every demand, and the verdict follows from them", async () => {
  const { code, json } = await check(["--rate", "50", "--duration", "1s", "--read-ratio", "0.5", "--keys", "10", "--clients", "16", "--json"]);
  expect(json).toMatchObject({
    schema: "raftctl.check-perf/v1", header: { node: "n1" },
    result: { loop: "open", ratePerSecond: 50, clients: 16, connections: 8, inFlight: 1, keys: 10, answered: 50, busy: 0, errors: {}, notSent: 0, cleaned: true },
  });
  const { verdict, criteria, writes, reads, latency } = json.result as Result;
  expect(criteria.map(({ name }) => name)).toEqual(["throughput", "slowest", "deviation", "errors", "busy", "not-sent"]);
  expect(verdict).toBe(criteria.every(({ met }) => met) ? "pass" : "fail");
  expect([json.ok, code]).toEqual([verdict === "pass", exits[verdict as keyof typeof exits]]);
  expect(writes.count + reads.count).toBe(latency.count);
  expect(daemon.records.size).toBe(0);
});

test("text says the load, the counts, the latency and each demand with PASS or FAIL; no picture into a pipe", async () => {
  const { code, stdout } = await check(["--clients", "4", "--duration", "300ms", "--value-size", "100B"]);
  expect(stdout).toMatch(/^closed loop, 300ms: 4 clients on 4 connections, 1 in flight each; writes of 100B on 10000 keys\n\d+ answered \([\d.]+ per second\), 0 BUSY, 0 errors\nlatency: mean /);
  expect(stdout).toMatch(/\n(?:PASS|FAIL): the slowest operation took [\d.]+m?s, wanted at most 500ms\n/);
  expect(stdout).not.toContain("█");
  expect(code).toBe(exits[stdout.includes("FAIL") ? "fail" : "pass"]);
});

test("a load that is not carried is exit 11, and says what was missing", async () => {
  daemon.faults.push(...Array.from({ length: 5 }, () => ({ kind: "refuse" as const, error: new RaftctlError("BUSY", "too much to do") })));
  const { code, stdout, stderr } = await check(["--rate", "20", "--duration", "500ms", "--clients", "4"]);
  expect(code).toBe(11);
  expect(stdout).toMatch(/\n5 answered \([\d.]+ per second\), 5 BUSY, 0 errors\n/);
  expect(stdout).toMatch(/\nFAIL: [\d.]+ operations per second were answered, wanted 18 of the 20 that arrived\n/);
  expect(stderr).toContain("error[UNHEALTHY]: the cluster does not carry this load: ");
  expect(daemon.records.size).toBe(0);
});

test("nobody there is exit 3 at once", async () => {
  const { code, stdout } = await check(["--socket", emptySocketPath()], { env: { RAFTCTL_ENDPOINT: "" } });
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
});

test.each([["SIGINT", 130], ["SIGTERM", 143]] as const)("%s ends it with exit %i and what was measured until then, and the keys are removed", async (signal, exit) => {
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const running = check(["--clients", "2", "--duration", "1m", "--json"], { onStart: (hold) => (kill = hold) });
  await expect.poll(() => daemon.records.size, { timeout: 20_000 }).toBeGreaterThan(10);
  kill!(signal);
  const { code, json } = await running;
  expect(code).toBe(exit);
  expect(json.result.durationMs).toBeLessThan(60_000);
  expect(json.result.answered).toBeGreaterThan(10);
  expect(daemon.records.size).toBe(0);
});

test.each([
  [["--load", "m", "--rate", "5"], "--load"],
  [["--load", "huge"], "--load"],
  [["--rate", "0"], "--rate"],
  [["--clients", "2", "--connections", "3"], "--connections 3: there are only 2 clients to use them"],
  [["--clients", "10000", "--in-flight", "1000"], "want at most 65536 operations at a time"],
  [["--duration", "2h"], "--duration 2h: want 1ms to 1h"],
  [["--value-size", "2MiB"], "--value-size 2MiB: want at most 1MiB"],
  [["--read-ratio", "1.5"], '--read-ratio: "1.5" is not a share from 0 to 1'],
  [["--keys", "100001"], "--keys"],
])("%j is refused before anything is sent", async (args, message) => {
  const { code, stderr } = await check(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(daemon.requests).toEqual([]);
});
