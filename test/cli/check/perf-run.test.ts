import { onTestFinished, expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import { Client } from "../../../src/client/client.ts";
import { decodeCommand } from "../../../src/wire/command.ts";
import { makeRunId, runPrefix } from "../../../src/cli/check/check-keys.ts";
import { perfDocument, perfFinding } from "../../../src/cli/check/perf/perf-document.ts";
import { type PerfFlags, perfPlan } from "../../../src/cli/check/perf/perf-flags.ts";
import { type PerfRecord, type PerfRequest, runPerf } from "../../../src/cli/check/perf/perf-run.ts";
import { Tally } from "../../../src/cli/check/perf/tally.ts";
import { FakeDaemon } from "../../client/fake-daemon.ts";

const flags: PerfFlags = {
  load: undefined, rate: undefined, clients: 4, connections: 2, "in-flight": undefined, keys: 20, "value-size": 10, "read-ratio": 0, consistency: "linearizable", duration: 200,
};
const prefix = runPrefix(makeRunId(Date.now()));

async function serve(): Promise<{ daemon: FakeDaemon; client: Client }> {
  const daemon = await new FakeDaemon().start();
  const client = new Client({ endpoints: [daemon.endpoint], timeoutMs: 1000 });
  onTestFinished(async () => {
    client.close();
    await daemon.stop();
  });
  return { daemon, client };
}

function requestTo(daemon: FakeDaemon, changes: Partial<PerfFlags> = {}, more: Partial<PerfRequest> = {}): PerfRequest {
  return {
    ...perfPlan({ ...flags, ...changes }), prefix, target: { endpoints: [daemon.endpoint], origin: "the test" }, region: undefined, timeoutMs: 1000,
    signal: new AbortController().signal, onProgress: () => undefined, ...more,
  };
}

function store(daemon: FakeDaemon, key: string): void {
  daemon.records.set(Buffer.from(key).toString("hex"), { key: utf8(key), value: utf8("v"), version: 1, createIndex: 1, modIndex: 1 });
}

const keysLeft = (daemon: FakeDaemon): string[] => [...daemon.records.values()].map(({ key }) => Buffer.from(key).toString());
const commandsOf = (daemon: FakeDaemon) => daemon.requests.flatMap((request) => (request.operation === "propose" ? [decodeCommand(request.command.slice())] : []));

test("a load writes below its prefix only, values of the size that was asked for, and leaves no key", async () => {
  const { daemon, client } = await serve();
  store(daemon, "app/mode");
  const { tally, isCleaned, durationMs } = await runPerf(client, requestTo(daemon));
  const puts = commandsOf(daemon).filter((command) => command.operation === "put");
  expect(puts.length).toBe(tally.write.count);
  expect(puts.every(({ key, value }) => Buffer.from(key).toString().startsWith(prefix) && value.length === 10)).toBe(true);
  expect(new Set(puts.map(({ key }) => Buffer.from(key).toString())).size).toBeLessThanOrEqual(20);
  expect([isCleaned, Math.round(durationMs), keysLeft(daemon)]).toEqual([true, 200, ["app/mode"]]);
});

test("reads see keys that are there: all are written before the clock starts, and that is not counted", async () => {
  const { daemon, client } = await serve();
  const { tally } = await runPerf(client, requestTo(daemon, { "read-ratio": 1, consistency: "stale" }));
  expect([tally.write.count, commandsOf(daemon).filter(({ operation }) => operation === "put").length]).toEqual([0, 20]);
  const reads = daemon.requests.filter((request) => request.operation === "get").slice(2);
  expect(reads.length).toBe(tally.read.count);
  expect(reads.every(({ consistency }) => consistency === "stale")).toBe(true);
});

test("a prefix that holds a key already is refused, and nothing is written or deleted", async () => {
  const { daemon, client } = await serve();
  store(daemon, `${prefix}mine`);
  await expect(runPerf(client, requestTo(daemon))).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining(prefix) as string });
  expect(commandsOf(daemon)).toEqual([]);
  expect(keysLeft(daemon)).toEqual([`${prefix}mine`]);
});

test("a write whose answer was lost is settled before the keys go, so that it cannot come late", async () => {
  const { daemon, client } = await serve();
  daemon.faults.push({ kind: "silence" });
  const { tally, isCleaned } = await runPerf(client, requestTo(daemon, { clients: 2, connections: 2, duration: 100 }));
  expect([tally.errors.get("UNKNOWN_OUTCOME"), isCleaned]).toEqual([tally.doubts.length, true]);
  const commands = commandsOf(daemon);
  const settled = commands.findLastIndex(({ operation, session }) => operation === "settle" && session?.id === tally.doubts[0]!.id);
  expect(settled).toBeGreaterThan(0);
  expect(commands.findLastIndex(({ operation }) => operation === "deleteRange")).toBeGreaterThan(settled);
});

test("an error while it prepares ends it, and the keys are removed all the same", async () => {
  const { daemon, client } = await serve();
  daemon.faults.push({ kind: "refuse", error: new RaftctlError("NO_SPACE", "the disk is full") });
  await expect(runPerf(client, requestTo(daemon, { "read-ratio": 0.5 }))).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(commandsOf(daemon).at(-1)?.operation).toBe("deleteRange");
  expect(keysLeft(daemon)).toEqual([]);
});

test("many keys are removed in pieces, so that no command keeps the nodes from everything else", async () => {
  const { daemon, client } = await serve();
  await runPerf(client, requestTo(daemon, { "read-ratio": 1, keys: 2500, duration: 10 }));
  expect(commandsOf(daemon).filter(({ operation }) => operation === "deleteRange")).toHaveLength(3);
  expect(keysLeft(daemon)).toEqual([]);
});

test("a put whose answer was lost while it prepares is settled as well, and none of the others comes behind the removal", async () => {
  const { daemon, client } = await serve();
  daemon.faults.push({ kind: "refuse", error: new RaftctlError("NO_SPACE", "the disk is full") }, ...Array.from({ length: 3 }, () => ({ kind: "silence" as const })));
  await expect(runPerf(client, requestTo(daemon, { "read-ratio": 0.5 }))).rejects.toMatchObject({ code: expect.stringMatching(/^(NO_SPACE|UNKNOWN_OUTCOME)$/) as string });
  const operations = commandsOf(daemon).map(({ operation }) => operation);
  expect(operations.filter((operation) => operation === "settle").length).toBeGreaterThan(0);
  expect(operations.at(-1)).toBe("deleteRange");
  expect(operations.indexOf("deleteRange")).toBeGreaterThan(operations.lastIndexOf("put"));
});

test("a signal ends the load early, and the keys are removed all the same", async () => {
  const { daemon, client } = await serve();
  const stopping = new AbortController();
  const { durationMs, isCleaned } = await runPerf(client, requestTo(daemon, { duration: 60_000 }, {
    signal: stopping.signal, onProgress: (stage, tally) => { if (stage === "measuring" && tally!.all.count > 0) stopping.abort(); },
  }));
  expect(durationMs).toBeLessThan(30_000);
  expect([isCleaned, keysLeft(daemon)]).toEqual([true, []]);
});

function recordOf(fill: (tally: Tally) => void, more: Partial<PerfRecord> = {}): PerfRecord {
  const tally = new Tally(1000);
  fill(tally);
  return { tally, notSent: 0, durationMs: 1000, isCleaned: true, ...more };
}

const answer = (count: number, tookMs = 2) => (tally: Tally): void => {
  for (let number = 0; number < count; number += 1) tally.answered("write", 0, tookMs);
};
const judge = (record: PerfRecord, changes: Partial<PerfFlags> = { rate: 100 }) => perfDocument(perfPlan({ ...flags, ...changes }), record, prefix);
const unmet = (record: PerfRecord, changes?: Partial<PerfFlags>): string[] => judge(record, changes).criteria.filter(({ met }) => !met).map(({ name }) => name);

test("the verdict is a pass from nine tenths of the rate on, and says which demand is not met", () => {
  expect(judge(recordOf(answer(90)))).toMatchObject({ verdict: "pass", loop: "open", perSecond: 90, answered: 90 });
  expect(perfFinding(judge(recordOf(answer(90))))).toBeUndefined();
  expect(unmet(recordOf(answer(89)))).toEqual(["throughput"]);
  expect(unmet(recordOf((tally) => { answer(100)(tally); tally.answered("write", 0, 501); }))).toEqual(["slowest"]);
  expect(unmet(recordOf((tally) => { answer(60)(tally); answer(60, 300)(tally); }))).toEqual(["deviation"]);
  expect(unmet(recordOf((tally) => { answer(100)(tally); tally.refused(new RaftctlError("BUSY", "busy")); }))).toEqual(["busy"]);
  expect(unmet(recordOf((tally) => { answer(100)(tally); tally.refused(new RaftctlError("TIMEOUT", "late")); }))).toEqual(["errors"]);
  expect(unmet(recordOf(answer(100), { notSent: 1 }))).toEqual(["not-sent"]);
  expect(unmet(recordOf(answer(1)), {})).toEqual([]);
});

test("a finding names what failed, with what was wanted; a load without an answer is void", () => {
  const error = perfFinding(judge(recordOf(answer(50))))!;
  expect([error.code, error.exit]).toEqual(["UNHEALTHY", 11]);
  expect(error.message).toBe("the cluster does not carry this load: 50 operations per second were answered, wanted 90 of the 100 that arrived");
  const nothing = judge(recordOf((tally) => tally.refused(new RaftctlError("NO_LEADER", "none"))));
  expect([nothing.verdict, perfFinding(nothing)!.message]).toEqual(["void", "void: no operation was answered (1 NO_LEADER)"]);
});

test("sizes are those of etcdctl, and flags of one's own make an own load", () => {
  const none = { ...flags, clients: undefined, connections: undefined, duration: undefined };
  expect(perfPlan(none)).toMatchObject({ load: "s", ratePerSecond: 150, clients: 50, connections: 8, inFlight: 1, durationMs: 60_000 });
  expect(perfPlan({ ...none, load: "xl" })).toMatchObject({ load: "xl", ratePerSecond: 15_000, clients: 1000 });
  expect(perfPlan({ ...none, rate: 700 })).toMatchObject({ load: undefined, ratePerSecond: 700, clients: 64, durationMs: 10_000 });
  expect(perfPlan({ ...none, clients: 3 })).toMatchObject({ load: undefined, ratePerSecond: undefined, clients: 3, connections: 3 });
});
