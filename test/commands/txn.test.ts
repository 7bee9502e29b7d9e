// `raftctl txn` as a shell runs it, on a cluster of one in this process.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

let fixture: Fixture;
let endpoint: string;
let home: string;

beforeAll(async () => {
  fixture = await startCluster(1);
  endpoint = fixture.leader().clientAddress;
  home = await mkdtemp(join(tmpdir(), "raftctl-txn-"));
}, 60_000);

afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

function run(line: string, input?: unknown): Promise<Outcome> {
  const stdin = input === undefined ? undefined : Buffer.from(typeof input === "string" ? input : JSON.stringify(input));
  return raftctl(line.split(" "), { env: { RAFTCTL_ENDPOINT: endpoint }, ...(stdin !== undefined && { stdin }) });
}

test("moves a key in one step when it is as it was, and shows what each operation came to", async () => {
  await run("put app/old blue");
  const move = { compare: [{ key: "app/old", value: "blue" }, { key: "app/new", exists: false }], then: [{ op: "get", key: "app/old" }, { op: "delete", key: "app/old", prev: true }, { op: "put", key: "app/new", value: "blue" }], else: [{ op: "get", prefix: "app/" }] };
  const moved = await run("txn --stdin", move);
  expect(moved).toMatchObject({ code: 0, stderr: "" });
  expect(moved.stdout).toMatch(/^OK \d+\napp\/old\tblue\ndeleted 1 was blue\nput version 1\n$/);
  expect((await run("get app/ --prefix app/")).code).toBe(2);
  expect([(await run("get app/old")).code, (await run("get app/new")).stdout]).toEqual([4, "blue"]);
});

test("when the comparisons do not hold the other side is done and shown, and the exit code is 6", async () => {
  await run("put app/mode green");
  const request = { compare: [{ key: "app/mode", relation: ">", version: 1 }], then: [{ op: "put", key: "app/mode", value: "red" }], else: [{ op: "put", key: "app/refused", value: "yes" }, { op: "get", key: "app/mode" }] };
  const refused = await run("txn --stdin", request);
  expect(refused.code).toBe(6);
  expect(refused.stdout).toMatch(/^ELSE \d+\nput version 1\napp\/mode\tgreen\n$/);
  expect(refused.stderr).toContain("error[CONFLICT]: the comparisons did not hold");
  expect((await run("get app/mode")).stdout).toBe("green");
  expect((await run("get app/refused")).stdout).toBe("yes");
  expect((await run("txn --stdin --json", request)).json).toMatchObject({ ok: false, schema: "raftctl.txn/v1", error: { code: "CONFLICT", exit: 6 }, result: { succeeded: false, outcomes: [{ op: "put", version: "2" }, { op: "get", more: false }] } });
});

test("JSON has strings for indexes and versions, the request id, and records with what was there before", async () => {
  const { json } = await run("txn --stdin --json", { then: [{ op: "put", key: "j", value: "1" }, { op: "delete", prefix: "none/" }, { op: "get", start: "j", end: "k" }] });
  const { index } = json.result;
  expect(json).toMatchObject({ ok: true, schema: "raftctl.txn/v1", result: { succeeded: true, response: "applied", requestId: expect.stringMatching(/^\d+:\d+$/) as string } });
  expect(json.result.outcomes).toEqual([
    { op: "put", version: "1", prev: null }, { op: "delete", deleted: 0, prev: null },
    { op: "get", kvs: [{ key: "j", keyEncoding: "utf8", value: "1", encoding: "utf8", version: "1", createIndex: index, modIndex: index }], more: false },
  ]);
  const again = await run("txn --stdin --json", { compare: [{ key: "j", modIndex: index }], then: [{ op: "put", key: "j", value: "2", prev: true }] });
  expect(again.json.result.outcomes).toEqual([{ op: "put", version: "2", prev: { value: "1", encoding: "utf8", version: "1", createIndex: index, modIndex: index } }]);
  expect((await run("txn --stdin --json --response committed", { then: [] })).json.result).toMatchObject({ succeeded: null, outcomes: null, response: "committed" });
});

test("bytes that are no text go in and out as base64", async () => {
  const name = Buffer.from([0, 255]).toString("base64");
  const { json } = await run("txn --stdin --json", { compare: [{ key: name, keyEncoding: "base64", exists: false }], then: [{ op: "put", key: name, keyEncoding: "base64", value: "/w==", encoding: "base64" }, { op: "get", key: name, keyEncoding: "base64" }] });
  expect(json.result.outcomes[1].kvs[0]).toMatchObject({ key: name, keyEncoding: "base64", value: "/w==", encoding: "base64" });
});

test("a repeated request gets the first answer and is done once (S112)", async () => {
  const file = join(home, "count.json");
  await writeFile(file, JSON.stringify({ then: [{ op: "put", key: "counted", value: "1" }] }));
  const first = await run(`txn --file ${file} --json`);
  const [session, sequence] = first.json.result.requestId.split(":") as [string, string];
  const again = await run(`txn --file ${file} --json --session ${session} --seq ${sequence}`);
  expect(again.json.result).toEqual(first.json.result);
  expect((await run("get counted --json")).json.result.kvs[0].version).toBe("1");
});

test.each<[string, unknown]>([
  ["is not JSON", "{"],
  ["compares", { compares: [] }],
  ["compare.0", { compare: [{ key: "a" }] }],
  ["compare.0", { compare: [{ key: "a", version: 1, value: "x" }] }],
  ["compare.0", { compare: [{ key: "a", version: -1 }] }],
  ["compare.0", { compare: [{ key: "a", version: "9007199254740993" }] }],
  ["compare.0", { compare: [{ key: "a", relation: "<=", version: 1 }] }],
  ["then.0", { then: [{ op: "increment", key: "a" }] }],
  ["then.0", { then: [{ op: "delete" }] }],
  ["then.0", { then: [{ op: "put", key: "a" }] }],
  ["else.0", { else: [{ op: "get", key: "a", prefix: "b" }] }],
  ["base64", { then: [{ op: "put", key: "a", value: "?", encoding: "base64" }] }],
  ["the key is empty", { then: [{ op: "put", key: "", value: "" }] }],
  ["write the same key", { then: [{ op: "put", key: "a", value: "" }, { op: "delete", prefix: "a" }] }],
])("what is no transaction is refused with one line that names the place (exit 2): %s", async (named, input) => {
  const { code, stderr, stdout } = await run("txn --stdin", input);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr.split("\n")[0]).toContain(named);
});

test("where the transaction is must be said, and a file must be there", async () => {
  expect(await run("txn")).toMatchObject({ code: 2, stderr: expect.stringContaining("--file or --stdin") as string });
  expect((await run(`txn --file ${join(home, "absent")}`)).code).toBe(4);
});

test("inspect-log shows what it compares and does, and without --values no value; history knows which keys it wrote", async () => {
  await run("put seen/other 1");
  const { json } = await run("txn --stdin --json", { compare: [{ key: "seen/a", exists: false }, { key: "seen/other", value: "1" }], then: [{ op: "put", key: "seen/a", value: "secret" }, { op: "get", prefix: "seen/" }], else: [{ op: "delete", key: "seen/a" }] });
  const { index } = json.result as { index: string };
  const line = (await run(`inspect-log ${index}`)).stdout;
  expect(line).toContain("txn  if version of seen/a = 0 and value of seen/other = 1 bytes, crc");
  expect(line).toContain("then put seen/a");
  expect(line).toContain("else delete seen/a");
  expect(line).not.toContain("secret");
  const shown = await run(`inspect-log ${index} --values --json`);
  expect(shown.json.result.entries[0].command).toMatchObject({ op: "txn", compare: [{ key: "seen/a", target: "version", relation: "equal", number: "0" }, { key: "seen/other", target: "value", value: { value: "1" } }], then: [{ op: "put", key: "seen/a", value: { value: "secret" } }, { op: "range", key: "seen/" }] });
  expect((await run("inspect-log --key seen/a")).stdout).toContain(` ${index} `);
  const history = (await run("history seen/a --json")).json.result;
  expect(history.events).toEqual([expect.objectContaining({ index, effect: "written", version: "1" })]);
  expect(JSON.stringify(history)).not.toContain("secret");
  expect((await run(`get seen/a --at ${index}`)).stdout).toBe("secret");
  const missed = (await run("txn --stdin --json", { compare: [{ key: "seen/other", value: "2" }], then: [{ op: "put", key: "seen/a", value: "2" }] })).json.result;
  expect((await run("history seen/a --json")).json.result.events.at(-1)).toMatchObject({ index: missed.index, effect: "refused", version: "1" });
});
