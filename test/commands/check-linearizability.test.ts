import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { decodeCommand } from "../../src/wire/command.ts";
import type { KeyValueRecord } from "../../src/wire/client-protocol.ts";
import { emptySocketPath, FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";
import type { Outcome, RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await new FakeDaemon().start();
  onTestFinished(() => daemon.stop());
});

const directory = mkdtempSync(join(tmpdir(), "raftctl-check-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function check(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return raftctl(["check", "linearizability", ...args], { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint, TMPDIR: directory, ...options.env } });
}

/** Lasts until the store has executed so many commands, however slow the machine is. */
async function checkUntil(executed: number, args: readonly string[]): Promise<Outcome> {
  const end = join(mkdtempSync(join(directory, "until-")), "end");
  const checking = check([...args, "--during", `until [ -e '${end}' ]; do sleep 0.05; done`]);
  await expect.poll(() => daemon.executed, { timeout: 100_000, interval: 20 }).toBeGreaterThan(executed);
  writeFileSync(end, "");
  return checking;
}

const slow = { timeout: 120_000 };

function store(key: string, value = "v"): void {
  daemon.records.set(Buffer.from(key).toString("hex"), { key: utf8(key), value: utf8(value), version: 1, createIndex: 1, modIndex: 1 });
}

const keysLeft = (): string[] => [...daemon.records.values()].map((record) => Buffer.from(record.key).toString());

test("a store that keeps its promises passes with exit 0, and only its other keys are left (N6)", slow, async () => {
  store("app/mode");
  const { code, json, stderr } = await checkUntil(200, ["--clients", "3", "--duration", "500ms", "--keys", "2", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(json).toMatchObject({
    ok: true, schema: "raftctl.check-linearizability/v1", warnings: [], header: { node: "n1" },
    result: { verdict: "linearizable", clients: 3, unknown: 0, failed: 0, cleaned: true },
  });
  const { operations, acknowledged, durationMs, prefix } = json.result as { operations: number; acknowledged: number; durationMs: number; prefix: string };
  expect(acknowledged).toBe(operations);
  expect(durationMs).toBeGreaterThanOrEqual(500);
  expect(prefix).toMatch(/^raftctl\/check\/[a-z0-9]+-[0-9a-f]{8}\/$/);
  expect(keysLeft()).toEqual(["app/mode"]);
});

test("all kinds of operations are done, on keys, pairs and keys of leases, below the reserved prefix only, and no key sees more than its share", slow, async () => {
  const save = join(directory, "kinds.jsonl");
  const { stdout } = await checkUntil(1500, ["--leased", "0.5", "--save", save]);
  const counts = "\\d+ get, \\d+ put, \\d+ cas, \\d+ delete, \\d+ revoke; \\d+ in transactions; \\d+ on keys of leases, of which \\d+ may have expired";
  expect(stdout).toMatch(new RegExp(`^linearizable: \\d+ operations .* in [\\d.]+m?s\nacknowledged: ${counts}\nthe command ended with exit code 0\nhistory in .*kinds\\.jsonl\n$`));
  const calls = readFileSync(save, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>).filter((event) => event["type"] === "invoke" && event["operation"] !== "expire");
  expect(new Set(calls.map((call) => call["operation"]))).toEqual(new Set(["put", "get", "delete", "cas", "revoke"]));
  expect(calls.some((call) => call["txn"] === true && "lease" in call)).toBe(true);
  expect(calls.some((call) => "ifValue" in call) && calls.some((call) => "ifVersion" in call) && calls.some((call) => "ifAbsent" in call)).toBe(true);
  const perKey = Map.groupBy(calls, (call) => call["key"] as string);
  expect(Math.max(...[...perKey.values()].map((own) => own.length))).toBeLessThanOrEqual(200);
  expect([...perKey.keys()].every((key) => key.startsWith("raftctl/check/"))).toBe(true);
  const values = calls.flatMap((call) => ("value" in call ? [call["value"]] : []));
  expect(new Set(values).size).toBe(values.length);
});

test("a store that forgets a write that it acknowledged is found: exit 13, the window, and the history is kept", slow, async () => {
  const { records } = daemon;
  let writes = 0;
  records.set = (key: string, record: KeyValueRecord): typeof records => (++writes % 40 === 0 ? records : Map.prototype.set.call(records, key, record) as typeof records);
  const { code, json } = await checkUntil(300, ["--pairs", "0", "--leased", "0", "--json"]);
  expect(code).toBe(13);
  expect(json).toMatchObject({ ok: false, schema: "raftctl.check-linearizability/v1", error: { code: "CORRUPT", exit: 13 }, result: { verdict: "violated", cleaned: true } });
  const { window, key, saved, explanation } = json.result as { window: { operation: string; startMs: number }[]; key: string; saved: string; explanation: string };
  expect(window.length).toBeGreaterThan(1);
  expect(window.length).toBeLessThan(15);
  expect(json.error!.message).toBe(`not linearizable: key ${JSON.stringify(key)}: ${explanation}`);
  const again = await check(["--history", saved]);
  expect(again.code).toBe(13);
  expect(again.stdout).toMatch(/^violated: /);
  expect(again.stdout).toMatch(/CLIENT +OPERATION +ANSWER +START MS +END MS +INDEX\n/);
  expect(again.stderr).toContain("error[CORRUPT]: not linearizable: key ");
});

test("lost answers stay open, the connection comes back, and no key is left by a write that was in doubt", slow, async () => {
  daemon.faults.push(...Array.from({ length: 3 }, () => ({ kind: "executeAndDrop" as const })), { kind: "executeSilently" }, { kind: "silence" });
  const { code, json } = await checkUntil(200, ["--clients", "2", "--timeout", "1s", "--json"]);
  expect(code).toBe(0);
  expect(json.result.verdict).toBe("linearizable");
  expect(json.result.acknowledged).toBeGreaterThan(100);
  expect(keysLeft()).toEqual([]);
});

const half = (key: string): string => Buffer.from(key, "hex").toString().slice(-2);

test("a store that does only a part of a transaction is found: exit 13, and the answer that shows it", slow, async () => {
  const { records } = daemon;
  let writes = 0;
  records.set = (key: string, record: KeyValueRecord): typeof records =>
    (half(key) === "/b" && records.has(key) && ++writes % 5 === 0 ? records : Map.prototype.set.call(records, key, record) as typeof records);
  // So many on one pair that a read sees one of them: a refused condition, which may come first, is explained by the order of the operations alone.
  const { code, json } = await checkUntil(200, ["--keys", "1", "--pairs", "1", "--json"]);
  expect(code).toBe(13);
  expect(json.result).toMatchObject({ verdict: "violated", explanation: expect.stringMatching(/ -> in part: .* of one half is .* saw a transaction in part$/) as string });
  expect((json.result as { window: unknown[] }).window).toEqual([expect.objectContaining({ torn: expect.any(String) as string })]);
});

test("a store that keeps a key although its lease has ended is found: exit 13", slow, async () => {
  const { leases } = daemon;
  const attach = leases.attach.bind(leases);
  let puts = 0;
  leases.attach = (key, lease) => {
    const isAttached = attach(key, lease);
    if (lease !== undefined && ++puts % 20 === 0) leases.granted.delete(lease);
    return isAttached;
  };
  const { code, json } = await checkUntil(300, ["--leased", "1", "--json"]);
  expect(code).toBe(13);
  expect(json.result).toMatchObject({ verdict: "violated", key: expect.stringContaining("/leased-") as string });
});

test("of two writes in doubt one is resolved by its outcome, and the other one is settled before the keys are deleted, so that it cannot come late (S112)", slow, async () => {
  daemon.faults.push({ kind: "silence" }, { kind: "silence" });
  const args = ["--clients", "1", "--reads", "0", "--pairs", "0", "--leased", "0", "--timeout", "1s", "--min-acknowledged", "1", "--json"];
  const { json } = await checkUntil(20, args);
  expect(json.result).toMatchObject({ verdict: "linearizable", unknown: 1, failed: 1, resolved: 1, cleaned: true });
  const commands = daemon.requests.flatMap((request) => (request.operation === "propose" ? [decodeCommand(request.command.slice())] : []));
  const stamps = commands.map(({ session }) => `${session?.id}:${session?.sequence}`);
  expect(commands.slice(0, 3).map(({ operation }) => operation).at(-1)).toBe("settle");
  expect(stamps[2]).toBe(stamps[1]);
  const deletion = commands.findLastIndex((command) => command.operation === "deleteRange");
  expect(commands[deletion - 1]).toMatchObject({ operation: "settle" });
  expect(stamps[deletion - 1]).toBe(stamps[0]);
});

test("nobody there is exit 3 at once, and the command is not run", async () => {
  const mark = join(directory, "ran");
  const { code, stdout } = await check(["--socket", emptySocketPath(), "--", "touch", mark], { env: { RAFTCTL_ENDPOINT: "" } });
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(readdirSync(directory)).not.toContain("ran");
});

test("too little acknowledged is void, not green: exit 11", async () => {
  const { code, json } = await check(["--duration", "200ms", "--min-acknowledged", "1000000", "--json"]);
  expect(code).toBe(11);
  expect(json).toMatchObject({ error: { code: "UNHEALTHY" }, result: { verdict: "void" } });
});

test("the check lasts as long as the command beside it, and tells its exit code", async () => {
  const { code, json, stderr } = await check(["--min-acknowledged", "1", "--json", "--during", "echo out; sleep 0.7; exit 3"]);
  expect(code).toBe(0);
  expect(stderr).toContain("out\n");
  expect(json.result).toMatchObject({ verdict: "linearizable", exit: 3 });
  expect(json.result.durationMs).toBeGreaterThan(600);
  expect(json.warnings).toEqual([{ code: "COMMAND_FAILED", message: "the command that ran meanwhile ended with exit code 3" }]);
});

test("a command that cannot be run is exit 4, and the keys are removed all the same", async () => {
  const { code, stderr } = await check(["--", "no-such-program-anywhere"]);
  expect(code).toBe(4);
  expect(stderr).toContain('"no-such-program-anywhere" cannot be run');
  expect(keysLeft()).toEqual([]);
});

test.each([["SIGINT", 130], ["SIGTERM", 143]] as const)("%s ends it with exit %i, and the keys are removed", async (signal, exit) => {
  let isSent = false;
  const { code } = await check(["--", "sh", "-c", "sleep 0.3; echo go; exec sleep 30"], { onOutput: (kill, text) => {
    if (isSent || !text.includes("go")) return;
    isSent = true;
    expect(keysLeft().length).toBeGreaterThan(0);
    kill(signal);
  } });
  expect(code).toBe(exit);
  expect(keysLeft()).toEqual([]);
});

test("what a killed check left is removed by the next one, but not the keys of one that may be running, nor what is no check's", async () => {
  const id = (ageMs: number): string => `${(Date.now() - ageMs).toString(36)}-00c0ffee`;
  const [old, young] = [`raftctl/check/${id(7_300_000)}/0/1`, `raftctl/check/${id(3_600_000)}/0/1`];
  for (const key of [old, young, "raftctl/check/notes", "raftctl/checked"]) store(key);
  expect((await check(["--duration", "200ms", "--min-acknowledged", "1"])).code).toBe(0);
  expect(keysLeft().toSorted()).toEqual([young, "raftctl/check/notes", "raftctl/checked"].toSorted());
});

const staleRead = [
  '{"process":"c0","type":"invoke","operation":"put","key":"k","time":1,"value":"a"}', '{"process":"c0","type":"ok","time":2,"index":11}',
  '{"process":"c0","type":"invoke","operation":"put","key":"k","time":3,"value":"b"}', '{"process":"c0","type":"ok","time":4,"index":12}',
  '{"process":"c1","type":"invoke","operation":"get","key":"k","time":5}', '{"process":"c1","type":"ok","time":6,"value":"a","index":11}',
].join("\n");

test("a recorded history is checked without a cluster, from a file or the standard input", async () => {
  const file = join(directory, "recorded.jsonl");
  writeFileSync(file, staleRead.split("\n").slice(0, 4).join("\n"));
  const [good, stale] = await Promise.all([check(["--history", file, "--json"], { env: { RAFTCTL_ENDPOINT: "" } }), check(["--history", "-", "--json"], { stdin: staleRead })]);
  expect(good).toMatchObject({ code: 0, json: { ok: true, result: { verdict: "linearizable", operations: 2, clients: 1, keys: 1, durationMs: 3 } } });
  expect(stale.code).toBe(13);
  expect(stale.json.result).toMatchObject({ verdict: "violated", key: "k", omitted: 0 });
  expect(stale.json.result.window).toEqual([
    { process: "c0", operation: "put", value: "a", outcome: "ok", index: "11", startMs: 1, endMs: 2 },
    { process: "c0", operation: "put", value: "b", outcome: "ok", index: "12", startMs: 3, endMs: 4 },
    { process: "c1", operation: "get", value: "a", outcome: "ok", index: "11", startMs: 5, endMs: 6 },
  ]);
});

test("a malformed history is exit 2 with the line, a missing one exit 4, an empty one proves nothing: exit 11", async () => {
  const [malformed, missing, empty] = await Promise.all([
    check(["--history", "-"], { stdin: `${staleRead}\n{"process":"c1","type":"ok","time":7}\n` }), check(["--history", join(directory, "absent")]), check(["--history", "-"]),
  ]);
  expect(malformed).toMatchObject({ code: 2, stdout: "" });
  expect(malformed.stderr).toContain('history line 7: "ok" of process "c1", which has called nothing');
  expect(missing.code).toBe(4);
  expect(empty.code).toBe(11);
});

test.each([
  [["stray"], "unexpected argument: stray; a command stands behind --"],
  [["--during", "true", "--", "true"], "give the command once"],
  [["--duration", "2h"], "--duration 2h: want 1ms to 1h"],
  [["--reads", "1.5"], '--reads: "1.5" is not a share from 0 to 1'],
  [["--clients", "0"], "--clients"],
  [["--pairs", "2"], '--pairs: "2" is not a share from 0 to 1'],
  [["--pairs", "0.6", "--leased", "0.5"], "--pairs 0.6 and --leased 0.5 are shares of the same keys: together at most 1"],
  [["--history", "-", "--leased", "0.5"], "--leased"],
  [["--history", "-", "--clients", "3"], "--clients"],
  [["--save", "/nowhere/at/all"], "cannot write the history /nowhere/at/all"],
])("%j is refused before anything is written", async (args, message) => {
  const { code, stderr } = await check(args);
  expect(code).toBe(args[0] === "--save" ? 4 : 2);
  expect(stderr).toContain(message);
  expect(daemon.requests).toEqual([]);
});
