import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";
import type { Outcome, RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
beforeAll(async () => {
  daemon = await new FakeDaemon().start();
});
afterAll(() => daemon.stop());

function run(line: string, options: RunOptions = {}): Promise<Outcome> {
  return raftctl(line.split(" "), { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint, ...options.env } });
}

test("put prints OK and the index and nothing else; get writes the bytes of the value and nothing else", async () => {
  const put = await run("put app/mode blue");
  expect(put).toMatchObject({ code: 0, stderr: "" });
  expect(put.stdout).toMatch(/^OK \d+\n$/);
  expect(await run("get app/mode --output raw")).toMatchObject({ code: 0, stdout: "blue", stderr: "" });
});

test("JSON carries envelope, header, strings for indexes, and the request id (the contract of put and get)", async () => {
  const put = await run("--json put json/key one");
  expect(put.code).toBe(0);
  expect(put.json).toMatchObject({
    ok: true, schema: "raftctl.put/v1", warnings: [],
    header: { node: "n1", nodeId: "1001", region: "global", term: "7", leader: "n1", clusterId: "9f31".repeat(8) },
    result: { key: "json/key", version: "1", term: "7", response: "applied" },
  });
  expect(put.json.result.index).toBe(put.json.header!["index"]);
  expect(put.json.result.requestId).toMatch(/^\d+:\d+$/);
  const get = await run("get json/key --json");
  expect(get.json).toMatchObject({ schema: "raftctl.get/v1", result: { found: true, servedBy: "n1", consistency: "linearizable", count: 1 } });
  expect(get.json.result.kvs).toEqual([
    { key: "json/key", keyEncoding: "utf8", value: "one", encoding: "utf8", version: "1", createIndex: put.json.result.index, modIndex: put.json.result.index },
  ]);
});

test("a missing key is exit 4, empty stdout in text, and found:false beside the error in JSON", async () => {
  expect(await run("get nothing")).toMatchObject({ code: 4, stdout: "" });
  const json = await run("get nothing --json");
  expect(json.code).toBe(4);
  expect(json.json).toMatchObject({ ok: false, schema: "raftctl.get/v1", result: { found: false, kvs: [] }, error: { code: "NOT_FOUND", exit: 4 } });
});

test("bytes that are no text survive stdin, file, base64 and the way back", async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 27, 128]);
  const directory = mkdtempSync(join(tmpdir(), "raftctl-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "value");
  writeFileSync(file, bytes);
  const puts = [run("put bin/stdin --stdin", { stdin: bytes }), run("put bin/dash -", { stdin: bytes }), run(`put bin/file --file ${file}`),
    run(`put bin/base64 ${bytes.toString("base64")} --encoding base64`)];
  for (const put of await Promise.all(puts)) expect(put.code).toBe(0);
  for (const name of ["stdin", "dash", "file", "base64"]) expect((await run(`get bin/${name}`)).bytes).toEqual(bytes);
  expect((await run("get bin/file --json")).json.result.kvs[0]).toMatchObject({ value: bytes.toString("base64"), encoding: "base64" });
});

test("--encoding json refuses what is not JSON, and base64 what is not base64", async () => {
  expect(await run("put j {oops --encoding json")).toMatchObject({ code: 2, stdout: "" });
  expect((await run('put j {"v":1} --encoding json')).code).toBe(0);
  expect((await run("put j ab$ --encoding base64")).code).toBe(2);
});

test("conditions: the second --if-absent is exit 6 and names the version that is there", async () => {
  expect((await run("put lock me --if-absent")).code).toBe(0);
  const second = await run("put lock you --if-absent --json");
  expect(second.code).toBe(6);
  expect(second.json.error).toMatchObject({ code: "CONFLICT", details: { version: "1" } });
  expect((await run("put lock you --if-version 1 --prev --json")).json.result).toMatchObject({ version: "2", prev: { value: "me", version: "1" } });
  expect((await run("del lock --if-value me")).code).toBe(6);
});

test("del deletes one key or a prefix; a key that is not there is exit 4", async () => {
  await Promise.all(["d/1", "d/2", "d/3"].map((key) => run(`put ${key} v`)));
  expect((await run("del d/1")).stdout).toMatch(/^OK \d+ deleted 1\n$/);
  expect((await run("del d/1 --json")).json).toMatchObject({ ok: false, schema: "raftctl.del/v1", result: { deleted: 0 }, error: { exit: 4 } });
  expect((await run("del d/ --prefix --json")).json.result).toMatchObject({ deleted: 2 });
  expect((await run("del d/ --prefix")).code).toBe(0);
});

test("a prefix, a range, a limit and a count say which keys there are", async () => {
  await Promise.all(["r/a", "r/b", "r/c"].map((key) => run(`put ${key} ${key}-v`)));
  expect((await run("get --prefix r/")).stdout).toBe("r/a\tr/a-v\nr/b\tr/b-v\nr/c\tr/c-v\n");
  expect((await run("get --range r/a..r/c --keys-only")).stdout).toBe("r/a\nr/b\n");
  expect((await run("get --prefix r/ --limit 1 --json")).json.result).toMatchObject({ more: true, count: 3, kvs: [{ key: "r/a" }] });
  expect((await run("get --prefix r/ --count")).stdout).toBe("3\n");
  expect((await run("get --prefix zzz")).code).toBe(0);
});

test("consistency, bounded staleness and the minimal index reach the daemon (U7)", async () => {
  await run("get k --consistency stale --max-lag 500ms --min-index 42");
  expect(daemon.requests.at(-1)).toMatchObject({ operation: "get", consistency: "stale", maxLagMs: 500, minIndex: 42 });
  await run("get k --consistency lease");
  expect(daemon.requests.at(-1)).toMatchObject({ operation: "get", consistency: "lease" });
});

test("keys and values cannot write control sequences into a listing (T24)", async () => {
  await raftctl(["put", "esc/\u001b]0;owned\u0007", "a\u001b[2Jb\nc"], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
  const { stdout } = await run("get --prefix esc/");
  expect(stdout).toBe("esc/\\x1b]0;owned\\x07\ta\\x1b[2Jb\\x0ac\n");
});

test("an unanswered put is exit 10 with a request id, and repeating it with that id is safe", async () => {
  daemon.faults.push({ kind: "executeSilently" });
  const before = daemon.executed;
  const put = await run("put once v --timeout 400ms --json");
  expect(put.code).toBe(10);
  expect(put.json.error).toMatchObject({ code: "UNKNOWN_OUTCOME", exit: 10, retryable: false });
  const [session, seq] = put.json.error!.requestId!.split(":");
  expect((await run(`put once v --session ${session} --seq ${seq} --json`)).json.result).toMatchObject({ version: "1" });
  expect(daemon.executed).toBe(before + 1);
});

test("outcome says what became of a request: applied with its index, not applied (4), forgotten (10), and no request id (2) (N5)", async () => {
  const { requestId, index } = (await run("put asked v --json")).json.result as { requestId: string; index: string };
  expect(await run(`outcome ${requestId}`)).toMatchObject({ code: 0, stdout: `applied@${index}\n` });
  expect((await run(`outcome ${requestId} --json`)).json).toMatchObject({ ok: true, schema: "raftctl.outcome/v1", result: { requestId, state: "applied", index, result: "ok" } });
  const late = `77:${index}`;
  expect(await run(`outcome ${late}`)).toMatchObject({ code: 4, stderr: `error[NOT_FOUND]: request ${late} was not applied, and never will be\nhint: write again as a new request\n` });
  expect(await run(`put asked late --session 77 --seq ${index}`)).toMatchObject({ code: 6 });
  daemon.forgetSessions();
  expect((await run(`outcome ${requestId} --json`)).json).toMatchObject({ ok: false, error: { code: "UNKNOWN_OUTCOME", exit: 10 }, result: { requestId, state: "session-expired" } });
  expect(await run("outcome 7")).toMatchObject({ code: 2 });
});

test("a refusal keeps the server's code, exit, details and hint", async () => {
  daemon.faults.push({ kind: "refuse", error: new RaftctlError("NO_LEADER", "need 2 of 3 votes, have n2", { details: { missing: ["n1", "n3"] }, hint: "raftctl status" }) });
  const put = await run("put k v");
  expect(put).toMatchObject({ code: 5, stdout: "" });
  expect(put.stderr).toBe("error[NO_LEADER]: need 2 of 3 votes, have n2\nhint: raftctl status\n");
});
